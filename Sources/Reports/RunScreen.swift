public import Findings

/// What a run computed, for a terminal.
public struct RunScreen {
  private let report: RunReport
  private let style: Style
  private let showsAll: Bool

  public init(_ report: RunReport, style: Style, showsAll: Bool) {
    self.report = report
    self.style = style
    self.showsAll = showsAll
  }

  public var text: String {
    var lines = [
      style.wrapped(
        "\(report.path): \(Numerals.count(report.parameters)) parameters, run in \(report.format)",
        indentation: "  ")
    ]
    if !report.drawn.isEmpty {
      lines.append(
        style.wrapped(
          "drawn from seed \(report.seed): \(report.drawn.joined(separator: ", "))",
          indentation: "  "))
    }
    for (title, entries) in [
      ("inputs", report.inputs), ("outputs", report.outputs), ("gradients", report.gradients),
    ] where !entries.isEmpty { lines += table(title, entries) }
    if let comparison = report.comparison { lines += self.comparison(comparison) }
    for finding in report.findings {
      lines.append("")
      lines.append(
        style.paint("\(finding.severity.rawValue.uppercased()) \(finding.rule.rawValue)", .red)
          + (finding.layer.map { " at \($0)" } ?? ""))
      lines.append(style.wrapped(finding.message, first: "  ", indentation: "  "))
      lines.append(style.wrapped(finding.because, first: "  ", indentation: "  "))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func table(_ title: String, _ entries: [RunReport.Entry]) -> [String] {
    let shown = showsAll ? entries[...] : entries.prefix(12)
    let width = min(max(10, shown.map(\.name.count).max() ?? 0), style.width - 50)
    var lines = [
      "",
      style.paint(pad(title, width) + "  shape               mean      E[x²]   non-finite", .bold),
    ]
    for entry in shown {
      let shape = entry.shape.map(String.init).joined(separator: "×")
      var line = pad(entry.name, width) + "  " + pad(shape.isEmpty ? "scalar" : shape, 14)
      if let statistics = entry.statistics {
        line += right(Numerals.short(statistics.mean), 10)
        line += right(Numerals.short(statistics.secondMoment), 11)
        line += right(statistics.nonFinite == 0 ? "0" : Numerals.count(statistics.nonFinite), 13)
      } else {
        line += "  " + entry.type
      }
      lines.append(line)
    }
    if entries.count > shown.count {
      lines.append("… and \(entries.count - shown.count) others (--all shows them)")
    }
    return lines
  }

  private func comparison(_ comparison: RunReport.Comparison) -> [String] {
    var lines = ["", style.paint("against the same in fp64", .bold)]
    if let first = comparison.firstGrowth {
      lines.append(
        style.wrapped(
          "The error first grows at \(first.name) (\(first.operatorName)): "
            + "\(Numerals.short(first.before)) before, \(Numerals.short(first.relativeError)) after.",
          first: "  ", indentation: "  "))
    } else {
      lines.append("  Nowhere does the error grow tenfold at once.")
    }
    let worst = comparison.errors.sorted { $0.relativeError > $1.relativeError }
    for error in showsAll ? comparison.errors[...] : worst.prefix(8) {
      lines.append("  " + right(Numerals.short(error.relativeError), 9) + "  " + error.name)
    }
    return lines
  }

  private func pad(_ text: String, _ width: Int) -> String {
    if text.count > width { return "…" + text.suffix(width - 1) }
    return text + String(repeating: " ", count: width - text.count)
  }

  private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
