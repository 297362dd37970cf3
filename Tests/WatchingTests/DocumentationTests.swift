import Findings
import Foundation
import Testing
import Watching

/// What docs/watching.md says.
@Suite struct DocumentationTests {
  static var lines: [Substring] {
    get throws {
      let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/watching.md").standardized
      return try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    }
  }

  /// The table of thresholds names every one with its default and meaning.
  @Test func theTableOfThresholdsIsComplete() throws {
    let lines = try Self.lines
    for option in WatchOption.all {
      let value = Numerals.precise(option.value(in: WatchThresholds()))
      #expect(
        lines.contains { $0.hasPrefix("| `\(option.name)` | \(value) | \(option.summary)") },
        "| `\(option.name)` | \(value) | \(option.summary) |")
    }
  }

  /// Every rule that a watch tells has a row.
  @Test func theTableOfRulesIsComplete() throws {
    let lines = try Self.lines
    // Bad input and domains are told before a run, and starts are by a check.
    let others: Set = [RuleName.badInput, .domain, .gradientStep, .zeroStart, .neverTrained]
    for rule in RuleName.allCases where !others.contains(rule) {
      let isTold = lines.contains { line in
        line.hasPrefix("| `") && line.split(separator: "|")[0].contains("`\(rule.rawValue)`")
      }
      #expect(isTold, "\(rule.rawValue)")
    }
  }
}
