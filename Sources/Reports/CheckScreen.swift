public import Findings

/// A check as a person reads it in a terminal: verdict, chart, table, findings, what to change, and the
/// verdict again.
///
/// Where the terminal has an end all of it fits, the chart, the table and the findings as short as that
/// takes.
public struct CheckScreen {
  let report: CheckReport
  let limits: ChartLimits
  let style: Style
  /// Show every layer instead of a selection that fits a screen.
  let showsAll: Bool
  /// Show work and memory.
  let isVerbose: Bool
  /// The command that tries the changes; nil where there is none that judges in the same way.
  let repair: String?

  /// Second moments that bound the chart.
  public struct ChartLimits: Hashable, Sendable {
    /// The healthy band of gradients.
    public let healthy: ClosedRange<Double>
    /// Squares of the least and greatest magnitude of the number format.
    public let format: ClosedRange<Double>

    public init(healthy: ClosedRange<Double>, format: ClosedRange<Double>) {
      self.healthy = healthy
      self.format = format
    }
  }

  public init(
    _ report: CheckReport, limits: ChartLimits, style: Style, showsAll: Bool = false,
    isVerbose: Bool = false, repair: String? = nil
  ) {
    self.report = report
    self.limits = limits
    self.style = style
    self.showsAll = showsAll
    self.isVerbose = isVerbose
    self.repair = repair
  }

  public var text: String {
    let lines = showsAll ? nil : style.lines
    var (text, isShort) = screen(ending: ending(isShort: false)).fitting(lines)
    if isShort { (text, _) = screen(ending: ending(isShort: true)).fitting(lines) }
    return text + "\n"
  }

  private func screen(ending: String) -> Screenful {
    let table = CheckTable(
      layers: report.layers, named: Set(report.findings.compactMap(\.layer)), style: style)
    let findings = FindingsText(findings: report.findings, style: style, told: told)
    var screen = Screenful()
    screen.add(
      [headline(isShort: false), headline(isShort: true)], giving: [worst == nil ? 5 : 14])
    screen.add([chart(13), chart(9), chart(7), chart(5), ""], giving: [3, 6, 8, 12])
    screen.add(
      [table.text(showsAll: showsAll)] + [8, 5, 3].map { table.text(atMost: $0) } + [""],
      giving: [1, 4, 7, 11])
    if let spectrum = report.spectrum { screen.add([text(of: spectrum)]) }
    if isVerbose { screen.add([resources]) }
    screen.add(
      [.full, .medium, .cause, .brief, .shortest].map { findings.text($0) },
      giving: [2, 5, 10, 13])
    screen.add([ending])
    return screen
  }

  private var ink: Style.Ink {
    switch report.verdict {
    case .healthy: .green
    case .warning: .yellow
    case .failing: .red
    }
  }

  private var verdict: String { report.verdict.rawValue.uppercased() }
  private var purpose: String {
    report.model.purpose == .inference ? " for inference" : ""
  }

  /// What the verdict rests on; nil where nothing is more than a note.
  private var worst: Finding? {
    let told = report.findings.filter { $0.severity > .note }
    guard let most = told.map(\.severity).max() else { return nil }
    return told.first { $0.severity == most }
  }

  /// What the head of the screen says of findings.
  private var told: Set<String> {
    Set(
      [worst?.message, report.findings.first { $0.rule == .neverTrained }?.message].compactMap(
        \.self))
  }

  private func headline(isShort: Bool) -> String {
    let start = report.findings.first { $0.rule == .neverTrained }.map { " \($0.message)" } ?? ""
    let first: String
    if let worst {
      let text = "\(purpose): \(worst.message)\(start)"
      first =
        isShort
        ? style.paint(verdict, ink) + style.oneLine(verdict + text).dropFirst(verdict.count)
        : style.headed(verdict, ink, text)
    } else {
      first = style.headed(verdict, ink, "\(purpose): \(healthy(isShort: isShort))\(start)")
    }
    return first + "\n" + style.wrapped(report.model.path + ": " + facts)
  }

  private var facts: String {
    let model = report.model
    var facts = [
      "\(Numerals.count(model.depth)) \(model.depth == 1 ? "layer" : "layers")",
      "\(Numerals.count(model.parameters)) parameters", model.format,
      "batch \(model.batch)", "seed \(model.seed)",
    ]
    if let loss = model.loss { facts.append("it ends in a loss, here \(Numerals.short(loss))") }
    return facts.joined(separator: ", ")
  }

  /// The verdict once more, since the first line may have left the screen, and what to do next.
  private func ending(isShort: Bool) -> String {
    let hint = isShort ? " (All of this screen: --all)" : ""
    var text = purpose + ": "
    let counts = [(Severity.error, "error"), (.warning, "warning"), (.note, "note")].compactMap {
      severity, word -> String? in
      let count = report.findings.count { $0.severity == severity }
      return count == 0 ? nil : "\(count) \(count == 1 ? word : word + "s")"
    }
    if worst == nil {
      text += "nothing to change"
      if !counts.isEmpty { text += ", \(counts.joined(separator: ", "))" }
      text += "."
    } else {
      text += counts.joined(separator: ", ") + "."
      let isCurable = report.findings.contains { $0.severity > .note && !$0.remedies.isEmpty }
      if !isCurable {
        text += " No change was found that mends \(report.findings.count == 1 ? "it" : "them")."
      } else if let repair {
        return style.headed(verdict, ink, "\(text)\(hint) To try the changes:") + "\n  \(repair)"
      }
    }
    return style.headed(verdict, ink, text + hint)
  }

  /// What stands behind a verdict without findings: predictions only where there are some, and only as
  /// far as they agree.
  private func healthy(isShort: Bool) -> String {
    let unknown = report.layers.filter {
      $0.activation.predicted == nil || $0.gradient.predicted == nil
    }
    let quantities = report.layers.flatMap { [$0.activation, $0.gradient] }
    let outside = quantities.count { $0.isOutside }
    var text =
      unknown.isEmpty && outside == 0
      ? "all that was predicted and measured is within limits"
      : "what was measured is within limits"
    if let first = unknown.first {
      let reason = (first.activation.reason ?? first.gradient.reason).map { ": \($0)" } ?? ""
      let who =
        report.layers.count == 1
        ? "its one layer has"
        : "\(Numerals.count(unknown.count)) of \(Numerals.count(report.layers.count)) layers "
          + (unknown.count == 1 ? "has" : "have")
      text += "; \(who) no full prediction\(isShort ? "" : reason)"
    }
    text += "."
    if outside > 0, !isShort {
      let compared = quantities.count { $0.predicted != nil && $0.measured != nil }
      text +=
        " \(Numerals.count(outside)) of \(Numerals.count(compared)) measurements "
        + "\(outside == 1 ? "lies" : "lie") outside the 95 % band of the prediction."
    }
    if report.model.purpose == .inference, !isShort {
      text += " Gradients are shown and not judged; --for training judges them."
    }
    return text
  }

  private func chart(_ height: Int) -> String {
    func points(_ quantity: KeyPath<CheckReport.Layer, CheckReport.Quantity>)
      -> [(predicted: Double?, measured: Double?)]
    {
      report.layers.map { layer in
        let it = layer[keyPath: quantity]
        return (it.predicted?.secondMoment, it.measured?.secondMoment)
      }
    }
    let chart = DepthChart(
      series: [
        .init(mark: "a", ink: .blue, points: points(\.activation)),
        .init(mark: "g", ink: .magenta, points: points(\.gradient)),
      ],
      levels: [
        .init(secondMoment: limits.healthy.lowerBound, mark: "-", label: "healthy from"),
        .init(secondMoment: limits.healthy.upperBound, mark: "-", label: "healthy to"),
        .init(secondMoment: limits.format.lowerBound, mark: "=", label: "least"),
        .init(
          secondMoment: limits.format.upperBound, mark: "=",
          label: "\(report.model.format) greatest"),
      ], style: style, height: height
    ).text
    guard !chart.isEmpty else { return "" }
    return style.wrapped(
      "log10 second moment against depth: a activation, g gradient, · predicted") + "\n" + chart
  }

  private func text(of spectrum: CheckReport.Spectrum) -> String {
    if let reason = spectrum.reason {
      return style.wrapped("Jacobian of the outputs in the inputs: not computed, \(reason).")
    }
    let values = spectrum.singularValues
    guard let largest = values.first, let smallest = values.last else { return "" }
    let meanSquare = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    let predicted =
      spectrum.predictedMeanSquare.map { ", predicted \(Numerals.short($0))" } ?? ""
    return style.wrapped(
      "Jacobian of the outputs in the inputs: \(values.count) singular values from "
        + "\(Numerals.short(smallest)) to \(Numerals.short(largest)), mean square "
        + "\(Numerals.short(meanSquare))\(predicted).")
  }

  private var resources: String {
    let r = report.resources
    return style.wrapped(
      "\(Numerals.count(r.nodes)) nodes; arena \(Numerals.bytes(r.arenaBytes)) instead of "
        + "\(Numerals.bytes(r.unsharedBytes)) without reuse; parameters "
        + "\(Numerals.bytes(r.parameterBytes)).")
  }
}
