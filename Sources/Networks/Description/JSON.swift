/// A JSON value whose members keep their order, as far as a schema needs it.
indirect enum JSON: Sendable {
  case text(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case list([JSON])
  case object([(String, JSON)])

  /// A scalar as it is written in YAML.
  static func value(_ text: String) -> JSON {
    if let integer = Int(text) { return .integer(integer) }
    if let number = YAMLTree.text(text).finiteNumber { return .number(number) }
    return text == "true" || text == "false" ? .boolean(text == "true") : .text(text)
  }

  /// The value as text; short collections stay on one line.
  func text(indent: Int) -> String {
    let line = compact
    if line.count + indent <= 90 { return line }
    let margin = String(repeating: " ", count: indent + 2)
    let end = "\n" + String(repeating: " ", count: indent)
    switch self {
    case .list(let items):
      let lines = items.map { margin + $0.text(indent: indent + 2) }
      return "[\n" + lines.joined(separator: ",\n") + end + "]"
    case .object(let members):
      let lines = members.map { name, value in
        "\(margin)\(Self.quoted(name)): \(value.text(indent: indent + 2))"
      }
      return "{\n" + lines.joined(separator: ",\n") + end + "}"
    default: return line
    }
  }

  private var compact: String {
    switch self {
    case .text(let text): Self.quoted(text)
    case .integer(let value): String(value)
    case .number(let value): YAMLTree.number(value).scalar ?? "0"
    case .boolean(let value): value ? "true" : "false"
    case .list(let items): "[" + items.map(\.compact).joined(separator: ", ") + "]"
    case .object(let members):
      "{"
        + members.map { "\(Self.quoted($0)): \($1.compact)" }.joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.flatMap { character -> String in
      switch character {
      case "\"": "\\\""
      case "\\": "\\\\"
      default: String(character)
      }
    }
    return "\"" + String(escaped) + "\""
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  init(stringLiteral value: String) { self = .text(value) }
  init(integerLiteral value: Int) { self = .integer(value) }
  init(booleanLiteral value: Bool) { self = .boolean(value) }
  init(arrayLiteral elements: JSON...) { self = .list(elements) }
  init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements) }
}
