/// A JSON document whose objects keep the order in which they were written.
///
/// Reports promise that `schema` comes first and that non-finite numbers are the strings `"nan"`,
/// `"inf"` and `"-inf"`; Foundation's encoder can promise neither.
public enum JSON: Hashable, Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case array([JSON])
  case object([Member])

  public struct Member: Hashable, Sendable {
    public let key: String
    public let value: JSON

    public init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }

  /// An object with these members, in this order.
  public static func object(_ members: KeyValuePairs<String, JSON>) -> JSON {
    .object(members.map { Member($0.key, $0.value) })
  }

  /// A number, or null where there is none.
  public static func number(_ value: Double?) -> JSON {
    guard let value else { return .null }
    return .number(value)
  }

  /// A text, or null where there is none.
  public static func text(_ value: String?) -> JSON {
    guard let value else { return .null }
    return .text(value)
  }
}

/// A value that a report shows as JSON.
public protocol JSONRepresentable {
  var json: JSON { get }
}

extension JSON {
  /// The document as text, with two spaces of indentation; short arrays and objects on one line.
  public var text: String {
    var out = ""
    write(to: &out, indentation: "", limit: 96)
    return out
  }

  /// The document on one line.
  public var line: String {
    var out = ""
    writeLine(to: &out)
    return out
  }

  private func write(to out: inout String, indentation: String, limit: Int) {
    let line = self.line
    if line.utf8.count + indentation.utf8.count <= limit {
      out += line
      return
    }
    let inner = indentation + "  "
    switch self {
    case .array(let elements):
      out += "[\n"
      for (i, element) in elements.enumerated() {
        out += inner
        element.write(to: &out, indentation: inner, limit: limit)
        out += i + 1 < elements.count ? ",\n" : "\n"
      }
      out += indentation + "]"
    case .object(let members):
      out += "{\n"
      for (i, member) in members.enumerated() {
        out += inner + Self.quoted(member.key) + ": "
        member.value.write(to: &out, indentation: inner, limit: limit)
        out += i + 1 < members.count ? ",\n" : "\n"
      }
      out += indentation + "}"
    default:
      out += line
    }
  }

  private func writeLine(to out: inout String) {
    switch self {
    case .null: out += "null"
    case .boolean(let value): out += value ? "true" : "false"
    case .integer(let value): out += String(value)
    case .number(let value): out += Self.spelled(value)
    case .text(let value): out += Self.quoted(value)
    case .array(let elements):
      out += "["
      for (i, element) in elements.enumerated() {
        if i > 0 { out += ", " }
        element.writeLine(to: &out)
      }
      out += "]"
    case .object(let members):
      out += "{"
      for (i, member) in members.enumerated() {
        if i > 0 { out += ", " }
        out += Self.quoted(member.key) + ": "
        member.value.writeLine(to: &out)
      }
      out += "}"
    }
  }

  /// The shortest text that reads back as the same double.
  private static func spelled(_ value: Double) -> String {
    if value.isNaN { return "\"nan\"" }
    if value.isInfinite { return value < 0 ? "\"-inf\"" : "\"inf\"" }
    if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
    return "\(value)"
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
