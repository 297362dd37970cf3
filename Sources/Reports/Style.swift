/// How a report for people is written: its width and height, and whether it may use colour.
public struct Style: Hashable, Sendable {
  /// Columns of the terminal.
  public let width: Int
  /// Lines that the terminal shows at once; nil where there is no end, as in a pipe.
  public let height: Int?
  /// Whether ANSI colours are understood: only on a terminal.
  public let colour: Bool

  /// The least of both that anything is written for.
  private static let least = (columns: 32, lines: 12)
  /// Beyond so many columns a line of prose, or a chart, is no easier to read.
  private static let mostColumns = 100

  public init(width: Int = 80, height: Int? = nil, colour: Bool = false) {
    self.width = max(Self.least.columns, width)
    self.height = height.map { max(Self.least.lines, $0) }
    self.colour = colour
  }

  /// Columns that prose and charts take.
  var measure: Int { min(width, Self.mostColumns) }

  /// What a screen may fill: the last line of a terminal is where the next command is written.
  var lines: Int? { height.map { $0 - 1 } }

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
  ///
  /// A number stays with its unit. What is wider than a line is broken after a slash, a dot or an
  /// underscore, and where there is none as it comes.
  func wrapped(_ text: String, first: String = "", indentation: String = "") -> String {
    var lines: [String] = []
    var line = first
    var isEmpty = true
    func end() {
      lines.append(line)
      line = indentation
      isEmpty = true
    }
    for chunk in Wrapping.chunks(of: text) {
      if !isEmpty, line.count + 1 + chunk.count > measure { end() }
      guard line.count + (isEmpty ? 0 : 1) + chunk.count > measure else {
        line += isEmpty ? chunk : " " + chunk
        isEmpty = false
        continue
      }
      for part in Wrapping.parts(of: chunk, room: measure - indentation.count) {
        if !isEmpty, line.count + part.count > measure { end() }
        line += part
        isEmpty = false
      }
    }
    lines.append(line)
    return lines.joined(separator: "\n")
  }

  /// `text`, and no more of it than fits one line, with a mark in place of the rest.
  func oneLine(_ text: String) -> String {
    guard text.count > measure else { return text }
    var kept = text.prefix(measure - 2)
    while let last = kept.last, last != " " { kept.removeLast() }
    if kept.hasSuffix(": ") { return String(kept.dropLast(2)) }
    return (kept.isEmpty ? String(text.prefix(measure - 2)) + " " : String(kept)) + "…"
  }

  /// `rest` after a coloured `word`, wrapped together.
  func headed(_ word: String, _ ink: Ink, _ rest: String, indentation: String = "") -> String {
    paint(word, ink) + wrapped(word + rest, indentation: indentation).dropFirst(word.count)
  }
}

extension String {
  /// Padded with spaces, or cut with a mark, to exactly `width` characters.
  func fitted(_ width: Int, right: Bool = false) -> String {
    if count > width { return String(prefix(width - 1)) + "…" }
    let padding = String(repeating: " ", count: width - count)
    return right ? padding + self : self + padding
  }

  /// How many lines it takes on a terminal that it fits.
  var lineCount: Int { reduce(1) { $1 == "\n" ? $0 + 1 : $0 } }
}
