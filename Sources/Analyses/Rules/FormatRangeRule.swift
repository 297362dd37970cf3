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
    let state: TensorState

    var rootMeanSquare: String {
      Numerals.short((state.bestSecondMoment ?? .nan).squareRoot())
    }

    /// How many of its elements are infinite, or how large they are where none is.
    var size: String {
      let infinite =
        state.measured.map { $0.positiveInfinities + $0.negativeInfinities } ?? 0
      guard infinite > 0, let measured = state.measured else {
        return "Its root mean square is \(rootMeanSquare)"
      }
      return "\(Numerals.count(infinite)) of its \(Numerals.count(measured.count)) elements "
        + (infinite == 1 ? "is infinite" : "are infinite")
    }
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
          layer: layer, quantity: name, share: share(state), state: state)
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
    let told = diagnosis.computing
    return Finding(
      .overflow, .error, layer: first.layer.name,
      message:
        lost.count == 1
        ? "the \(first.quantity) of \(first.layer.name) overflows \(told.name)."
        : "\(lost.count) activations or gradients of layers overflow \(told.name), the first the "
          + "\(first.quantity) of \(first.layer.name).",
      because: "\(first.size); \(told.name) ends at \(Numerals.short(told.greatest)).",
      evidence: [
        Evidence("overflow_share", first.share),
        Evidence("format_greatest", told.greatest),
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
      message: lost.count == 1
        ? "the \(first.quantity) of \(first.layer.name) loses \(Numerals.percent(first.share)) of its "
          + "elements to 0 in \(format.name)."
        : "\(lost.count) activations or gradients of layers lose more than \(Numerals.percent(limit)) "
          + "of their elements to 0 in \(format.name); the \(first.quantity) of \(first.layer.name) "
          + "loses \(Numerals.percent(first.share)).",
      because: "Its root mean square is \(first.rootMeanSquare); what is at most "
        + "\(Numerals.short(format.leastSubnormal / 2)) becomes 0 in \(format.name).",
      evidence: [
        Evidence("vanished_share", first.share), Evidence("limit", limit),
        Evidence("format_least", format.leastSubnormal),
      ])
  }
}
