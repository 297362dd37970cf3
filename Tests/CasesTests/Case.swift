import Foundation
import Yams

/// One row of a list of cases: commands to run in order, and what each has to say.
struct Case: Decodable, Sendable {
  let name: String
  /// Why the answer is not right yet; such a case is run too, and must still be wrong.
  let open: String?
  let steps: [Step]

  /// One call of the command.
  struct Step: Decodable, Sendable {
    /// The arguments, in the folder of the lists; `{out}` is a folder that is empty at first.
    let run: String
    let status: Int32?
    /// Values of the JSON document by their path, such as `findings.0.rule`.
    let expect: [String: Expectation]?
    /// What findings of the JSON document there are, and which there are not.
    let findings: [FindingPattern]?
    let noFindings: [FindingPattern]?
    /// Texts in what is printed, and such as are not; spaces and line ends count as one space.
    let says: [String]?
    let neverSays: [String]?
    /// Limits far above what is needed: they tell a hang and an allocation without bound.
    let seconds: Double?
    let megabytes: Int?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case run, status, expect, findings, says, seconds, megabytes
      case noFindings = "no_findings"
      case neverSays = "never_says"
    }
  }

  /// A finding with all of this.
  struct FindingPattern: Decodable, Sendable, CustomStringConvertible {
    let rule: String?
    let severity: String?
    let layer: String?
    /// Texts in its message, its reason or its remedies.
    let contains: [String]?

    enum CodingKeys: String, CodingKey, CaseIterable { case rule, severity, layer, contains }

    init(from decoder: any Decoder) throws {
      try decoder.refuseKeys(otherThan: CodingKeys.self)
      let container = try decoder.container(keyedBy: CodingKeys.self)
      rule = try container.decodeIfPresent(String.self, forKey: .rule)
      severity = try container.decodeIfPresent(String.self, forKey: .severity)
      layer = try container.decodeIfPresent(String.self, forKey: .layer)
      contains = try container.decodeIfPresent([String].self, forKey: .contains)
    }

    var description: String {
      [rule, severity, layer].compactMap { $0 }.joined(separator: " ")
        + (contains.map { " with \($0)" } ?? "")
    }
  }

  /// A text or number, or limits that a number keeps.
  enum Expectation: Decodable, Sendable {
    case exactly(String)
    case between(Double, Double)
    case missing

    private enum CodingKeys: String, CodingKey, CaseIterable { case at_least, at_most }

    init(from decoder: any Decoder) throws {
      if let value = try? decoder.singleValueContainer() {
        if value.decodeNil() {
          self = .missing
          return
        }
        if let text = try? value.decode(String.self) {
          self = .exactly(text)
          return
        }
      }
      try decoder.refuseKeys(otherThan: CodingKeys.self)
      let limits = try decoder.container(keyedBy: CodingKeys.self)
      self = .between(
        try limits.decodeIfPresent(Double.self, forKey: .at_least) ?? -.infinity,
        try limits.decodeIfPresent(Double.self, forKey: .at_most) ?? .infinity)
    }
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case name, open, steps }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    open = try container.decodeIfPresent(String.self, forKey: .open)
    if let several = try container.decodeIfPresent([Step].self, forKey: .steps) {
      try decoder.refuseKeys(otherThan: CodingKeys.self)
      steps = several
    } else {
      let own = CodingKeys.allCases.map(\.stringValue)
      try decoder.refuseKeys(otherThan: own + Step.CodingKeys.allCases.map(\.stringValue))
      steps = [try Step(from: decoder)]
    }
  }

  /// The cases of a list, such as `reports`.
  static func list(_ name: String) throws -> [Case] {
    let url = folder.appending(path: "\(name).yaml")
    return try YAMLDecoder().decode([Case].self, from: String(contentsOf: url, encoding: .utf8))
  }

  /// The lists, and a folder of inputs for each.
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Data")
}

/// A name of a key that a decoder holds.
private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// Refuses a key that nobody reads, so that no expectation is lost to a slip of the pen.
  fileprivate func refuseKeys(otherThan known: [String]) throws {
    for key in try container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
      throw DecodingError.dataCorrupted(
        .init(codingPath: codingPath, debugDescription: "unknown key '\(key.stringValue)'"))
    }
  }

  fileprivate func refuseKeys<Key: CodingKey & CaseIterable>(otherThan keys: Key.Type) throws {
    try refuseKeys(otherThan: Key.allCases.map(\.stringValue))
  }
}
