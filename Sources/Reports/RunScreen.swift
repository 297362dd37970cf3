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
    let (text, isShort) = screen(hint: "").fitting(showsAll ? nil : style.lines)
    guard isShort else { return text + "\n" }
    return screen(hint: "(All of this screen: --all)").fitting(style.lines).text + "\n"
  }

  private func screen(hint: String) -> Screenful {
    var screen = Screenful()
    screen.add([head])
    let tables = [
      ("inputs", report.inputs), ("outputs", report.outputs), ("gradients", report.gradients),
    ]
    for (place, (title, entries)) in tables.enumerated() where !entries.isEmpty {
      let counts = showsAll ? [entries.count] : [12, 6, 3, 1]
      // Outputs are what was asked for, so that they give way last.
      let order = title == "outputs" ? [5, 9, 13] : [1 + place, 6 + place, 10 + place]
      screen.add(
        counts.map { table(title, entries, atMost: $0) }, giving: showsAll ? [] : order)
    }
    if let comparison = report.comparison {
      let counts = showsAll ? [comparison.errors.count] : [8, 3, 1]
      screen.add(counts.map { self.comparison(comparison, $0) }, giving: showsAll ? [] : [4, 8])
    }
    for finding in report.findings { screen.add([text(of: finding)]) }
    screen.add([hint])
    return screen
  }

  private var head: String {
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
    return lines.joined(separator: "\n")
  }

  private func text(of finding: Finding) -> String {
    let word = finding.severity.rawValue.uppercased()
    return [
      style.headed(
        word, .red, " \(finding.rule.rawValue)" + (finding.layer.map { " at \($0)" } ?? "")),
      style.wrapped(finding.message, first: "  ", indentation: "  "),
      style.wrapped(finding.because, first: "  ", indentation: "  "),
    ].joined(separator: "\n")
  }

  /// Tensors as rows: name, shape, and of reals some numbers, as many as there is room for.
  private func table(
    _ title: String, _ entries: [RunReport.Entry], atMost most: Int
  ) -> String {
    let shown = Array(entries.prefix(most))
    let isWide = style.width >= 64
    let shapes = shown.map { entry in
      entry.shape.isEmpty ? "scalar" : entry.shape.map(String.init).joined(separator: "×")
    }
    let shapeWidth = min(isWide ? 20 : 12, max(6, shapes.map(\.count).max() ?? 0))
    let numbers = isWide ? 34 : 11
    let nameWidth = min(
      max(title.count, shown.map(\.name.count).max() ?? 0), style.width - numbers - shapeWidth - 2)
    let names = shown.map(\.name).fitted(nameWidth)
    let titles =
      (isWide ? "mean".fitted(10, right: true) : "") + "E[x²]".fitted(11, right: true)
      + (isWide ? "non-finite".fitted(13, right: true) : "")
    var lines = [
      style.paint(title.fitted(nameWidth) + "  " + "shape".fitted(shapeWidth) + titles, .bold)
    ]
    for (place, entry) in shown.enumerated() {
      var line = names[place] + "  " + shapes[place].fitted(shapeWidth)
      if let statistics = entry.statistics {
        if isWide { line += Numerals.cell(statistics.mean).fitted(10, right: true) }
        line += Numerals.cell(statistics.secondMoment).fitted(11, right: true)
        if isWide { line += Numerals.count(statistics.nonFinite).fitted(13, right: true) }
      } else {
        line += "  " + entry.type
      }
      lines.append(line)
    }
    if entries.count > shown.count {
      lines.append("… and \(Numerals.count(entries.count - shown.count)) more (--all shows them)")
    }
    return lines.joined(separator: "\n")
  }

  private func comparison(_ comparison: RunReport.Comparison, _ most: Int) -> String {
    var lines = [style.paint("against the same in fp64", .bold)]
    if let first = comparison.firstGrowth {
      lines.append(
        style.wrapped(
          "The error first grows at \(first.name) (\(first.operatorName)): "
            + "\(Numerals.short(first.before)) before, \(Numerals.short(first.relativeError)) after.",
          first: "  ", indentation: "  "))
    } else {
      lines.append(
        style.wrapped(
          "Nowhere does the error grow tenfold at once.", first: "  ", indentation: "  "))
    }
    let worst = comparison.errors.sorted { $0.relativeError > $1.relativeError }
    let shown = showsAll ? comparison.errors : Array(worst.prefix(most))
    if !shown.isEmpty { lines.append("  relative error of") }
    let names = shown.map(\.name).fitted(
      min(style.width - 13, shown.map(\.name.count).max() ?? 0))
    for (place, error) in shown.enumerated() {
      lines.append(
        "  " + Numerals.cell(error.relativeError).fitted(9, right: true) + "  " + names[place])
    }
    return lines.joined(separator: "\n")
  }
}
