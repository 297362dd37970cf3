public import Findings
import Numbers
import Semantics

/// The first NaN or infinity of the run, with its cause.
public struct NonFiniteRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    guard let failure = diagnosis.failure else {
      return diagnosis.harmless.map { [overflow($0, diagnosis)] } ?? []
    }
    let pass = failure.isBackward ? "backward" : "forward"
    var because: String
    switch failure.cause {
    case .produced(let reason, let explanation):
      because = "\(failure.operatorName) produced it: \(explanation)"
      if reason.isOverflow { because += "; " + end(of: diagnosis.computing) }
    case .passedOn(let operand, let element):
      because = "\(failure.operatorName) passed on operand \(operand), element \(element)."
    }
    if !because.hasSuffix(".") { because += "." }
    if let remark = failure.remark { because += " " + remark }
    let count = failure.count
    return [
      Finding(
        .nonFinite, .error, layer: failure.layer,
        message: "\(Numerals.count(count)) \(count == 1 ? "element" : "elements") of "
          + "\(failure.value) \(count == 1 ? "is" : "are") NaN or infinite, the first in the "
          + "\(pass) pass, at element \(failure.element).",
        because: because, evidence: [Evidence("non_finite", Double(failure.count))])
    ]
  }

  /// A sum that overflows where these inputs are not harmed by it.
  private func overflow(_ failure: Failure, _ diagnosis: Diagnosis) -> Finding {
    var reason = ""
    if case .produced(_, let explanation) = failure.cause { reason = explanation }
    return Finding(
      .overflow, .warning, layer: failure.layer,
      message: "\(failure.operatorName) overflows \(diagnosis.computing.name) in "
        + "\(Numerals.count(failure.count)) \(failure.count == 1 ? "element" : "elements"), which does "
        + "no harm to results or gradients here; of a row that is infinite throughout a softmax would "
        + "make NaN.",
      because: "\(failure.operatorName) produced it: \(reason); \(end(of: diagnosis.computing)).",
      evidence: [
        Evidence("non_finite", Double(failure.count)),
        Evidence("format_greatest", diagnosis.computing.greatest),
      ])
  }

  private func end(of format: NumberFormat) -> String {
    "\(format.name) ends at \(Numerals.short(format.greatest))"
  }
}
