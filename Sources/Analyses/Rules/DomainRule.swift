public import Findings
import Semantics

/// Operators that can be asked for something that does not exist, such as log 0.
public struct DomainRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    diagnosis.hazards.filter { $0.hazard.kind == .pole || $0.hazard.kind == .undefined }
      .prefix(4).map { placed in
        Finding(
          .domain, .warning, layer: placed.layer,
          message: "\(placed.operatorName) can meet an operand outside its domain.",
          because: placed.hazard.summary, evidence: [])
      }
  }
}
