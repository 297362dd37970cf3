public import Findings
import RealModule

/// Gradients that explode or vanish on the way down, where training feels it.
public struct GradientRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    guard diagnosis.purpose == .training else { return [] }
    // The backward pass starts at the top: order and depth are counted from there.
    return SecondMomentTrend(
      quantity: "gradient", direction: "backward", unit: "layer",
      places: diagnosis.layers.map(SecondMomentTrend.Place.init).reversed(), state: \.gradient,
      scale: diagnosis.gradientScale, range: diagnosis.thresholds.healthy,
      steps: (rises: \.gradientRise, falls: \.gradientFall, isFromLower: false),
      isExcused: { place, rises in
        // What lies above the last weights is not passed on: it is where gradients begin.
        if !rises, place.state?.headGradient != nil { return true }
        return place.state.map { GradientMeasures($0, diagnosis).isExcused(rises: rises) } ?? false
      },
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
      scale: 1, range: diagnosis.activationRange,
      steps: (rises: \.activationRise, falls: \.activationFall, isFromLower: true),
      isExcused: { place, _ in
        place.state?.head.map { diagnosis.activationRange.contains($0) } ?? false
      },
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
      let states = SecondMomentTrend(
        quantity: "state", direction: "forward in time", unit: "time step", places: steps,
        state: \.activation, scale: 1, range: diagnosis.activationRange, factors: [],
        rules: (exploding: .explodingActivation, vanishing: .vanishingActivation))
      guard diagnosis.purpose == .training else { return states.findings(in: diagnosis) }
      let gradients = SecondMomentTrend(
        quantity: "gradient through time", direction: "backward in time", unit: "time step",
        places: steps.reversed(), state: \.gradient, scale: diagnosis.gradientScale,
        range: diagnosis.thresholds.healthy, factors: [],
        rules: (exploding: .explodingGradient, vanishing: .vanishingGradient))
      return [gradients, states].flatMap { $0.findings(in: diagnosis) }
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
    /// The layer, where the place is one.
    var state: LayerState?
  }

  /// Where a place keeps the operator that multiplies most between it and the next layer.
  typealias Steps = (
    rises: KeyPath<LayerState, OperatorStep?>, falls: KeyPath<LayerState, OperatorStep?>,
    isFromLower: Bool
  )

  let quantity: String
  let direction: String
  /// What lies between two places: a layer or a time step.
  let unit: String
  let places: [Place]
  let state: KeyPath<Place, TensorState>
  /// The second moment that counts as 1.
  let scale: Double
  /// Second moments that are healthy, in units of `scale`.
  let range: ClosedRange<Double>
  var steps: Steps?
  /// Whether training does not feel that a place lies outside.
  var isExcused: (Place, _ rises: Bool) -> Bool = { _, _ in false }
  let factors: [Factor]
  let rules: (exploding: RuleName, vanishing: RuleName)

  func findings(in diagnosis: Diagnosis) -> [Finding] {
    let values = places.map { $0[keyPath: state].bestSecondMoment.map { $0 / scale } }
    return [
      finding(values, diagnosis, rises: true), finding(values, diagnosis, rises: false),
    ].compactMap { $0 }
  }

  private func finding(_ values: [Double?], _ diagnosis: Diagnosis, rises: Bool) -> Finding? {
    func isOutside(_ value: Double) -> Bool {
      rises ? value > range.upperBound : value < range.lowerBound
    }
    let judged = zip(places, values).map { place, value in
      value.flatMap { isOutside($0) && isExcused(place, rises) ? nil : $0 }
    }
    let known = judged.compactMap { $0 }
    guard let worst = rises ? known.max() : known.min(),
      let first = judged.firstIndex(where: { $0.map(isOutside) ?? false })
    else { return nil }
    let (rule, verb) =
      rises ? (rules.exploding, "explodes") : (rules.vanishing, "vanishes")
    let margin = diagnosis.thresholds.margin
    let isError = worst > range.upperBound * margin || worst < range.lowerBound / margin
    let last = judged.lastIndex { $0 == worst } ?? first
    let place = places[first]
    let growth = Growth(of: values)

    var evidence = [
      Evidence("second_moment_worst", worst), Evidence("healthy_from", range.lowerBound),
      Evidence("healthy_to", range.upperBound),
      Evidence("\(unit == "layer" ? "layers" : "steps")_from_start", Double(first + 1)),
    ]
    var because: String
    let step = singleStep(values, to: last, rises: rises)
    if let step {
      evidence.append(Evidence("factor_of_operator", step.factor))
      because =
        "\(step.name)\(step.layer.map { " at \($0)" } ?? "") alone multiplies the \(quantity)'s "
        + "second moment by \(Numerals.short(step.factor)), once and not layer by layer"
    } else if let growth {
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
    if step == nil, let growth, growth.perLayer != 1 {
      because +=
        " From 1 it reaches the limit after \(Numerals.short(growth.depth(leaving: range))) \(unit)s."
    }
    return Finding(
      rule, isError ? .error : .warning, layer: place.layer,
      message: "the \(quantity) \(verb): its second moment leaves the range "
        + "\(Numerals.short(range.lowerBound)) to \(Numerals.short(range.upperBound)) at \(place.name) "
        + "and reaches \(Numerals.short(worst)) at \(places[last].name).",
      because: because, evidence: evidence)
  }
}

extension SecondMomentTrend {
  /// The operator that does at least half of the way from 1 to the worst by itself, on a scale of
  /// logarithms; nil where it is many layers that do it.
  private func singleStep(
    _ values: [Double?], to last: Int, rises: Bool
  ) -> OperatorStep? {
    guard let steps, let worst = values[last], worst > 0, last > 0 else { return nil }
    let whole = abs(Double.log(worst))
    let candidates = (1...last).compactMap { number -> OperatorStep? in
      let place = places[steps.isFromLower ? number - 1 : number]
      return place.state.flatMap { $0[keyPath: rises ? steps.rises : steps.falls] }
    }
    let strongest = candidates.max { abs(Double.log($0.factor)) < abs(Double.log($1.factor)) }
    return strongest.flatMap { abs(Double.log($0.factor)) >= whole / 2 ? $0 : nil }
  }
}

extension SecondMomentTrend.Place {
  init(_ layer: LayerState) {
    self.init(
      layer: layer.name, name: layer.name, gradient: layer.gradient, activation: layer.activation,
      state: layer)
  }
}
