public import Findings
import Numbers
import RealModule

/// Factors that start at 0: a note, since their first update ends what they keep still.
public struct ZeroStartRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    guard let start = diagnosis.zeroStart, let first = start.factors.first else { return [] }
    let others = start.factors.count - 1
    let standing = start.standing.prefix(3).joined(separator: ", ")
    let more = start.standing.count > 3 ? " and \(start.standing.count - 3) more" : ""
    return [
      Finding(
        .zeroStart, .note, layer: start.layer,
        message: "\(first)\(others > 0 ? " and \(others) more" : "") "
          + "\(others > 0 ? "start" : "starts") at 0, so that gradients or activations are exactly 0 "
          + "at \(standing)\(more) until the first update.",
        because:
          "A factor of 0 passes nothing on to its partner, but its own gradient is not 0: the "
          + "first update makes it different from 0, and the check judges what follows then.",
        evidence: [
          Evidence("factors", Double(start.factors.count)),
          Evidence("standing", Double(start.standing.count)),
        ])
    ]
  }
}

/// One operator that changes the size of the gradient once, which is no growth: a note.
public struct GradientStepRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    // A trained model that is only run forward has no use for it.
    guard diagnosis.purpose == .training || diagnosis.isStart else { return [] }
    var told: Set<String> = []
    let atEnd = diagnosis.layers.compactMap { finding($0, $0.headGradient, diagnosis) }
    return atEnd
      + [true, false].flatMap { rises in
        diagnosis.layers.indices.compactMap { index in
          let layer = diagnosis.layers[index]
          let measures = GradientMeasures(layer, diagnosis)
          guard measures.isOfScale(rises: rises), let raw = measures.raw,
            let scaleFree = measures.scaleFree,
            let step = diagnosis.layers[index...]
              .compactMap({ rises ? $0.gradientRise : $0.gradientFall })
              .max(by: { abs(Double.log($0.factor)) < abs(Double.log($1.factor)) }),
            told.insert(step.name).inserted
          else { return nil }
          return finding(layer, step, raw, scaleFree, diagnosis)
        }
      }
  }

  /// A gradient that grows between the output and the last weights, as behind a division by what is
  /// nearly 0.
  private func finding(
    _ layer: LayerState, _ head: HeadGradient?, _ diagnosis: Diagnosis
  ) -> Finding? {
    guard let head, head.ratio > diagnosis.thresholds.healthy.upperBound else { return nil }
    let who = head.step?.name ?? "What follows the last weights"
    return Finding(
      .gradientStep, .note, layer: layer.name,
      message: "\(who) multiplies the gradient's second moment by "
        + "\(Numerals.short(head.step?.factor ?? head.ratio)) once, between the output and the last "
        + "weights: the gradient reaches \(Numerals.short(head.greatest)) there.",
      because: "A divisor is near 0 for some samples, and what is divided forward is divided "
        + "backward as well; a framework computes the same gradient. All layers below share the "
        + "factor, so that it is no growth over depth.",
      evidence: [
        Evidence("second_moment_factor", head.ratio), Evidence("greatest", head.greatest),
        Evidence("healthy_to", diagnosis.thresholds.healthy.upperBound),
      ])
  }

  private func finding(
    _ layer: LayerState, _ step: OperatorStep, _ raw: Double, _ scaleFree: Double,
    _ diagnosis: Diagnosis
  ) -> Finding {
    let range = diagnosis.thresholds.healthy
    let size = layer.activation.bestSecondMoment ?? .nan
    let pace = step.factor > 1 ? "faster" : "more slowly"
    return Finding(
      .gradientStep, .note, layer: step.layer ?? layer.name,
      message: "\(step.name) multiplies the gradient's second moment by "
        + "\(Numerals.short(step.factor)) once, to \(Numerals.short(raw)) at \(layer.name); measured "
        + "by the size of the activation it is \(Numerals.short(scaleFree)), which is healthy.",
      because: "The activation of \(layer.name) has second moment \(Numerals.short(size)), and the "
        + "network does not depend on its scale: what is divided by its size forward is divided by it "
        + "backward as well. Without an adaptive optimizer its weights change \(pace) at first, "
        + "against their size, than others.",
      evidence: [
        Evidence("factor_of_operator", step.factor), Evidence("second_moment", raw),
        Evidence("second_moment_of_activation", size), Evidence("product", scaleFree),
        Evidence("healthy_from", range.lowerBound), Evidence("healthy_to", range.upperBound),
      ])
  }
}
