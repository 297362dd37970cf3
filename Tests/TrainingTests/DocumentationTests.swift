import Findings
import Foundation
import RealModule
import Testing
import Training

/// What docs/optimizers.md says.
@Suite struct DocumentationTests {
  static var lines: [Substring] {
    get throws {
      let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/optimizers.md").standardized
      return try String(contentsOf: url, encoding: .utf8)
        .split(separator: "\n", omittingEmptySubsequences: false)
    }
  }

  /// Great and small powers of two as such.
  private static func text(_ number: Double) -> String {
    guard number > 0, number.significand == 1, abs(number.exponent) >= 15 else {
      return Numerals.precise(number)
    }
    return "2^\(number.exponent)".replacing("-", with: "−")
  }

  /// Name, default and range of every option, as the page writes them.
  private static func options(
    of settings: any NamedSettings
  ) -> [(name: String, standard: String, range: String)] {
    func opened<S: NamedSettings>(_ settings: S) -> [(String, String, String)] {
      S.options.map { option in
        let (low, high) = (text(option.range.lowerBound), text(option.range.upperBound))
        let value = option.value(in: settings)
        return switch option.kind {
        case .number: (option.name, text(value), "\(low) to \(high)")
        case .below: (option.name, text(value), "\(low) to less than \(high)")
        case .flag: (option.name, "\(value == 1)", "true or false")
        case .count: (option.name, text(value), "whole, from \(low)")
        }
      }
    }
    return opened(settings)
  }

  /// The rows of options below a heading.
  private static func rows(below heading: String) throws -> [Substring] {
    let lines = try lines
    let start = try #require(lines.firstIndex { $0 == heading }, "\(heading)")
    let section = lines[(start + 1)...].prefix { !$0.hasPrefix("#") }
    return section.filter { $0.hasPrefix("| `") }
  }

  @Test func everyOptimiserHasASectionWithItsOptions() throws {
    for type in OptimizerCatalogue.all {
      let rows = try Self.rows(below: "### `\(type.name)`")
      let options = Self.options(of: type.init())
      #expect(rows.count == options.count, "\(type.name)")
      for (row, option) in zip(rows, options) {
        let start = "| `\(option.name)` | \(option.standard) | \(option.range) |"
        #expect(row.hasPrefix(start), "\(start)")
      }
    }
    let page = try Self.lines.joined(separator: "\n")
    for alias in OptimizerCatalogue.aliases { #expect(page.contains("`\(alias.name)`")) }
  }

  @Test func everyScheduleClippingAndTreatmentHasARow() throws {
    let kinds: [(heading: String, types: [any NamedSettings.Type])] = [
      ("## Schedules", ScheduleCatalogue.all), ("## Clipping", ClippingCatalogue.all),
      ("## Treatments of gradients", TreatmentCatalogue.all),
    ]
    for (heading, types) in kinds {
      let rows = try Self.rows(below: heading)
      #expect(rows.count == types.count)
      for (row, type) in zip(rows, types) {
        let options = Self.options(of: type.init()).map {
          "`\($0.name)` \($0.standard) (\($0.range))"
        }
        let end = "| \(options.isEmpty ? "none" : options.joined(separator: ", ")) |"
        #expect(row.hasPrefix("| `\(type.name)` |") && row.hasSuffix(end), "\(type.name) \(end)")
      }
    }
  }

  @Test func lossScalesHaveTheirConstants() throws {
    let rows = try Self.rows(below: "## Loss scales")
    let scales = LossScaling.known.map { name, scaling in
      let values = LossScaling.options.map { Self.text($0.value(in: scaling)) }
      return "| `\(name)` | \(values.joined(separator: " | ")) |"
    }
    let options = Self.options(of: LossScaling()).map {
      "| `\($0.name)` | \($0.standard) | \($0.range) |"
    }
    #expect(rows.map(String.init) == scales + options)
  }
}
