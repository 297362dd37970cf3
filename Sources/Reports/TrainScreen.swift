public import Findings

/// A training as a person follows it in a terminal: what begins, what is found, what it came to.
public struct TrainScreen {
  let style: Style
  /// Tell everything, whatever the terminal has room for.
  let showsAll: Bool

  public init(style: Style, showsAll: Bool = false) {
    (self.style, self.showsAll) = (style, showsAll)
  }

  /// Lines of the terminal; nil where there is no end to them.
  private var lines: Int? { showsAll ? nil : style.lines }

  /// Lines that may be written before the summary, which wants most of a terminal.
  public var mostEvents: Int { lines.map { $0 / 3 - 1 } ?? .max }

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
      let head = "\(Self.head(it)), seen ahead of the first step"
      let cure = it.remedies.first.map { " What to do: \($0.change)." } ?? ""
      lines.append(style.paint(head, Self.ink(it.severity)))
      // A terminal has little room, and the summary has the reason.
      let because = self.lines == nil ? " \(it.because)" : ""
      lines.append(
        style.wrapped("\(it.message)\(because)\(cure)", first: "  ", indentation: "  "))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A finding at the moment when it begins, becomes worse or ends.
  public func text(of finding: WatchedFinding, atStep step: Int, ending: Bool = false) -> String {
    let it = finding.finding
    let mark = ending ? "ended" : it.severity.rawValue
    let ink: Style.Ink = ending ? .green : Self.ink(it.severity)
    let place = it.layer.map { " in \($0)" } ?? ""
    let head = "step \(Numerals.count(step)): \(mark) \(it.rule.rawValue)\(place)"
    guard !ending else { return style.paint(head, ink) + "\n" }
    let time = ", since step \(Numerals.count(finding.since))"
    // The summary says the rest; a pipe may never see one.
    guard lines == nil else { return style.paint(style.oneLine(head + time), ink) + "\n" }
    return style.paint(head, ink) + time + "\n"
      + style.wrapped(Self.message(finding), first: "  ", indentation: "  ") + "\n"
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
  ///
  /// `written` is the number of lines that stand above it already.
  public func text(of report: TrainReport, below written: Int = 0) -> String {
    let room = lines.map { max(14, $0 - 1 - written) }
    var (text, isShort) = screen(report, ending: ending(report, isShort: false)).fitting(room)
    if isShort { (text, _) = screen(report, ending: ending(report, isShort: true)).fitting(room) }
    return text + "\n"
  }

  private func screen(_ report: TrainReport, ending: String) -> Screenful {
    var screen = Screenful()
    screen.add([headline(report)])
    screen.add([losses(report)])
    screen.add(
      [.full, .medium, .brief, .shortest].map { findings(report, $0) }, giving: [1, 2, 3])
    screen.add([ending])
    return screen
  }

  private func headline(_ report: TrainReport) -> String {
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
    return style.headed(word, report.verdict.ink, String(text.dropFirst(word.count)))
  }

  private func losses(_ report: TrainReport) -> String {
    let (first, last) = (Numerals.short(report.firstLoss), Numerals.short(report.lastLoss))
    let room = style.measure - Self.labelWidth - first.count - last.count - 2
    let spark = Sparkline.text(report.losses, columns: max(8, min(40, room)))
    var lines = ["loss".fitted(Self.labelWidth) + "\(first) \(spark) \(last)"]
    func add(_ label: String, _ text: String) {
      lines.append(
        style.wrapped(
          text, first: label.fitted(Self.labelWidth),
          indentation: String(repeating: " ", count: Self.labelWidth)))
    }
    if let baseline = report.baselineLoss {
      add("baseline", "loss \(Numerals.short(baseline)) of the best constant prediction")
    }
    if let evaluation = report.evaluation {
      let accuracy = evaluation.accuracy.map { ", accuracy \(Numerals.percent($0))" } ?? ""
      add(
        report.start.validationSamples > 0 ? "validation" : "training data",
        "loss \(Numerals.short(evaluation.loss))\(accuracy)")
    }
    if let meetsTarget = report.meetsTarget { add("target", meetsTarget ? "met" : "missed") }
    return lines.joined(separator: "\n")
  }

  private static let labelWidth = 14

  /// How much is said of the findings.
  private enum Length {
    /// All of them with their causes.
    case full
    /// What is wrong in full, and what it may have brought about by name.
    case medium
    /// A line each.
    case brief
    /// The first alone.
    case shortest
  }

  private func findings(_ report: TrainReport, _ length: Length) -> String {
    guard !report.findings.isEmpty else {
      return report.verdict == .targetMissed
        ? "No number was found to be wrong." : "Nothing was found to be wrong."
    }
    let groups = FindingGroup<WatchedFinding>.groups(
      of: report.findings, finding: \.finding, since: \.since)
    let shown = groups.prefix(length == .shortest ? 1 : length == .brief ? 4 : groups.count)
    var lines = shown.map { group in
      let root = text(group.root, isFull: length == .full || length == .medium)
      return ([root] + effects(of: group, length)).joined(separator: "\n")
    }
    if groups.count > shown.count { lines.append("… and \(groups.count - shown.count) more") }
    return lines.joined(separator: "\n")
  }

  /// What may have come of a finding: in full, or by name in a line.
  private func effects(of group: FindingGroup<WatchedFinding>, _ length: Length) -> [String] {
    guard length != .full else {
      return group.effects.map { text($0, expectedWith: group.root.finding.rule, isFull: true) }
    }
    guard length != .shortest, !group.effects.isEmpty else { return [] }
    let names = group.effects.map { effect in
      effect.finding.rule.rawValue + (effect.finding.layer.map { " in \($0)" } ?? "")
    }
    return [
      style.wrapped(
        names.joined(separator: ", "), first: "  with it: ", indentation: "           ")
    ]
  }

  /// What was found, without the step that stands in the line above it.
  private static func message(_ watched: WatchedFinding) -> String {
    let message = watched.finding.message
    let opening = "Since step \(Numerals.count(watched.since)), "
    guard message.hasPrefix(opening) else { return message }
    let rest = message.dropFirst(opening.count)
    // The name of a layer stays as it is.
    let isName = rest.prefix { $0 != " " }.contains(".")
    return isName ? String(rest) : rest.prefix(1).uppercased() + rest.dropFirst()
  }

  private static func head(_ finding: Finding) -> String {
    "\(finding.severity.rawValue) \(finding.rule.rawValue)"
      + (finding.layer.map { " in \($0)" } ?? "")
  }

  private func text(
    _ watched: WatchedFinding, expectedWith root: RuleName? = nil, isFull: Bool
  ) -> String {
    let it = watched.finding
    let since = Numerals.count(watched.since)
    let time =
      watched.ended.map { "steps \(since) to \(Numerals.count($0))" } ?? "since step \(since)"
    let head = Self.head(it)
    let expected = root.map { ", expected with \($0.rawValue)" } ?? ""
    let line =
      style.headed(head, Self.ink(it.severity), ", \(time)\(expected)", indentation: "  ")
    guard isFull else {
      let line = style.oneLine("\(head): \(Self.message(watched))")
      return style.paint(String(line.prefix(head.count)), Self.ink(it.severity))
        + line.dropFirst(head.count)
    }
    let message = Self.message(watched)
    let text = it.because.isEmpty ? message : "\(message) \(it.because)"
    return line + "\n" + style.wrapped(text, first: "  ", indentation: "  ")
  }

  /// The verdict once more, since the first lines may have left the screen, and what to do next.
  private func ending(_ report: TrainReport, isShort: Bool) -> String {
    let isGood = report.verdict == .healthy || report.verdict == .notFinished
    var text = ": \(Self.counts(report.findings.map(\.finding)))."
    if isShort { text += " (All of them in full: --all)" }
    var command = ""
    if let run = report.start.run {
      text += " The run is kept in \(run)\(isGood ? "." : "; to see why:")"
      if !isGood { command = "\n  evenkeel diagnose \(run)" }
    }
    return style.headed(report.verdict.words.uppercased(), report.verdict.ink, text) + command
  }

  private static func counts(_ findings: [Finding]) -> String {
    let counts = [(Severity.error, "error"), (.warning, "warning"), (.note, "note")].compactMap {
      severity, word -> String? in
      let count = findings.count { $0.severity == severity }
      return count == 0 ? nil : "\(count) \(count == 1 ? word : word + "s")"
    }
    return counts.isEmpty ? "no findings" : counts.joined(separator: ", ")
  }

  static func ink(_ severity: Severity) -> Style.Ink {
    switch severity {
    case .error: .red
    case .warning: .yellow
    case .note: .grey
    }
  }
}

extension TrainingVerdict {
  /// The colour of the word.
  var ink: Style.Ink {
    switch self {
    case .healthy: .green
    case .warning, .notFinished: .yellow
    case .failing, .targetMissed: .red
    }
  }
}
