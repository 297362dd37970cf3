import Findings
import Foundation
import Testing
import Workflows

/// What `check` says of the bundled networks.
@Suite struct ExampleVerdictTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Examples").standardizedFileURL

  struct Expected: CustomTestStringConvertible, Sendable {
    let name: String
    let verdict: Verdict
    /// Rules that must have a finding; a healthy network has none at all.
    let rules: Set<RuleName>

    init(_ name: String, _ verdict: Verdict, _ rules: Set<RuleName> = []) {
      self.name = name
      self.verdict = verdict
      self.rules = rules
    }

    var testDescription: String { name }
  }

  static let all = [
    Expected("sigmoid-50", .failing, [.vanishingGradient]),
    Expected("tanh-50-small", .failing, [.vanishingGradient, .vanishingActivation]),
    Expected("tanh-50-large", .failing, [.explodingGradient, .saturatedUnits]),
    Expected("tanh-50-xavier", .healthy),
    Expected("relu-30-xavier", .failing, [.vanishingGradient, .vanishingActivation]),
    Expected("relu-30-he", .healthy),
    Expected("scaled-sigmoid-100", .healthy),
    Expected("residual-100", .failing, [.explodingGradient, .explodingActivation]),
    Expected("residual-100-scaled", .healthy),
    Expected("lstm-200-forget-0", .failing, [.vanishingGradient]),
    Expected("lstm-200-forget-3", .healthy),
    Expected("rnn-radius-0.5", .failing, [.vanishingGradient]),
    Expected("rnn-radius-1", .failing, [.vanishingGradient]),
    Expected("rnn-radius-1.5", .healthy),
    Expected("conv-20", .failing, [.vanishingGradient]),
    Expected("conv-20-batch-norm", .healthy),
    Expected("transformer-24-pre-norm", .healthy),
    Expected("transformer-24-post-norm", .healthy),
    Expected("log-of-softmax", .failing, [.domain, .nonFinite]),
  ]

  static func check(_ name: String) throws -> CheckReport {
    try CheckWorkflow(CheckRequest(path: folder.appending(path: "\(name).yaml").path())).run()
      .report
  }

  @Test(arguments: all) func theVerdictIsAsExpected(_ expected: Expected) throws {
    let report = try Self.check(expected.name)
    let found = Set(report.findings.map(\.rule))
    #expect(report.verdict == expected.verdict, "\(report.findings.map(\.message))")
    #expect(expected.rules.isSubset(of: found))
    if expected.verdict == .healthy { #expect(found.isEmpty) }
  }

  @Test func everyExampleHasAnExpectedVerdict() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path())
      .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
    #expect(Set(files) == Set(Self.all.map(\.name)))
  }
}
