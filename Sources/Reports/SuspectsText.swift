import Findings

/// What a diagnosis tried: the training unchanged with other seeds, and with one thing changed.
struct SuspectsText {
  let report: DiagnosisReport
  let style: Style

  /// What healed, and how much else was tried.
  var brief: String { summary(named: 2) }

  /// The same in a line or two.
  var shortest: String { summary(named: 0) }

  private func summary(named: Int) -> String {
    let tried = report.suspects.flatMap(\.counterfactuals)
    guard !tried.isEmpty || !report.controls.isEmpty else { return "" }
    let healing = tried.filter {
      ($0.isHealthy || $0.isRelieved) && $0.seeds.values.allSatisfy { $0 }
    }
    var text = "Tried: \(tried.count) \(tried.count == 1 ? "change" : "changes"), "
    text += "of which \(healing.count) \(healing.count == 1 ? "heals" : "heal")"
    let seeds = report.controls.count
    if seeds > 0 {
      let failing = report.controls.count { !$0.isHealthy }
      text += "; unchanged with \(seeds) other \(seeds == 1 ? "seed" : "seeds"), "
      text += "of which \(failing) \(failing == 1 ? "fails" : "fail")"
    }
    let lines = healing.prefix(named).map { change in
      style.wrapped(
        "\(change.change): loss \(Numerals.short(change.lastLoss))", first: "  heals  ",
        indentation: "         ")
    }
    return ([style.wrapped(text + ".")] + lines).joined(separator: "\n")
  }

  /// Everything that was tried.
  var text: String {
    guard
      report.suspects.contains(where: { !$0.counterfactuals.isEmpty }) || !report.controls.isEmpty
    else { return "" }
    var lines = ["What was tried:"]
    for control in report.controls {
      let mark = control.verdict.words
      let text = style.wrapped(
        "unchanged with seed \(control.seed): loss \(Numerals.short(control.lastLoss))",
        first: "  \(mark.fitted(Self.markWidth)) ", indentation: Self.indentation)
      lines.append(painted(text, control.verdict.ink))
    }
    for suspect in report.suspects {
      for tried in suspect.counterfactuals {
        let fails = tried.seeds.filter { !$0.value }.keys.sorted().map { "\($0)" }
        let isHealed = (tried.isHealthy || tried.isRelieved) && fails.isEmpty
        let mark =
          isHealed
          ? tried.isRelieved ? "relieved" : "healthy"
          : tried.verdict == .healthy ? "no cure" : tried.verdict.words
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
          painted(text, isHealed ? .green : mark == "no cure" ? .yellow : tried.verdict.ink))
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
}
