import Findings
import Testing
import Watching

/// Runs of PyTorch, healthy and failing, judged as they were.
@Suite struct RecordedRunTests {
  @Test(arguments: try RecordedRun.names)
  func onlyFailingRunsFail(name: String) throws {
    let (verdict, findings, _) = try RecordedRun(name).judged()
    let errors = findings.filter { $0.finding.severity == .error }
    if name.hasPrefix("healthy") {
      #expect(verdict != .failing, "\(errors.map(\.finding.message))")
      #expect(errors.isEmpty, "\(errors.map(\.finding.because))")
    } else {
      #expect(verdict == .failing)
    }
  }

  /// What must be told as an error.
  @Test(arguments: [
    ("vanishing-sigmoid", [RuleName.vanishingGradient, .lossNotDecreasing]),
    ("dead-relu", [.deadUnits, .vanishingGradient, .lossNotDecreasing]),
    ("diverging", [.learningRateTooLarge, .overflow]),
    ("too-small-rate", [.learningRateTooSmall, .lossNotDecreasing]),
    ("underflow-fp16", [.underflow, .learningRateTooSmall]),
    ("saturated-tanh", [.saturatedUnits, .learningRateTooLarge]),
  ])
  func causesAreNamed(name: String, rules: [RuleName]) throws {
    let errors = try RecordedRun(name).judged().findings.filter {
      $0.finding.severity == .error
    }.map(\.finding.rule)
    for rule in rules { #expect(errors.contains(rule), "\(name): \(errors)") }
  }

  /// Without width, baseline and plan the healthy runs stay healthy.
  @Test(arguments: try RecordedRun.names.filter { $0.hasPrefix("healthy") })
  func lessKnowledgeMakesNoErrors(name: String) throws {
    let (verdict, findings, _) = try RecordedRun(name).judged(WatchSubject())
    #expect(verdict != .failing, "\(findings.map(\.finding.message))")
  }
}
