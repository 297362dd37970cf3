public import Findings
import Numbers
import Semantics
import Tensors

/// Overflow and underflow in the number format of the run.
public struct FormatRangeRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    [overflow(in: diagnosis), underflow(in: diagnosis)].compactMap { $0 }
  }

  private struct Loss {
    let layer: LayerState
    let quantity: String
    let share: Double
    let rootMeanSquare: Double
  }

  private func losses(
    in diagnosis: Diagnosis, _ share: (TensorState) -> Double
  ) -> [Loss] {
    diagnosis.layers.flatMap { layer in
      let activation = ("activation", layer.activation)
      let states =
        diagnosis.purpose == .training ? [activation, ("gradient", layer.gradient)] : [activation]
      return states.map { name, state in
        Loss(
          layer: layer, quantity: name, share: share(state),
          rootMeanSquare: (state.bestSecondMoment ?? .nan).squareRoot())
      }
    }
  }

  private func overflow(in diagnosis: Diagnosis) -> Finding? {
    let format = diagnosis.format
    let lost = losses(in: diagnosis) { state in
      if let measured = state.measured {
        if measured.positiveInfinities + measured.negativeInfinities > 0 { return 1 }
        return measured.shares(in: format).overflow
      }
      return 0
    }.filter { $0.share > 0 }
    guard let first = lost.first else { return nil }
    return Finding(
      .overflow, .error, layer: first.layer.name,
      message:
        "\(lost.count) activations or gradients of layers overflow \(format.name), the first "
        + "the \(first.quantity) of \(first.layer.name).",
      because:
        "Its root mean square is \(Numerals.short(first.rootMeanSquare)); \(format.name) ends at "
        + "\(Numerals.short(format.greatest)).",
      evidence: [
        Evidence("overflow_share", first.share),
        Evidence("format_greatest", format.greatest),
      ])
  }

  private func underflow(in diagnosis: Diagnosis) -> Finding? {
    let format = diagnosis.format
    let limit = diagnosis.thresholds.underflowShare
    let lost = losses(in: diagnosis) { state in
      guard let measured = state.measured, measured.count > 0 else { return 0 }
      // What is already 0 although the prediction says that it is not has vanished before.
      if measured.secondMoment == 0, state.predicted.secondMoment > 0 { return 1 }
      // What is exactly 0 was not lost: a relu, or a factor that starts at 0.
      return measured.shares(in: format).zero
    }.filter { $0.share > limit }
    guard let first = lost.max(by: { $0.share < $1.share }) else { return nil }
    return Finding(
      .underflow, first.share > 0.5 ? .error : .warning, layer: first.layer.name,
      message: "\(lost.count) activations or gradients of layers lose more than "
        + "\(Numerals.short(100 * limit)) % of their elements to 0 in \(format.name); the "
        + "\(first.quantity) of \(first.layer.name) loses \(Numerals.short(100 * first.share)) %.",
      because: "Its root mean square is \(Numerals.short(first.rootMeanSquare)); what is at most "
        + "\(Numerals.short(format.leastSubnormal / 2)) becomes 0 in \(format.name).",
      evidence: [
        Evidence("vanished_share", first.share), Evidence("limit", limit),
        Evidence("format_least", format.leastSubnormal),
      ])
  }
}
