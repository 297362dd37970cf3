public import Findings

/// A diagnosis as a person reads it in a terminal: the cause first, then the evidence.
public struct DiagnosisScreen {
  let report: DiagnosisReport
  let style: Style
  /// Show everything, whatever the terminal has room for.
  let showsAll: Bool

  public init(_ report: DiagnosisReport, style: Style, showsAll: Bool = false) {
    self.report = report
    self.style = style
    self.showsAll = showsAll
  }

  public var text: String {
    let lines = showsAll ? nil : style.lines
    var (text, isShort) = screen(ending: ending(isShort: false)).fitting(lines)
    if isShort { (text, _) = screen(ending: ending(isShort: true)).fitting(lines) }
    return text + "\n"
  }

  private func screen(ending: String) -> Screenful {
    let suspects = SuspectsText(report: report, style: style)
    var screen = Screenful()
    screen.add([headline(isShort: false), headline(isShort: true)], giving: [6])
    let found = nonFinite(isShort: true)
    // What it is, without what it was made of.
    let first = found.split(separator: "\n").prefix { !$0.hasPrefix("  ") }.joined(separator: "\n")
    screen.add([nonFinite(isShort: false), found, first], giving: [2, 7])
    screen.add([chain(5), chain(2), ""], giving: [3, 5])
    screen.add([suspects.text, suspects.brief, suspects.shortest], giving: [1, 4])
    screen.add([ending])
    return screen
  }

  private func headline(isShort: Bool) -> String {
    guard let root = report.rootCause else {
      guard report.verdict == .healthy else { return unexplained }
      return style.headed(
        "HEALTHY", .green,
        ": \(report.subject) trains: \(Numerals.count(report.steps)) steps, the loss goes from "
          + "\(Numerals.short(report.firstLoss)) to \(Numerals.short(report.lastLoss)), and nothing "
          + "was found to be wrong.")
    }
    let head = style.headed(word, .red, ": \(causes). \(report.subject) made \(course).")
    let because = style.wrapped(root.because, first: "  ", indentation: "  ")
    let lines = because.split(separator: "\n")
    guard isShort, lines.count > 3 else { return head + "\n" + because }
    return ([head] + lines.prefix(2).map(String.init) + ["  …"]).joined(separator: "\n")
  }

  /// What the cause is called at the head and at the end.
  private var word: String {
    guard let root = report.rootCause else { return report.verdict.words.uppercased() }
    return root.cause.isNumerical
      ? root.isProven ? "CAUSE" : "LIKELY CAUSE" : "NO NUMERICAL CAUSE"
  }

  private var causes: String {
    guard let root = report.rootCause else { return "" }
    return root.cause.phrase + root.others.map { " and \($0.phrase)" }.joined()
  }

  private var course: String {
    "\(Numerals.count(report.steps)) of \(Numerals.count(report.plannedSteps)) steps; the loss went "
      + "from \(Numerals.short(report.firstLoss)) to \(Numerals.short(report.lastLoss))"
  }

  /// What is said of a training that is not healthy, and of which no cause is named.
  private var unexplained: String {
    style.headed(word, report.verdict.ink, ": \(report.subject) made \(course).")
      + (report.note.map { "\n" + style.wrapped($0, first: "  ", indentation: "  ") } ?? "")
  }

  private func nonFinite(isShort: Bool) -> String {
    guard let found = report.firstNonFinite else { return "" }
    let index = found.element.map(String.init).joined(separator: ", ")
    let kind = found.found.isNaN ? "NaN" : found.found < 0 ? "-inf" : "inf"
    let count = found.nanCount + found.infinityCount
    let place =
      found.place.rawValue == found.tensor
      ? "the \(found.tensor)" : "\(found.place.rawValue) of \(found.tensor)"
    var lines = [
      style.wrapped(
        "First number that is not finite: step \(Numerals.count(found.step)), \(place) "
          + "(\(found.value)), element [\(index)] of \(found.shape) is \(kind)"
          + (count < 2
            ? "."
            : count == 2
              ? ", and so is one other." : ", and so are \(Numerals.count(count - 1)) others."))
    ]
    let reason = found.reason.map { $0.split(separator: "_").joined(separator: " ") + ": " } ?? ""
    lines.append(style.wrapped(reason + found.explanation, first: "  ", indentation: "  "))
    for operand in found.operands.prefix(isShort ? 2 : 6) {
      let own = operand.value.map { ", here \(Numerals.precise($0))" } ?? ""
      lines.append(
        style.wrapped(
          "read \(operand.name) \(operand.shape): \(Numerals.short(operand.minimum)) to "
            + "\(Numerals.short(operand.maximum))\(own)", first: "  ", indentation: "    "))
    }
    if isShort { return lines.joined(separator: "\n") }
    if found.passedOnCount > 0 {
      lines.append(
        style.wrapped(
          "\(Numerals.count(found.passedOnCount)) later "
            + "\(found.passedOnCount == 1 ? "value" : "values") only passed it on: "
            + found.passedOn.joined(separator: ", ")
            + (found.passedOnCount > found.passedOn.count ? ", …" : ""), first: "  ",
          indentation: "  "))
    }
    if let replay = report.replay {
      lines.append(
        style.wrapped(
          "Steps \(replay.from) to \(replay.to) were made again from the last healthy snapshot, "
            + (replay.isIdentical
              ? "bit for bit the same." : "with other losses: this machine computes other bits."),
          first: "  ", indentation: "  "))
    }
    return lines.joined(separator: "\n")
  }

  private func chain(_ most: Int) -> String {
    guard !report.onset.isEmpty else { return "" }
    return
      (["What grew, the earliest first:"]
      + report.onset.prefix(most).map {
        style.wrapped(
          "\($0.sentence), ×\(Numerals.short($0.growth)) in all", first: "  ", indentation: "    ")
      }).joined(separator: "\n")
  }

  /// The cause once more, what to change, and the command that does.
  private func ending(isShort: Bool) -> String {
    guard let root = report.rootCause else {
      let hint = isShort ? " (All of this screen: --all)" : ""
      return report.verdict == .healthy
        ? "" : style.headed(word, report.verdict.ink, ": no cause was named.\(hint)")
    }
    var text = ": \(causes)."
    if root.cause.isCurable, let change = root.change { text += " What heals it: \(change)." }
    if isShort { text += " (All of this screen: --all)" }
    guard root.cause.isCurable, !report.subject.hasSuffix(".run") else {
      return style.headed(word, .red, text)
    }
    return style.headed(word, .red, text + " To repair it:")
      + "\n  evenkeel repair \(report.subject) -o repaired.yaml"
  }
}
