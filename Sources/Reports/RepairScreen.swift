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
    [headline, proof, table, random, next].filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
  }

  private var headline: String {
    switch report.outcome {
    case .healthy:
      if let reason = report.reason {
        return painted("WARNING", .yellow, ": \(report.subject) was not changed. \(reason)")
      }
      return painted(
        "HEALTHY", .green, ": nothing is wrong with \(report.subject), and nothing was changed.")
    case .unrepaired:
      if report.tried.isEmpty, let reason = report.reason {
        return painted("NOT REPAIRED", .red, ": nothing was changed. \(reason)")
      }
      return painted(
        "NOT REPAIRED", .red,
        ": of \(report.tried.count) changes of \(report.subject) none was healthy for every seed, in "
          + "\(Numerals.count(report.steps)) steps. A larger --budget tries more.")
    case .repaired:
      let count = report.changes.count
      var lines = [
        painted(
          "REPAIRED", .green,
          ": \(report.subject) is \(report.remaining.isEmpty ? "healthy" : "without error") with \(count == 1 ? "one change" : "\(count) changes"), "
            + "found in \(Numerals.count(report.steps)) \(report.outputs == nil ? "steps" : "checks"):"
        )
      ]
      lines += report.changes.map { style.wrapped($0, first: "  * ", indentation: "    ") }
      if !report.remaining.isEmpty {
        let rules = report.remaining.map(\.rawValue).joined(separator: ", ")
        lines.append(
          style.wrapped("No error is left. Warnings that were there before remain: \(rules)."))
      }
      return lines.joined(separator: "\n")
    }
  }

  private func painted(_ word: String, _ ink: Style.Ink, _ rest: String) -> String {
    style.paint(word, ink) + style.wrapped(word + rest).dropFirst(word.count)
  }

  private var proof: String {
    guard report.outcome == .repaired else { return "" }
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
    let error = Numerals.short(outputs.largestError)
    let rest =
      outputs.isExact
      ? "In fp64 the outputs are as they were: \(count) elements were finite, and differ by at most "
        + "\(error) of their size."
      : "The outputs change: in fp64 \(count) elements were finite, and differ by up to \(error) of "
        + "their size."
    return style.wrapped(
      "Proven by checking what was written, read again, with the seeds \(seeds). \(rest)")
  }

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
    guard report.outcome == .repaired else { return "" }
    return output.map { "The repaired file is \($0)." }
      ?? "Write it with -o FILE."
  }
}
