/// A look at YAML text before it is composed, for keys that are not plain names.
///
/// The composer hashes keys. A key that is an alias, or holds one, can stand for more values than
/// memory holds, so such keys are refused while they are still text. As values, aliases share their
/// content and are counted when the tree is read.
struct AliasScan {
  /// The line, from 1, of the first key that is a collection or an alias.
  static func lineOfStructuredKey(in text: String) -> Int? {
    guard text.utf8.contains(UInt8(ascii: "*")) else { return nil }
    var scan = AliasScan(bytes: Array(text.utf8))
    return scan.run()
  }

  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  /// The brackets that are open.
  private var brackets: [UInt8] = []
  /// The last byte that was neither blank nor part of a comment.
  private var previous = UInt8(ascii: "\n")

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func run() -> Int? {
    while position < bytes.count {
      let byte = bytes[position]
      let startsToken = position == 0 || Self.separators.contains(bytes[position - 1])
      switch byte {
      case UInt8(ascii: "\n"):
        line += 1
        if brackets.isEmpty { previous = byte }
        position += 1
        continue
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
        position += 1
        continue
      case UInt8(ascii: "#") where startsToken:
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
        continue
      case UInt8(ascii: "\"") where startsToken, UInt8(ascii: "'") where startsToken:
        skipQuoted(byte)
      case UInt8(ascii: "?") where startsToken && isBlank(at: position + 1):
        return line
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        if startsToken || !brackets.isEmpty {
          if isKeyPosition { return line }
          brackets.append(byte)
        }
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        if brackets.popLast() != nil, isColon(after: position + 1) { return line }
      case UInt8(ascii: "*") where startsToken:
        if isKeyPosition { return line }
        var end = position + 1
        while end < bytes.count, !Self.aliasEnds.contains(bytes[end]) { end += 1 }
        if isColon(after: end) || bytes[end - 1] == UInt8(ascii: ":") { return line }
        position = end - 1
      default: break
      }
      previous = byte
      position += 1
    }
    return nil
  }

  /// Whether what comes next in a brace is a key.
  private var isKeyPosition: Bool {
    brackets.last == UInt8(ascii: "{")
      && (previous == UInt8(ascii: "{") || previous == UInt8(ascii: ","))
  }

  private func isBlank(at index: Int) -> Bool {
    index >= bytes.count || Self.blanks.contains(bytes[index])
  }

  private func isColon(after index: Int) -> Bool {
    var index = index
    while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
    return index < bytes.count && bytes[index] == UInt8(ascii: ":")
  }

  private mutating func skipQuoted(_ quote: UInt8) {
    position += 1
    while position < bytes.count {
      if bytes[position] == quote {
        // Inside single quotes, two of them stand for one.
        let isDoubled =
          quote == UInt8(ascii: "'") && position + 1 < bytes.count && bytes[position + 1] == quote
        guard isDoubled else { return }
        position += 1
      }
      if bytes[position] == UInt8(ascii: "\n") { line += 1 }
      if quote == UInt8(ascii: "\""), bytes[position] == UInt8(ascii: "\\") { position += 1 }
      position += 1
    }
  }

  private static let blanks = Set(" \t\r\n".utf8)
  private static let separators = Set(" \t\r\n[]{},:".utf8)
  private static let aliasEnds = Set(" \t\r\n[]{},".utf8)
}
