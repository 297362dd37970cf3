import Findings

/// Findings of a check as text, at any length; what was said of a remedy is not said twice.
struct FindingsText {
  let findings: [Finding]
  let style: Style
  /// What the head of the screen says already.
  let told: Set<String>

  private static let indentation = "           "

  /// How much is said of a finding.
  enum Length {
    /// Everything, with the numbers that it rests on and all remedies.
    case full
    /// The cause and the first remedy.
    case medium
    /// The cause and the first remedy of the first, and a line for each of the others.
    case cause
    /// A line each, and the first remedy of the first.
    case brief
    /// The first alone.
    case shortest
  }

  func text(_ length: Length) -> String {
    var said: Set<String> = []
    let groups = FindingGroup<Finding>.groups(of: findings, finding: \.self)
    let ordered = groups.flatMap { group in
      [(group.root, nil as Finding?)] + group.effects.map { ($0, group.root) }
    }
    guard length == .full || length == .medium else { return brief(ordered, length) }
    return ordered.map { finding, root in
      text(finding, below: root, isFull: length == .full, &said)
    }.joined(separator: "\n\n")
  }

  private func brief(_ ordered: [(Finding, Finding?)], _ length: Length) -> String {
    let shown = ordered.prefix(length == .shortest ? 1 : 5)
    var lines: [String] = []
    for (number, (finding, root)) in shown.enumerated() {
      let rest = told.contains(finding.message) ? "" : ": \(finding.message)"
      lines.append(
        painted(finding, style.oneLine(head(finding, below: root) + rest)))
      if number == 0, length == .cause { lines.append(part("because", finding.because)) }
      if number == 0, let remedy = finding.remedies.first {
        let more = finding.remedies.count - 1
        let others = more > 0 ? " (\(more) more: --all)" : ""
        lines.append(change(remedy.change + others, isFirst: true))
      }
    }
    if ordered.count > shown.count {
      lines.append("… and \(ordered.count - shown.count) more")
    }
    return lines.joined(separator: "\n")
  }

  private func head(_ finding: Finding, below root: Finding?) -> String {
    let place = finding.layer.map { " at \($0)" } ?? ""
    let expected = root.map { ", expected with \($0.rule.rawValue)" } ?? ""
    return "\(finding.severity.rawValue.uppercased()) \(finding.rule.rawValue)\(place)\(expected)"
  }

  private func painted(_ finding: Finding, _ line: String) -> String {
    let word = finding.severity.rawValue.count
    let ink: Style.Ink =
      switch finding.severity {
      case .error: .red
      case .warning: .yellow
      case .note: .blue
      }
    return style.paint(String(line.prefix(word)), ink) + line.dropFirst(word)
  }

  private func text(
    _ finding: Finding, below root: Finding?, isFull: Bool, _ said: inout Set<String>
  ) -> String {
    var lines = [painted(finding, style.wrapped(head(finding, below: root), indentation: "  "))]
    if isFull || !told.contains(finding.message) { lines.append(part("what", finding.message)) }
    lines.append(part("because", finding.because))
    if isFull, let numbers = numbers(of: finding) { lines.append(part("numbers", numbers)) }
    var isFirst = true
    var repeated: [String] = []
    for remedy in finding.remedies.prefix(isFull ? finding.remedies.count : 1) {
      guard said.insert("\(remedy.remedy): \(remedy.change)").inserted else {
        repeated.append(remedy.remedy)
        continue
      }
      let effect = isFull ? remedy.predicted.map { " Predicted: \($0)." } ?? "" : ""
      let tried = remedy.verified.map { " Tried: \($0)." } ?? ""
      lines.append(change("\(remedy.remedy): \(remedy.change)\(effect)\(tried)", isFirst: isFirst))
      isFirst = false
    }
    if !repeated.isEmpty {
      lines.append(change("as above: \(repeated.joined(separator: ", "))", isFirst: isFirst))
    } else if finding.remedies.isEmpty, finding.severity > .note {
      lines.append(change("none was found that mends it", isFirst: true))
    }
    return lines.joined(separator: "\n")
  }

  private func part(_ title: String, _ text: String) -> String {
    style.wrapped(
      text, first: "  " + title.fitted(9), indentation: Self.indentation)
  }

  private func change(_ text: String, isFirst: Bool) -> String {
    style.wrapped(
      text, first: isFirst ? "  change   " : Self.indentation,
      indentation: Self.indentation + "  ")
  }

  /// Words and lists say in JSON what the sentences say here.
  private func numbers(of finding: Finding) -> String? {
    let numbers = finding.evidence.compactMap { evidence in
      if case .number(let value) = evidence.content {
        "\(evidence.name) \(Numerals.short(value))"
      } else {
        nil
      }
    }
    return numbers.isEmpty ? nil : numbers.joined(separator: ", ")
  }
}
