/// What a training came to, in one word that every verb uses.
public enum TrainingVerdict: String, Hashable, Sendable, CaseIterable {
  /// All steps were made, nothing is wrong, and the target is met where there is one.
  case healthy
  /// All steps were made, and a warning holds.
  case warning
  /// All steps were made without an error, and the target is not met.
  case targetMissed = "target_missed"
  /// An error holds.
  case failing
  /// Not all steps were made, and nothing is wrong so far.
  case notFinished = "not_finished"

  /// The verdict of a check, which has neither a target nor an end.
  public init(_ verdict: Verdict) {
    switch verdict {
    case .healthy: self = .healthy
    case .warning: self = .warning
    case .failing: self = .failing
    }
  }

  /// As it stands at the head of a screen or a row.
  public var words: String {
    switch self {
    case .healthy: "healthy"
    case .warning: "warning"
    case .targetMissed: "target missed"
    case .failing: "failing"
    case .notFinished: "not finished"
    }
  }
}
