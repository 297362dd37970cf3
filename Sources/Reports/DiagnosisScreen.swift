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
      return style.paint("HEALTHY", .green)
        + style.wrapped(
          "HEALTHY: \(report.subject) trains: \(steps) steps, the loss goes from "
            + "\(Numerals.short(report.firstLoss)) to \(Numerals.short(report.lastLoss)), and nothing "
            + "was found to be wrong."
        ).dropFirst(7)
    }
    let word = root.isProven ? "CAUSE" : "LIKELY CAUSE"
    let head = "\(word): \(root.cause.phrase)"
    let first = style.wrapped(
      "\(head). \(report.subject) made \(steps) of \(Numerals.count(report.plannedSteps)) steps; the "
        + "loss went from \(Numerals.short(report.firstLoss)) to \(Numerals.short(report.lastLoss))."
    )
    return style.paint(word, .red) + first.dropFirst(word.count) + "\n"
      + style.wrapped(root.because, first: "  ", indentation: "  ")
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
    guard !report.suspects.isEmpty else { return "" }
    var lines = ["What was tried, one change each:"]
    for suspect in report.suspects {
      for tried in suspect.counterfactuals {
        let mark = tried.isHealthy ? "healthy" : tried.verdict.rawValue
        let ink: Style.Ink =
          tried.isHealthy ? .green : tried.verdict == .failing ? .red : .yellow
        let from = tried.fromStep > 0 ? " from step \(tried.fromStep)" : ""
        let rules =
          tried.rules.isEmpty ? "" : " (\(tried.rules.map(\.rawValue).joined(separator: ", ")))"
        let text = style.wrapped(
          "\(suspect.cause.rawValue): \(tried.change)\(from): loss "
            + "\(Numerals.short(tried.lastLoss))\(rules)", first: "  \(mark.fitted(8)) ",
          indentation: "           ")
        lines.append(style.paint(String(text.prefix(10)), ink) + text.dropFirst(10))
      }
    }
    let untried = report.suspects.filter(\.counterfactuals.isEmpty).map(\.cause.rawValue)
    if !untried.isEmpty {
      lines.append(
        style.wrapped(
          "Not tried: \(untried.joined(separator: ", ")).", first: "  ", indentation: "  "))
    }
    return lines.joined(separator: "\n")
  }

  private var next: String {
    report.rootCause == nil || report.subject.hasSuffix(".run")
      ? "" : "To repair it: evenkeel repair \(report.subject) -o repaired.yaml"
  }
}
