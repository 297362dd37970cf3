public import Findings

/// A training as a person follows it in a terminal: what begins, what is found, what it came to.
public struct TrainScreen {
  let style: Style

  public init(style: Style) { self.style = style }

  /// What is trained, before the first step.
  public func text(of start: TrainReport.Start) -> String {
    var facts = [
      "\(start.layers) \(start.layers == 1 ? "layer" : "layers")",
      "\(Numerals.count(start.parameters)) parameters",
      "\(Numerals.count(start.samples)) samples"
        + (start.validationSamples > 0
          ? " and \(Numerals.count(start.validationSamples)) to validate with" : ""),
      "\(Numerals.count(start.plannedSteps)) steps of \(start.batch)", start.optimizer,
      start.format, "seed \(start.seed)",
    ]
    if start.firstStep > 0 { facts.append("going on from step \(start.firstStep)") }
    var lines = [style.wrapped("\(start.experiment): \(facts.joined(separator: ", "))")]
    if !start.dropped.isEmpty {
      let names = start.dropped.prefix(5).joined(separator: ", ")
      lines.append(
        style.wrapped(
          "left out, since a number is not finite: \(names)"
            + (start.dropped.count > 5 ? " and \(start.dropped.count - 5) more" : "")))
    }
    if let units = start.units { lines.append(style.wrapped(units)) }
    for it in start.findings.map(\.finding) {
      let place = it.layer.map { " in \($0)" } ?? ""
      let head = "\(it.severity.rawValue) \(it.rule.rawValue)\(place), seen ahead of the first step"
      let cure = it.remedies.first.map { " What to do: \($0.change)." } ?? ""
      lines.append(style.paint(head, Self.ink(it.severity)))
      lines.append(
        style.wrapped("\(it.message) \(it.because)\(cure)", first: "  ", indentation: "  "))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A finding at the moment when it begins, becomes worse or ends.
  public func text(of finding: WatchedFinding, atStep step: Int, ending: Bool = false) -> String {
    let it = finding.finding
    let mark = ending ? "ended" : it.severity.rawValue
    let ink: Style.Ink = ending ? .green : Self.ink(it.severity)
    let place = it.layer.map { " in \($0)" } ?? ""
    let head = "step \(step): \(mark) \(it.rule.rawValue)\(place)"
    guard !ending else { return style.paint(head, ink) + "\n" }
    return style.paint(head, ink) + ", since step \(finding.since)\n"
      + style.wrapped(it.message, first: "  ", indentation: "  ") + "\n"
  }

  /// An estimate of the sharpness, with the rate up to which gradient descent is stable.
  public func text(ofSharpness sharpness: Double, atStep step: Int, rate: Double) -> String {
    let limit = sharpness > 0 ? Numerals.short(2 / sharpness) : "any rate"
    return style.wrapped(
      "step \(step): the sharpness is \(Numerals.short(sharpness)); gradient descent is stable "
        + "up to "
        + "\(limit), and the learning rate is \(Numerals.short(rate))", indentation: "  ") + "\n"
  }

  /// What the training came to.
  public func text(of report: TrainReport) -> String {
    [headline(report), losses(report), findings(report), kept(report)].filter { !$0.isEmpty }
      .joined(separator: "\n\n") + "\n"
  }

  private func headline(_ report: TrainReport) -> String {
    let ink: Style.Ink =
      switch report.verdict {
      case .healthy: .green
      case .warning, .notFinished: .yellow
      case .failing, .targetMissed: .red
      }
    let word = report.verdict.words.uppercased()
    let steps = "\(Numerals.count(report.steps)) of \(Numerals.count(report.start.plannedSteps))"
    var text =
      switch report.ending {
      case .finished: "\(word): all \(Numerals.count(report.steps)) steps were made"
      case .stoppedEarly: "\(word): ended early after \(steps) steps"
      case .stopped: "\(word): stopped after \(steps) steps"
      case .refused: "\(word): ended after \(steps) steps"
      }
    if report.refusedSteps > 0 { text += ", of which \(report.refusedSteps) were refused" }
    if report.meetsTarget == false, let target = report.target { text += ", and \(target)" }
    text += report.advice.map { ". \($0.prefix(1).uppercased())\($0.dropFirst())." } ?? "."
    return style.paint(word, ink) + style.wrapped(text).dropFirst(word.count)
  }

  private func losses(_ report: TrainReport) -> String {
    var lines: [String] = []
    let spark = Sparkline.text(report.losses, columns: min(40, style.width - 40))
    lines.append(
      "loss      \(Numerals.short(report.firstLoss)) \(spark) \(Numerals.short(report.lastLoss))")
    if let baseline = report.baselineLoss {
      lines.append("          a constant prediction has \(Numerals.short(baseline))")
    }
    if let evaluation = report.evaluation {
      let name = report.start.validationSamples > 0 ? "validation" : "accuracy  "
      let accuracy = evaluation.accuracy.map { ", \(Numerals.percent($0)) of classes right" } ?? ""
      lines.append("\(name.fitted(10)) loss \(Numerals.short(evaluation.loss))\(accuracy)")
    }
    if let meetsTarget = report.meetsTarget {
      lines.append("target    \(meetsTarget ? "met" : "missed")")
    }
    return lines.joined(separator: "\n")
  }

  private func findings(_ report: TrainReport) -> String {
    guard !report.findings.isEmpty else {
      return report.verdict == .targetMissed
        ? "No number was found to be wrong." : "Nothing was found to be wrong."
    }
    return report.findings.map { watched in
      let it = watched.finding
      let place = it.layer.map { " in \($0)" } ?? ""
      let time =
        watched.ended.map { "steps \(watched.since) to \($0)" } ?? "since step \(watched.since)"
      let head =
        style.paint(
          "\(it.severity.rawValue) \(it.rule.rawValue)\(place)", Self.ink(it.severity))
        + ", \(time)"
      let text = it.because.isEmpty ? it.message : "\(it.message) \(it.because)"
      return head + "\n" + style.wrapped(text, first: "  ", indentation: "  ")
    }.joined(separator: "\n")
  }

  private func kept(_ report: TrainReport) -> String {
    guard let run = report.start.run else { return "" }
    let next =
      report.verdict == .healthy || report.verdict == .notFinished
      ? "" : "\nTo see why: evenkeel diagnose \(run)"
    return "The run is kept in \(run).\(next)"
  }

  static func ink(_ severity: Severity) -> Style.Ink {
    switch severity {
    case .error: .red
    case .warning: .yellow
    case .note: .grey
    }
  }
}
