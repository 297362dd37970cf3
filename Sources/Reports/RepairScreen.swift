public import Findings

/// A repair as a person reads it in a terminal: what to change, what proves it, what else was tried.
public struct RepairScreen {
  let report: RepairReport
  /// The file that was written; nil where none was.
  let output: String?
  let style: Style

  public init(_ report: RepairReport, output: String?, style: Style) {
    self.report = report
    self.output = output
    self.style = style
  }

  public var text: String {
    [headline, weights, proof, table, random, next].filter { !$0.isEmpty }.joined(separator: "\n\n")
      + "\n"
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
      return "computes in \(format), and its outputs are within "
        + "\(RepairReport.Outputs.share(worst.error)) of fp32"
    }
    return "is \(report.remaining.isEmpty ? "healthy" : "without error")"
  }

  private var found: String {
    let count = report.changes.count
    return " with \(count == 1 ? "one change" : "\(count) changes"), found in "
      + "\(Numerals.count(report.steps)) "
      + (report.outputs == nil ? "steps:" : report.format == nil ? "checks:" : "runs:")
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
        + "every seed, in \(Numerals.count(report.steps)) "
        + (report.weights == nil ? "steps. A larger --budget tries more." : "checks."))
  }

  private func painted(_ word: String, _ ink: Style.Ink, _ rest: String) -> String {
    style.paint(word, ink) + style.wrapped(word + rest).dropFirst(word.count)
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
        "Proven with the seeds \(report.proof.map { "\($0.seed)" }.joined(separator: ", ")).")
    }
    let runs = losses.map { proof in
      let accuracy = proof.accuracy.map { ", \(Numerals.percent($0)) right" } ?? ""
      return "seed \(proof.seed): loss \(Numerals.short(proof.lastLoss))\(accuracy)"
    }
    var text =
      "Proven by training again: \(runs.joined(separator: "; ")). As it was the loss ended at "
      + "\(Numerals.short(report.brokenLoss))"
    let others = report.controls.dropFirst().map {
      "\(Numerals.short($0.lastLoss)) with seed \($0.seed) (\($0.verdict.words))"
    }
    text += (others.isEmpty ? "" : ", ") + others.joined(separator: ", ") + "."
    return style.wrapped(text + (report.reason.map { " " + $0 } ?? ""))
  }

  private func modelProof(_ outputs: RepairReport.Outputs) -> String {
    let seeds = report.proof.map { "\($0.seed)" }.joined(separator: ", ")
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
      "Proven by checking what was written, read again, with the seeds \(seeds). \(rest)")
  }

  /// Outputs that are told one by one.
  private static let listed = 8

  private var table: String {
    guard !report.tried.isEmpty else { return "" }
    var lines = ["What was tried:"]
    for tried in report.tried {
      let isProven = tried.isHealthy && tried.healthySeeds == tried.seeds
      let mark =
        isProven
        ? "healthy"
        : tried.isHealthy
          ? "\(tried.healthySeeds) of \(tried.seeds)"
          : tried.verdict == .healthy ? "no cure" : tried.verdict.words
      let ink: Style.Ink = isProven ? .green : tried.verdict == .failing ? .red : .yellow
      let loss =
        tried.lastLoss.isNaN && tried.steps <= 1 ? "" : ": loss \(Numerals.short(tried.lastLoss))"
      let rules =
        tried.rules.isEmpty ? "" : " (\(tried.rules.map(\.rawValue).joined(separator: ", ")))"
      let text = style.wrapped(
        tried.changes.joined(separator: "; ") + loss + rules
          + (tried.objection.map { ", but \($0)" } ?? ""), first: "  \(mark.fitted(13)) ",
        indentation: String(repeating: " ", count: 16))
      lines.append(style.paint(String(text.prefix(15)), ink) + text.dropFirst(15))
    }
    return lines.joined(separator: "\n")
  }

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

  private var next: String {
    guard isRepaired else { return "" }
    return output.map { "The repaired file is \($0)." }
      ?? "Write it with -o FILE."
  }
}
