import Findings

/// What a search for a repair tried, a row each.
struct TriesText {
  let tries: [RepairReport.Try]
  let style: Style

  /// The first tries, those that healed before others; nil for all of them.
  func text(_ most: Int?) -> String {
    guard !tries.isEmpty else { return "" }
    let ordered = tries.filter(\.isHealthy) + tries.filter { !$0.isHealthy }
    let shown = most.map { Array(ordered.prefix($0)) } ?? tries
    guard !shown.isEmpty else {
      return "Tried: \(tries.count) \(tries.count == 1 ? "change" : "changes")."
    }
    var lines = ["What was tried:"]
    for tried in shown {
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
    if shown.count < tries.count {
      lines.append("  … and \(tries.count - shown.count) more")
    }
    return lines.joined(separator: "\n")
  }
}
