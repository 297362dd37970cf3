public import Findings

/// Gradients that explode or vanish on the way down.
public struct GradientRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    // The backward pass starts at the top: order and depth are counted from there.
    SecondMomentTrend(
      quantity: "gradient", direction: "backward", layers: diagnosis.layers.reversed(),
      state: \.gradient, factors: diagnosis.backwardFactors,
      rules: (exploding: .explodingGradient, vanishing: .vanishingGradient)
    ).findings(in: diagnosis)
  }
}

/// Activations that explode or vanish on the way up.
public struct ActivationRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    SecondMomentTrend(
      quantity: "activation", direction: "forward", layers: diagnosis.layers,
      state: \.activation, factors: diagnosis.forwardFactors,
      rules: (exploding: .explodingActivation, vanishing: .vanishingActivation)
    ).findings(in: diagnosis)
  }
}

/// The second moment of one quantity, followed in the order in which it propagates.
private struct SecondMomentTrend {
  let quantity: String
  let direction: String
  let layers: [LayerState]
  let state: KeyPath<LayerState, TensorState>
  let factors: [Factor]
  let rules: (exploding: RuleName, vanishing: RuleName)

  func findings(in diagnosis: Diagnosis) -> [Finding] {
    let values = layers.map { $0[keyPath: state].bestSecondMoment }
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
    let layer = layers[first]
    let growth = Growth(of: values)

    var evidence = [
      Evidence("second_moment_worst", worst), Evidence("healthy_from", range.lowerBound),
      Evidence("healthy_to", range.upperBound), Evidence("layers_\(direction)", Double(first + 1)),
    ]
    var because = ""
    if let growth {
      evidence.append(Evidence("growth_per_layer", growth.perLayer))
      evidence.append(Evidence("depth_at_limit", growth.depth(leaving: range)))
      because =
        "Going \(direction), each layer multiplies the \(quantity)'s second moment by "
        + "\(Numerals.short(growth.perLayer)) on average over \(growth.count) layers"
    } else {
      because = "The \(quantity)'s second moment is \(Numerals.short(worst)) at \(layers[last].name)"
    }
    let parts = Factor.sentence(factors)
    because += parts.isEmpty ? "." : "; single operators multiply it: \(parts)."
    if let growth, growth.perLayer != 1 {
      because +=
        " From 1 it reaches the limit after \(Numerals.short(growth.depth(leaving: range))) layers."
    }
    return Finding(
      rule, isError ? .error : .warning, layer: layer.name,
      message: "the \(quantity) \(verb): its second moment leaves "
        + "[\(Numerals.short(range.lowerBound)), \(Numerals.short(range.upperBound))] at \(layer.name) and reaches "
        + "\(Numerals.short(worst)) at \(layers[last].name).",
      because: because, evidence: evidence)
  }
}
