import Findings
import Foundation
import GRDB

/// Reads the columns that hold JSON; nil where they hold something else.
enum KeptJSON {
  /// An object of texts.
  static func texts(_ text: String) -> [String: String]? { value(text) as? [String: String] }

  /// An object of numbers, in the order of the text, which Foundation does not keep.
  static func evidence(_ text: String, _ database: Database) throws -> [Evidence]? {
    guard let numbers = value(text) as? [String: Any] else { return nil }
    let names = try String.fetchAll(
      database, sql: "SELECT key FROM json_each(?)", arguments: [text])
    var evidence: [Evidence] = []
    for name in names {
      guard let number = number(numbers[name]) else { return nil }
      evidence.append(Evidence(name, number))
    }
    return evidence
  }

  /// An array of what ``RemedyProposal/json`` gives.
  static func remedies(_ text: String) -> [RemedyProposal]? {
    guard let elements = value(text) as? [[String: Any]] else { return nil }
    var remedies: [RemedyProposal] = []
    for element in elements {
      guard let remedy = element["remedy"] as? String, let change = element["change"] as? String
      else { return nil }
      remedies.append(
        RemedyProposal(
          remedy, change: change, predicted: element["predicted"] as? String,
          verified: element["verified"] as? String))
    }
    return remedies
  }

  private static func value(_ text: String) -> Any? {
    try? JSONSerialization.jsonObject(with: Data(text.utf8))
  }

  private static func number(_ value: Any?) -> Double? {
    switch value as? String {
    case "nan": .nan
    case "inf": .infinity
    case "-inf": -.infinity
    case nil: (value as? NSNumber)?.doubleValue
    default: nil
    }
  }
}
