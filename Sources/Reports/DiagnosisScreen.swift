public import Findings

/// A diagnosis as a person reads it in a terminal: the cause first, then the evidence.
public struct DiagnosisScreen {
  let report: DiagnosisReport
  let style: Style

  public init(_ report: DiagnosisReport, style: Style) {
    self.report = report
    self.style = style
  }

  public var text: String {
    [headline, nonFinite, chain, suspects, next].filter { !$0.isEmpty }.joined(separator: "\n\n")
      + "\n"
  }

  private var headline: String {
    let steps = Numerals.count(report.steps)
    guard let root = report.rootCause else {
      guard report.verdict == .healthy else { return unexplained }
      return style.paint("HEALTHY", .green)
        + style.wrapped(
          "HEALTHY: \(report.subject) trains: \(steps) steps, the loss goes from "
            + "\(Numerals.short(report.firstLoss)) to \(Numerals.short(report.lastLoss)), and nothing "
            + "was found to be wrong."
        ).dropFirst(7)
    }
    let word =
      root.cause.isNumerical ? root.isProven ? "CAUSE" : "LIKELY CAUSE" : "NO NUMERICAL CAUSE"
    let others = root.others.map { " and \($0.phrase)" }.joined()
    let head = "\(word): \(root.cause.phrase)\(others)"
    let first = style.wrapped(
      "\(head). \(report.subject) made \(steps) of \(Numerals.count(report.plannedSteps)) steps; the "
        + "loss went from \(Numerals.short(report.firstLoss)) to \(Numerals.short(report.lastLoss))."
    )
    return style.paint(word, .red) + first.dropFirst(word.count) + "\n"
      + style.wrapped(root.because, first: "  ", indentation: "  ")
  }

  /// What is said of a training that is not healthy, and of which no cause is named.
  private var unexplained: String {
    let word = report.verdict.words.uppercased()
    let text = style.wrapped(
      "\(word): \(report.subject) made \(Numerals.count(report.steps)) of "
        + "\(Numerals.count(report.plannedSteps)) steps; the loss went from "
        + "\(Numerals.short(report.firstLoss)) to \(Numerals.short(report.lastLoss)).")
    let ink: Style.Ink = report.verdict == .notFinished ? .yellow : .red
    return style.paint(word, ink) + text.dropFirst(word.count)
      + (report.note.map { "\n" + style.wrapped($0, first: "  ", indentation: "  ") } ?? "")
  }

  private var nonFinite: String {
    guard let found = report.firstNonFinite else { return "" }
    let index = found.element.map(String.init).joined(separator: ", ")
    let kind = found.found.isNaN ? "NaN" : found.found < 0 ? "-inf" : "inf"
    let count = found.nanCount + found.infinityCount
    var lines = [
      style.wrapped(
        "First number that is not finite: step \(found.step), \(found.place.rawValue) of "
          + "\(found.tensor) (\(found.value)), element [\(index)] of \(found.shape) is \(kind)"
          + (count > 1 ? ", and so are \(count - 1) others." : "."))
    ]
    let reason = found.reason.map { $0.split(separator: "_").joined(separator: " ") + ": " } ?? ""
    lines.append(style.wrapped(reason + found.explanation, first: "  ", indentation: "  "))
    for operand in found.operands.prefix(6) {
      let own = operand.value.map { ", here \(Numerals.precise($0))" } ?? ""
      lines.append(
        style.wrapped(
          "read \(operand.name) \(operand.shape): \(Numerals.short(operand.minimum)) to "
            + "\(Numerals.short(operand.maximum))\(own)", first: "  ", indentation: "    "))
    }
    if found.passedOnCount > 0 {
      lines.append(
        style.wrapped(
          "\(found.passedOnCount) later values only passed it on: "
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

  private var chain: String {
    guard !report.onset.isEmpty else { return "" }
    return
      (["What grew, the earliest first:"]
      + report.onset.prefix(5).map {
        style.wrapped(
          "\($0.sentence), ×\(Numerals.short($0.growth)) in all", first: "  ", indentation: "    ")
      }).joined(separator: "\n")
  }

  private var suspects: String {
    guard
      report.suspects.contains(where: { !$0.counterfactuals.isEmpty }) || !report.controls.isEmpty
    else { return "" }
    var lines = ["What was tried:"]
    for control in report.controls {
      let mark = control.verdict.words
      let text = style.wrapped(
        "unchanged with seed \(control.seed): loss \(Numerals.short(control.lastLoss))",
        first: "  \(mark.fitted(Self.markWidth)) ", indentation: Self.indentation)
      lines.append(painted(text, Self.ink(control.verdict)))
    }
    for suspect in report.suspects {
      for tried in suspect.counterfactuals {
        let fails = tried.seeds.filter { !$0.value }.keys.sorted().map { "\($0)" }
        let isHealed = tried.isHealthy && fails.isEmpty
        let mark =
          isHealed ? "healthy" : tried.verdict == .healthy ? "no cure" : tried.verdict.words
        let but =
          tried.objection.map { ", but \($0)" }
          ?? (fails.isEmpty ? "" : ", but it fails with seed \(fails.joined(separator: ", "))")
        let from = tried.fromStep > 0 ? " from step \(tried.fromStep)" : ""
        let rules =
          tried.rules.isEmpty ? "" : " (\(tried.rules.map(\.rawValue).joined(separator: ", ")))"
        let text = style.wrapped(
          "\(suspect.cause.rawValue): \(tried.change)\(from): loss "
            + "\(Numerals.short(tried.lastLoss))\(rules)\(but)",
          first: "  \(mark.fitted(Self.markWidth)) ", indentation: Self.indentation)
        lines.append(
          painted(text, isHealed ? .green : mark == "no cure" ? .yellow : Self.ink(tried.verdict)))
      }
    }
    let untried = report.suspects.filter { $0.counterfactuals.isEmpty && !$0.heals }
      .map(\.cause.rawValue)
    if !untried.isEmpty {
      lines.append(
        style.wrapped(
          "Not tried: \(untried.joined(separator: ", ")).", first: "  ", indentation: "  "))
    }
    return lines.joined(separator: "\n")
  }

  private static let markWidth = 13
  private static let indentation = String(repeating: " ", count: markWidth + 3)

  private func painted(_ row: String, _ ink: Style.Ink) -> String {
    let end = Self.markWidth + 2
    return style.paint(String(row.prefix(end)), ink) + row.dropFirst(end)
  }

  private static func ink(_ verdict: TrainingVerdict) -> Style.Ink {
    switch verdict {
    case .healthy: .green
    case .warning, .notFinished: .yellow
    case .failing, .targetMissed: .red
    }
  }

  private var next: String {
    guard let root = report.rootCause, root.cause.isCurable else { return "" }
    return report.subject.hasSuffix(".run")
      ? "" : "To repair it: evenkeel repair \(report.subject) -o repaired.yaml"
  }
}
