import Foundation

/// A case carried out with the command that was built beside these tests.
struct CaseRun {
  /// What was wrong, in the order of the steps; empty where every answer was right.
  private(set) var complaints: [String] = []

  /// - Throws: an error of the file system where the case's folder cannot be made.
  init(_ row: Case, of list: String) throws {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appending(path: "evenkeel-case-\(UUID().uuidString)")
    defer { try? files.removeItem(at: folder) }
    let out = folder.appending(path: "out")
    try files.createDirectory(at: out, withIntermediateDirectories: true)
    // Commands write beside their inputs: each case works on a copy.
    try files.copyItem(
      at: Case.folder.appending(path: list), to: folder.appending(path: list))
    for step in row.steps {
      let words = step.run.split(separator: " ").map {
        String($0).replacing("{out}", with: out.path(percentEncoded: false))
      }
      let outcome = try CommandRun(words, in: folder, seconds: step.seconds ?? 120)
      let wrong = Self.complaints(of: step, outcome)
      complaints += wrong.map { "'\(step.run)': \($0)" }
      if !wrong.isEmpty { return }
    }
  }

  private static func complaints(of step: Case.Step, _ outcome: CommandRun) -> [String] {
    if outcome.wasStopped { return ["no answer after \(step.seconds ?? 120) seconds"] }
    var wrong: [String] = []
    let said = "\(outcome.output)\n\(outcome.error)"
    let text = said.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    if let status = step.status, status != outcome.status {
      wrong.append("exit status \(outcome.status), not \(status): \(text.prefix(300))")
    }
    if let limit = step.megabytes, outcome.megabytes > limit {
      wrong.append("took \(outcome.megabytes) MB, more than \(limit)")
    }
    for part in step.says ?? [] where !text.localizedCaseInsensitiveContains(part) {
      wrong.append("does not say '\(part)': \(text.prefix(1500))")
    }
    for part in step.neverSays ?? [] where text.localizedCaseInsensitiveContains(part) {
      wrong.append("says '\(part)'")
    }
    guard step.expect != nil || step.findings != nil || step.noFindings != nil else {
      return wrong
    }
    guard let document = try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) else {
      return wrong + ["no JSON document: \(text.prefix(300))"]
    }
    for (path, expectation) in (step.expect ?? [:]).sorted(by: { $0.key < $1.key }) {
      let found = value(at: path, of: document)
      if !expectation.matches(found) {
        wrong.append("\(path) is \(found.map { "\($0)" } ?? "missing"), not \(expectation)")
      }
    }
    let findings = (value(at: "findings", of: document) as? [[String: Any]]) ?? []
    let told = findings.map(summary).joined(separator: " | ")
    for pattern in step.findings ?? [] where !findings.contains(where: pattern.matches) {
      wrong.append("no finding \(pattern) among: \(told)")
    }
    for pattern in step.noFindings ?? [] where findings.contains(where: pattern.matches) {
      wrong.append("a finding \(pattern) among: \(told)")
    }
    return wrong
  }

  private static func value(at path: String, of document: Any) -> Any? {
    var value: Any? = document
    for part in path.split(separator: ".") {
      if let place = Int(part) {
        let array = value as? [Any]
        value = array.flatMap { $0.indices.contains(place) ? $0[place] : nil }
      } else {
        value = (value as? [String: Any])?[String(part)]
      }
    }
    return value is NSNull ? nil : value
  }

  private static func summary(_ finding: [String: Any]) -> String {
    ["severity", "rule", "layer", "message", "because"].compactMap { finding[$0] as? String }
      .joined(separator: " ")
  }
}

extension Case.FindingPattern {
  func matches(_ finding: [String: Any]) -> Bool {
    if let rule, finding["rule"] as? String != rule { return false }
    if let severity, finding["severity"] as? String != severity { return false }
    if let layer, finding["layer"] as? String != layer { return false }
    let remedies = (finding["remedies"] as? [[String: Any]]) ?? []
    let text =
      ["message", "because"].compactMap { finding[$0] as? String }
      + remedies.flatMap { remedy in
        ["remedy", "change"].compactMap { remedy[$0] as? String }
      }
    let all = text.joined(separator: " ")
    return (contains ?? []).allSatisfy { all.localizedCaseInsensitiveContains($0) }
  }
}

extension Case.Expectation: CustomStringConvertible {
  func matches(_ value: Any?) -> Bool {
    switch self {
    case .missing: return value == nil
    case .exactly(let text):
      switch value {
      case let found as String: return found == text
      case let found as NSNumber:
        return found.stringValue == text || Double(text) == found.doubleValue
          || (text == "true" || text == "false") && found.boolValue == (text == "true")
      default: return false
      }
    case .between(let low, let high):
      let number = (value as? NSNumber)?.doubleValue ?? (value as? String).flatMap(Double.init)
      guard let number else { return false }
      return number >= low && number <= high
    }
  }

  var description: String {
    switch self {
    case .missing: "missing"
    case .exactly(let text): text
    case .between(let low, let high): "between \(low) and \(high)"
    }
  }
}
