import Foundation
import Networks

/// As much of JSON Schema (draft 2020-12) as the shipped schema uses; a keyword beyond that is told
/// as a failure.
struct JSONSchema {
  private let root: [String: Any]

  init(_ text: String) throws {
    root = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  /// Where and why a file's tree does not fit; empty when it does.
  func failures(_ tree: YAMLTree) -> [String] { failures(tree, root, at: "$") }

  private func failures(_ tree: YAMLTree, _ schema: [String: Any], at path: String) -> [String] {
    schema.sorted { $0.key < $1.key }.flatMap { keyword, value in
      failures(tree, keyword, value, of: schema, at: path)
    }
  }

  private func failures(
    _ tree: YAMLTree, _ keyword: String, _ value: Any, of schema: [String: Any], at path: String
  ) -> [String] {
    func check(_ holds: Bool) -> [String] { holds ? [] : ["\(path): \(keyword) \(value)"] }
    func fitting() -> Int {
      (value as? [[String: Any]] ?? []).count { failures(tree, $0, at: path).isEmpty }
    }
    let entries = tree.entries ?? []
    let limit = (value as? NSNumber)?.doubleValue ?? .nan
    switch keyword {
    case "$schema", "$defs", "title", "description", "default": return []
    case "$ref":
      let name = (value as? String)?.split(separator: "/").last.map(String.init) ?? ""
      guard let meant = (root["$defs"] as? [String: Any])?[name] as? [String: Any] else {
        return ["\(path): there is no definition '\(name)'"]
      }
      return failures(tree, meant, at: path)
    case "type":
      let types = value as? [String] ?? [value as? String ?? ""]
      return check(types.contains { Self.isType($0, tree) })
    case "const": return check(Self.equal(tree, value))
    case "enum": return check((value as? [Any] ?? []).contains { Self.equal(tree, $0) })
    case "anyOf": return check(fitting() > 0)
    case "oneOf": return check(fitting() == 1)
    case "minimum": return check(Self.number(tree).map { $0 >= limit } ?? true)
    case "maximum": return check(Self.number(tree).map { $0 <= limit } ?? true)
    case "exclusiveMaximum": return check(Self.number(tree).map { $0 < limit } ?? true)
    case "minItems": return check(tree.items.map { Double($0.count) >= limit } ?? true)
    case "maxItems": return check(tree.items.map { Double($0.count) <= limit } ?? true)
    case "minProperties": return check(tree.entries.map { Double($0.count) >= limit } ?? true)
    case "maxProperties": return check(tree.entries.map { Double($0.count) <= limit } ?? true)
    case "pattern":
      guard Self.isType("string", tree), let text = tree.scalar else { return [] }
      return check(text.range(of: value as? String ?? "", options: .regularExpression) != nil)
    case "items":
      return (tree.items ?? []).enumerated().flatMap { number, item in
        failures(item, value as? [String: Any] ?? [:], at: "\(path)[\(number)]")
      }
    case "required":
      guard tree.entries != nil else { return [] }
      return check((value as? [String] ?? []).allSatisfy { tree[$0] != nil })
    case "properties":
      let properties = value as? [String: [String: Any]] ?? [:]
      return entries.flatMap { entry in
        failures(entry.value, properties[entry.key] ?? [:], at: "\(path).\(entry.key)")
      }
    case "additionalProperties":
      let known = Set((schema["properties"] as? [String: Any] ?? [:]).keys)
      return entries.filter { !known.contains($0.key) }.map { "\(path): unknown key \($0.key)" }
    default: return ["\(path): unknown keyword \(keyword)"]
    }
  }

  private static func number(_ tree: YAMLTree) -> Double? { tree.finiteNumber }

  private static func isType(_ type: String, _ tree: YAMLTree) -> Bool {
    let isBoolean = ["true", "false"].contains(tree.scalar)
    return switch type {
    case "object": tree.entries != nil
    case "array": tree.items != nil
    case "null": tree.isNull
    case "boolean": isBoolean
    case "number": number(tree) != nil
    case "integer": number(tree).map { $0 == $0.rounded() } ?? false
    case "string": tree.scalar != nil && !tree.isNull && !isBoolean && number(tree) == nil
    default: false
    }
  }

  /// The schema has no numbers beside truth values, which Foundation does not tell apart.
  private static func equal(_ tree: YAMLTree, _ value: Any) -> Bool {
    if let text = value as? String { return isType("string", tree) && tree.scalar == text }
    guard let number = value as? NSNumber else { return false }
    return isType("boolean", tree)
      ? number.boolValue == (tree.scalar == "true") : Self.number(tree) == number.doubleValue
  }
}
