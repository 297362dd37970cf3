public import Findings

/// Gradients that explode or vanish on the way down.
public struct GradientRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    // The backward pass starts at the top: order and depth are counted from there.
    SecondMomentTrend(
      quantity: "gradient", direction: "backward", unit: "layer",
      places: diagnosis.layers.map(SecondMomentTrend.Place.init).reversed(), state: \.gradient,
      factors: diagnosis.backwardFactors,
      rules: (exploding: .explodingGradient, vanishing: .vanishingGradient)
    ).findings(in: diagnosis)
  }
}

/// Activations that explode or vanish on the way up.
public struct ActivationRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    SecondMomentTrend(
      quantity: "activation", direction: "forward", unit: "layer",
      places: diagnosis.layers.map(SecondMomentTrend.Place.init), state: \.activation,
      factors: diagnosis.forwardFactors,
      rules: (exploding: .explodingActivation, vanishing: .vanishingActivation)
    ).findings(in: diagnosis)
  }
}

/// Gradients and states of a recurrent layer that explode or vanish over time.
public struct TimeRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    diagnosis.layers.filter { $0.steps.count > 1 }.flatMap { layer in
      let steps = layer.steps.enumerated().map { number, step in
        SecondMomentTrend.Place(
          layer: layer.name, name: "step \(number + 1) of \(layer.name)", gradient: step.gradient,
          activation: step.activation)
      }
      return [
        SecondMomentTrend(
          quantity: "gradient through time", direction: "backward in time", unit: "time step",
          places: steps.reversed(), state: \.gradient, factors: [],
          rules: (exploding: .explodingGradient, vanishing: .vanishingGradient)),
        SecondMomentTrend(
          quantity: "state", direction: "forward in time", unit: "time step", places: steps,
          state: \.activation, factors: [],
          rules: (exploding: .explodingActivation, vanishing: .vanishingActivation)),
      ].flatMap { $0.findings(in: diagnosis) }
    }
  }
}

/// The second moment of one quantity, followed in the order in which it propagates.
private struct SecondMomentTrend {
  /// One point of the path: a layer, or a time step of one.
  struct Place {
    let layer: String
    /// How sentences call it.
    let name: String
    let gradient: TensorState
    let activation: TensorState
  }

  let quantity: String
  let direction: String
  /// What lies between two places: a layer or a time step.
  let unit: String
  let places: [Place]
  let state: KeyPath<Place, TensorState>
  let factors: [Factor]
  let rules: (exploding: RuleName, vanishing: RuleName)

  func findings(in diagnosis: Diagnosis) -> [Finding] {
    let values = places.map { $0[keyPath: state].bestSecondMoment }
    let thresholds = diagnosis.thresholds
    let range = thresholds.healthy
    return [
      finding(values, diagnosis, rules.exploding, "explodes", worst: values.compactMap { $0 }.max())
      {
        $0 > range.upperBound
      },
      finding(values, diagnosis, rules.vanishing, "vanishes", worst: values.compactMap { $0 }.min())
      {
        $0 < range.lowerBound
      },
    ].compactMap { $0 }
  }

  private func finding(
    _ values: [Double?], _ diagnosis: Diagnosis, _ rule: RuleName, _ verb: String, worst: Double?,
    _ isOutside: (Double) -> Bool
  ) -> Finding? {
    guard let worst, let first = values.firstIndex(where: { $0.map(isOutside) ?? false }) else {
      return nil
    }
    let range = diagnosis.thresholds.healthy
    let margin = diagnosis.thresholds.margin
    let isError = worst > range.upperBound * margin || worst < range.lowerBound / margin
    let last = values.lastIndex { $0 == worst } ?? first
    let place = places[first]
    let growth = Growth(of: values)

    var evidence = [
      Evidence("second_moment_worst", worst), Evidence("healthy_from", range.lowerBound),
      Evidence("healthy_to", range.upperBound),
      Evidence("\(unit == "layer" ? "layers" : "steps")_from_start", Double(first + 1)),
    ]
    var because = ""
    if let growth {
      evidence.append(Evidence("growth_per_\(unit == "layer" ? "layer" : "step")", growth.perLayer))
      evidence.append(Evidence("depth_at_limit", growth.depth(leaving: range)))
      because =
        "Going \(direction), each \(unit) multiplies the \(quantity)'s second moment by "
        + "\(Numerals.short(growth.perLayer)) on average over \(growth.count) \(unit)s"
    } else {
      because =
        "The \(quantity)'s second moment is \(Numerals.short(worst)) at \(places[last].name)"
    }
    let parts = Factor.sentence(factors)
    because += parts.isEmpty ? "." : "; single operators multiply it: \(parts)."
    if let growth, growth.perLayer != 1 {
      because +=
        " From 1 it reaches the limit after \(Numerals.short(growth.depth(leaving: range))) \(unit)s."
    }
    return Finding(
      rule, isError ? .error : .warning, layer: place.layer,
      message: "the \(quantity) \(verb): its second moment leaves "
        + "[\(Numerals.short(range.lowerBound)), \(Numerals.short(range.upperBound))] at \(place.name) and reaches "
        + "\(Numerals.short(worst)) at \(places[last].name).",
      because: because, evidence: evidence)
  }
}

extension SecondMomentTrend.Place {
  init(_ layer: LayerState) {
    self.init(
      layer: layer.name, name: layer.name, gradient: layer.gradient, activation: layer.activation)
  }
}
