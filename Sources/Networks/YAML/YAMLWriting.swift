extension YAMLTree {
  /// The tree as YAML text that reads back as an equal tree, with a line break at the end.
  ///
  /// What fits on a line and holds no layers is written in braces; the rest is indented.
  public var yaml: String {
    var lines: [String] = []
    write(into: &lines, prefix: "", indent: 0)
    return lines.joined(separator: "\n") + "\n"
  }

  /// An entry of a mapping as lines behind an indentation: `key: value`, or more under the key.
  static func lines(of entry: Entry, indent: Int) -> [String] {
    var lines: [String] = []
    let margin = String(repeating: " ", count: indent)
    entry.value.write(
      into: &lines, prefix: margin + quoted(entry.key) + ": ", indent: indent + 2)
    return lines
  }

  /// An item of a list as lines behind an indentation: `- item`, or more under it.
  func itemLines(indent: Int) -> [String] {
    var lines: [String] = []
    write(
      into: &lines, prefix: String(repeating: " ", count: indent) + "- ", indent: indent + 2)
    return lines
  }

  private static let columns = 100

  /// Writes after `prefix`, which is the part of the first line that is there already.
  private func write(into lines: inout [String], prefix: String, indent: Int) {
    let margin = String(repeating: " ", count: indent)
    let isHeader =
      entries?.count == 1 && (prefix.isEmpty || prefix.hasSuffix("- "))
      || prefix.hasSuffix("layers: ")
    let flow = holdsLayers || isHeader ? nil : flowText
    if let flow, prefix.count + flow.count <= Self.columns || isLeaf {
      lines.append(prefix + flow)
      return
    }
    // A key is followed by a new line; a dash is followed by the first entry on the same line.
    var prefix = prefix
    if prefix.last == " ", prefix.dropLast().last == ":" {
      lines.append(String(prefix.dropLast()))
      prefix = margin
    } else if prefix.isEmpty {
      prefix = margin
    }
    switch content {
    case .scalar: break
    case .sequence(let items):
      for item in items {
        item.write(into: &lines, prefix: prefix + "- ", indent: indent + 2)
        prefix = margin
      }
    case .mapping(let entries):
      for entry in entries {
        entry.value.write(
          into: &lines, prefix: prefix + Self.quoted(entry.key) + ": ", indent: indent + 2)
        prefix = margin
      }
    }
  }

  private var isLeaf: Bool {
    switch content {
    case .scalar: true
    case .sequence(let items): items.isEmpty
    case .mapping(let entries): entries.isEmpty
    }
  }

  private var holdsLayers: Bool {
    switch content {
    case .scalar: false
    case .sequence(let items): items.contains { $0.holdsLayers }
    case .mapping(let entries): entries.contains { $0.key == "layers" || $0.value.holdsLayers }
    }
  }

  private var flowText: String {
    switch content {
    case .scalar(let text, let isQuoted):
      isQuoted ? Self.inQuotes(text) : isNull ? "~" : Self.quoted(text)
    case .sequence(let items): "[" + items.map(\.flowText).joined(separator: ", ") + "]"
    case .mapping(let entries):
      "{"
        + entries.map { "\(Self.quoted($0.key)): \($0.value.flowText)" }.joined(separator: ", ")
        + "}"
    }
  }

  /// The text as a plain scalar where that is safe anywhere, otherwise in quotes.
  private static func quoted(_ text: String) -> String {
    let isPlain =
      text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "_.+-()/".utf8.contains(byte)
        }
      } && !text.isEmpty && text != "-" && !text.hasPrefix("---") && !text.hasPrefix("...")
    return isPlain ? text : inQuotes(text)
  }

  private static func inQuotes(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        result += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
