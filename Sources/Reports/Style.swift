/// How a report for people is written: its width, and whether it may use colour.
public struct Style: Hashable, Sendable {
  /// Columns of the terminal.
  public let width: Int
  /// Whether ANSI colours are understood: only on a terminal.
  public let colour: Bool

  public init(width: Int = 80, colour: Bool = false) {
    self.width = max(60, width)
    self.colour = colour
  }

  enum Ink: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case blue = "34"
    case magenta = "35"
    case grey = "90"
    case bold = "1"
  }

  func paint(_ text: String, _ ink: Ink) -> String {
    colour ? "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// `text` broken at spaces to fit the width, each line but the first after `indentation`.
  func wrapped(_ text: String, first: String = "", indentation: String = "") -> String {
    var lines: [String] = []
    var line = first
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = indentation
        isEmpty = true
      }
      line += isEmpty ? word : " " + word
      isEmpty = false
    }
    lines.append(line)
    return lines.joined(separator: "\n")
  }
}

extension String {
  /// Padded with spaces, or cut with a mark, to exactly `width` characters.
  func fitted(_ width: Int, right: Bool = false) -> String {
    if count > width { return String(prefix(width - 1)) + "…" }
    let padding = String(repeating: " ", count: width - count)
    return right ? padding + self : self + padding
  }
}
