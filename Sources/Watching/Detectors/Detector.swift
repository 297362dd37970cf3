import Findings

/// One rule of a watch, fed with every step.
///
/// ``observe(_:in:)`` is called once per step and allocates nothing; a ``Finding`` is written only
/// when the judgement changes.
protocol Detector: Sendable {
  mutating func observe(_ record: StepRecord, in course: Course)

  /// What it has to say after the last step that it saw; nil where nothing is wrong.
  func judgement(in course: Course) -> Judgement?

  /// The judgement in words and numbers.
  func finding(_ severity: Severity, in course: Course) -> Finding
}

/// How bad something is, and since when.
struct Judgement: Hashable, Sendable {
  let severity: Severity
  let since: Int
}
