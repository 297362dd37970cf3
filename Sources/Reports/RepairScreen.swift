public import Findings

/// A repair as a person reads it in a terminal: what to change, what proves it, what else was tried.
public struct RepairScreen {
  let report: RepairReport
  /// The file that was written; nil where none was.
  let output: String?
  let style: Style
  /// Show everything that was tried, whatever the terminal has room for.
  let showsAll: Bool

  public init(_ report: RepairReport, output: String?, style: Style, showsAll: Bool = false) {
    self.report = report
    self.output = output
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
    let tried = TriesText(tries: report.tried, style: style)
    var screen = Screenful()
    screen.add([headline])
    screen.add([weights, ""], giving: [3])
    screen.add([proof])
    screen.add([tried.text(nil), tried.text(6), tried.text(3), tried.text(0)], giving: [1, 2, 4])
    screen.add([random])
    screen.add([ending])
    return screen
  }

  private var headline: String {
    switch report.outcome {
    case .healthy:
      if let reason = report.reason {
        return painted("WARNING", .yellow, ": \(report.subject) was not changed. \(reason)")
      }
      return painted(
        "HEALTHY", .green, ": nothing is wrong with \(report.subject), and nothing was changed.")
    case .unrepaired: return unrepaired
    case .repaired, .partlyRepaired:
      var lines = [
        report.outcome == .partlyRepaired
          ? painted("REPAIRED IN PART", .yellow, ": \(report.subject) has errors left\(found)")
          : painted("REPAIRED", .green, ": \(report.subject) \(state)\(found)")
      ]
      lines += report.changes.map {
        style.wrapped($0, first: "  * ", indentation: "    ")
      }
      if !report.remaining.isEmpty {
        let rules = report.remaining.map(\.rawValue).joined(separator: ", ")
        lines.append(
          style.wrapped(
            report.outcome == .partlyRepaired
              ? "What remains was there before, and no repair is known for it: \(rules)."
              : report.format == nil
                ? "No error is left. Warnings that were there before remain: \(rules)."
                : "Warnings in \(report.format ?? "") that fp32 does not have: \(rules)."))
      }
      return lines.joined(separator: "\n")
    }
  }

  /// What a repaired subject is.
  private var state: String {
    if let format = report.format, let worst = report.outputs?.worst {
      return "computes in \(format), and its outputs differ from those in fp32 by "
        + "\(RepairReport.Outputs.share(worst.error)) of their norm"
    }
    return "is \(report.remaining.isEmpty ? "healthy" : "without error")"
  }

  private var found: String {
    let count = report.changes.count
    return " with \(count == 1 ? "one change" : "\(count) changes"), found in \(report.effort):"
  }

  private var unrepaired: String {
    let bad = "NOT REPAIRED"
    if let format = report.format, let outputs = report.outputs, let worst = outputs.worst {
      let kept = report.keptInSingle.count
      let reason =
        worst.error > outputs.limit
        ? "the output \(worst.name) is off by \(RepairReport.Outputs.share(worst.error)) of its norm, "
          + "more than \(RepairReport.Outputs.share(outputs.limit)). --max-error allows more."
        : "checks find what fp32 does not have: "
          + report.remaining.map(\.rawValue).joined(separator: ", ") + "."
      return painted(
        bad, .red,
        ": in \(format), with \(kept) \(kept == 1 ? "operator" : "operators") of \(report.subject) "
          + "kept in fp32, \(reason)")
    }
    guard !report.tried.isEmpty else {
      if let reason = report.reason {
        return painted(bad, .red, ": nothing was changed. \(reason)")
      }
      return painted(bad, .red, ": no repair is known for what is wrong with \(report.subject).")
    }
    let tried = report.tried.count
    return painted(
      bad, .red,
      ": of \(tried) \(tried == 1 ? "change" : "changes") of \(report.subject) none was healthy for "
        + "every seed, in \(report.effort)."
        + (report.unit == .steps ? " A larger --budget tries more." : ""))
  }

  private func painted(_ word: String, _ ink: Style.Ink, _ rest: String) -> String {
    style.headed(word, ink, rest)
  }

  /// What was known of a model's weights, where nothing was found or they are what was changed.
  private var weights: String {
    guard let weights = report.weights,
      report.outcome == .unrepaired || report.outputs?.promise == .changed
    else { return "" }
    return style.wrapped(weights)
  }

  private var isRepaired: Bool {
    report.outcome == .repaired || report.outcome == .partlyRepaired
  }

  private var proof: String {
    guard isRepaired else { return "" }
    if let outputs = report.outputs { return modelProof(outputs) }
    let losses = report.proof.filter { $0.lastLoss.isFinite }
    guard !losses.isEmpty else {
      return style.wrapped(
        "Proven by checking again with \(Self.seeds(report.proof)).")
    }
    let runs = losses.map { proof in
      let accuracy = proof.accuracy.map { ", accuracy \(Numerals.percent($0))" } ?? ""
      return "seed \(proof.seed): loss \(Numerals.short(proof.lastLoss))\(accuracy)"
    }
    var text =
      "Proven by training again: \(runs.joined(separator: "; ")). As it was the loss ended at "
      + "\(Numerals.short(report.brokenLoss)) with seed \(losses[0].seed)"
    let others = report.controls.dropFirst().map {
      "\(Numerals.short($0.lastLoss)) with seed \($0.seed)"
        + ($0.verdict == .failing ? "" : " (\($0.verdict.words))")
    }
    text += (others.isEmpty ? "" : ", ") + others.joined(separator: ", ") + "."
    return style.wrapped(text + (report.reason.map { " " + $0 } ?? ""))
  }

  /// `seed 0`, or `seeds 0, 1 and 2`.
  private static func seeds(_ proof: [RepairReport.Proof]) -> String {
    let names = proof.map { "\($0.seed)" }
    guard names.count > 1, let last = names.last else { return "seed \(names.first ?? "0")" }
    return "seeds \(names.dropLast().joined(separator: ", ")) and \(last)"
  }

  private func modelProof(_ outputs: RepairReport.Outputs) -> String {
    let count = "\(Numerals.count(outputs.compared)) of \(Numerals.count(outputs.count))"
    let error = RepairReport.Outputs.share(outputs.worst?.error ?? 0)
    let limit = RepairReport.Outputs.share(outputs.limit)
    var rest: String
    switch outputs.promise {
    case .equal:
      rest =
        "In fp64 the outputs are as they were: \(count) elements were finite, and differ by at most "
        + "\(Numerals.short(outputs.largestError)) of their size."
    case .near:
      rest =
        "The outputs are off by \(error) of their norm at most, the limit is \(limit): \(count) "
        + "elements were finite."
    case .changed:
      rest =
        "The outputs change: by up to \(error) of their norm, \(count) elements were finite."
    }
    if outputs.compared == 0 {
      rest = "No element of the outputs was finite before, so that there is nothing to compare."
    }
    if outputs.errors.count > 1, outputs.promise != .changed, outputs.compared > 0 {
      rest +=
        " By output: "
        + outputs.errors.prefix(Self.listed).map {
          "\($0.name) \(RepairReport.Outputs.share($0.error))"
        }.joined(separator: ", ")
        + (outputs.errors.count > Self.listed
          ? " and \(outputs.errors.count - Self.listed) others." : ".")
    }
    return style.wrapped(
      "Proven by checking what was written, read again, with \(Self.seeds(report.proof)). \(rest)")
  }

  /// Outputs that are told one by one.
  private static let listed = 8

  private var random: String {
    guard let random = report.random else { return "" }
    let steps = Numerals.count(random.steps)
    guard let found = random.stepsToRepair else {
      return style.wrapped(
        "Remedies chosen at random found no repair in as many steps (\(random.tries) tries, \(steps) "
          + "steps).")
    }
    let isSlower = found >= report.steps || report.outcome != .repaired
    return style.wrapped(
      "Remedies chosen at random found a repair in \(Numerals.count(found)) steps"
        + (report.outcome == .repaired
          ? isSlower ? ", no sooner." : ", sooner than this search."
          : ", which this search did not."))
  }

  /// What it came to once more, and what to do next.
  private func ending(isShort: Bool) -> String {
    let hint = isShort ? " (All that was tried: --all)" : ""
    switch report.outcome {
    case .repaired, .partlyRepaired:
      let isWhole = report.outcome == .repaired
      let next = output.map { "the repaired file is \($0)." } ?? "write it with -o FILE."
      return painted(
        isWhole ? "REPAIRED" : "REPAIRED IN PART", isWhole ? .green : .yellow, ": \(next)\(hint)")
    case .unrepaired where !report.tried.isEmpty:
      return painted("NOT REPAIRED", .red, ": no file was written.\(hint)")
    case .unrepaired, .healthy: return ""
    }
  }
}
