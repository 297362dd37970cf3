public import Findings

/// A check as a person reads it in a terminal: verdict, chart, table, findings, what to change.
public struct CheckScreen {
  let report: CheckReport
  let limits: ChartLimits
  let style: Style
  /// Show every layer instead of a selection that fits a screen.
  let showsAll: Bool
  /// Show work and memory.
  let isVerbose: Bool

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
    isVerbose: Bool = false
  ) {
    self.report = report
    self.limits = limits
    self.style = style
    self.showsAll = showsAll
    self.isVerbose = isVerbose
  }

  public var text: String {
    var parts = [headline, chart, table]
    if let spectrum = report.spectrum { parts.append(text(of: spectrum)) }
    if isVerbose { parts.append(resources) }
    parts += report.findings.map { text(of: $0) }
    if report.verdict == .healthy {
      parts.append(style.wrapped("Nothing to change: no rule found anything wrong."))
    }
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  private var headline: String {
    let ink: Style.Ink =
      switch report.verdict {
      case .healthy: .green
      case .warning: .yellow
      case .failing: .red
      }
    let model = report.model
    var facts = [
      "\(model.depth) \(model.depth == 1 ? "layer" : "layers")",
      "\(Numerals.count(model.parameters)) parameters", model.format,
      "batch \(model.batch)", "seed \(model.seed)",
    ]
    if let loss = model.loss { facts.append("it ends in a loss, here \(Numerals.short(loss))") }
    let verdict = report.verdict.rawValue.uppercased()
    let worst = report.findings.max { $0.severity < $1.severity }
    let told = worst.flatMap { $0.severity > .note ? $0.message : nil }
    let start = report.findings.first { $0.rule == .neverTrained }.map { " \($0.message)" } ?? ""
    let purpose = model.purpose == .inference ? " for inference" : ""
    let summary = "\(purpose): " + (told ?? healthy) + start
    let first = style.wrapped(verdict + summary)
    let coloured = style.paint(verdict, ink) + first.dropFirst(verdict.count)
    return coloured + "\n" + style.wrapped(model.path + ": " + facts.joined(separator: ", "))
  }

  /// What stands behind a verdict without findings: predictions only where there are some.
  private var healthy: String {
    let unknown = report.layers.filter {
      $0.activation.predicted == nil || $0.gradient.predicted == nil
    }
    let shown =
      report.model.purpose == .inference
      ? " Gradients are shown and not judged; --for training judges them." : ""
    guard let first = unknown.first else {
      return "predicted and measured agree with health." + shown
    }
    let count = "\(unknown.count) of \(report.layers.count)"
    let reason = (first.activation.reason ?? first.gradient.reason).map { ", since \($0)" } ?? ""
    return "what was measured is healthy; layers without a prediction: \(count)\(reason).\(shown)"
  }

  private var chart: String {
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
      ], style: style
    ).text
    guard !chart.isEmpty else { return "" }
    return "log10 second moment against depth: a activation, g gradient, · predicted\n" + chart
  }

  private var table: String {
    let all = report.layers.map(\.name)
    let nameWidth = max(16, min(all.map(\.count).max() ?? 0, style.width - 64))
    let names = all.fitted(nameWidth)
    let operatorWidth = max(12, style.width - nameWidth - 45)
    var lines = [
      "".fitted(nameWidth + operatorWidth + 1) + "     E[h²]               E[g²]",
      "layer".fitted(nameWidth) + " " + "operators".fitted(operatorWidth)
        + ["predicted", "measured ", "predicted", "measured "].map { $0.fitted(11, right: true) }
        .joined(),
    ]
    var previous = -1
    for i in shownLayers {
      if i > previous + 1 {
        let count = i - previous - 1
        lines.append("  … \(count) more \(count == 1 ? "layer" : "layers") (--all shows them)")
      }
      lines.append(row(report.layers[i], names[i], operatorWidth))
      previous = i
    }
    lines.append(
      "(! outside the 95 % band, ~ first-order approximation, ? no prediction)")
    return lines.joined(separator: "\n")
  }

  private func row(_ layer: CheckReport.Layer, _ name: String, _ operatorWidth: Int) -> String {
    func cells(_ quantity: CheckReport.Quantity) -> String {
      let measured = quantity.measured.map { Numerals.short($0.secondMoment) } ?? "-"
      guard let predicted = quantity.predicted else {
        return "?".fitted(11, right: true) + measured.fitted(10, right: true) + " "
      }
      let sign = predicted.basis == "first_order" ? "~" : ""
      // A normalised value has a band without width, which rounding and epsilon leave.
      let isOutside =
        quantity.measured.map {
          $0.secondMoment < 0.999 * predicted.low || $0.secondMoment > 1.001 * predicted.high
        }
        ?? false
      return (sign + Numerals.short(predicted.secondMoment)).fitted(11, right: true)
        + measured.fitted(10, right: true) + (isOutside ? "!" : " ")
    }
    return name + " "
      + layer.operators.joined(separator: " ").fitted(operatorWidth)
      + cells(layer.activation) + cells(layer.gradient)
  }

  /// At most 34 layers: the ends, those that findings name, and even steps between.
  private var shownLayers: [Int] {
    let count = report.layers.count
    let limit = 30
    guard !showsAll, count > limit else { return Array(0..<count) }
    var chosen = Set(0..<5).union((count - 5)..<count)
    let named = Set(report.findings.compactMap(\.layer))
    for (i, layer) in report.layers.enumerated() where named.contains(layer.name) {
      if chosen.count < 14 { chosen.insert(i) }
    }
    for k in 1..<8 { chosen.insert(k * (count - 1) / 8) }
    return chosen.sorted()
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

  private func text(of finding: Finding) -> String {
    let ink: Style.Ink =
      switch finding.severity {
      case .error: .red
      case .warning: .yellow
      case .note: .blue
      }
    let severity = finding.severity.rawValue.uppercased()
    let place = finding.layer.map { " at \($0)" } ?? ""
    var lines = [style.paint(severity, ink) + " \(finding.rule.rawValue)\(place)"]
    let indentation = "           "
    lines.append(style.wrapped(finding.message, first: "  what     ", indentation: indentation))
    lines.append(style.wrapped(finding.because, first: "  because  ", indentation: indentation))
    let numbers = finding.evidence.compactMap { evidence in
      // Words and lists say in JSON what the sentences say here.
      if case .number(let value) = evidence.content {
        "\(evidence.name) \(Numerals.short(value))"
      } else {
        nil
      }
    }
    if !numbers.isEmpty {
      lines.append(
        style.wrapped(
          numbers.joined(separator: ", "), first: "  numbers  ", indentation: indentation))
    }
    for (i, remedy) in finding.remedies.enumerated() {
      let effect = remedy.predicted.map { " Predicted: \($0)." } ?? ""
      let tried = remedy.verified.map { " Tried: \($0)." } ?? ""
      lines.append(
        style.wrapped(
          "\(remedy.remedy): \(remedy.change)\(effect)\(tried)",
          first: i == 0 ? "  change   " : indentation, indentation: indentation + "  "))
    }
    return lines.joined(separator: "\n")
  }
}
