import TensorFiles

/// Divides the bytes of a table into rows and cells, by RFC 4180, with the line of each row.
///
/// Lines end with a line feed, a carriage return or both. Works on bytes: separators are ASCII, which
/// is no part of any other character of UTF-8.
struct CSVScanner {
  /// A cell: where its text lies, without quotes.
  struct Cell {
    var range: Range<Int>
    /// Whether quotes stood around it, so that it is a text.
    var isQuoted = false
    /// Whether its text has doubled quotes, which each stand for one.
    var hasDoubledQuotes = false
  }

  let bytes: [UInt8]
  private let delimiter: UInt8
  private let file: String
  private var place: Int
  private var nextLine = 1

  /// The cells of the last row.
  private(set) var cells: [Cell] = []
  /// The line in which the last row begins, from 1.
  private(set) var line = 0

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed: UInt8 = 0x0A
  private static let carriageReturn: UInt8 = 0x0D

  init(_ bytes: [UInt8], delimiter: UInt8, file: String) {
    self.bytes = bytes
    self.delimiter = delimiter
    self.file = file
    // The byte order mark that some programs write.
    place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// Goes to the next row that is not blank; false at the end of the file.
  mutating func next() throws(DataError) -> Bool {
    while place < bytes.count {
      cells.removeAll(keepingCapacity: true)
      line = nextLine
      while try cell() {}
      if cells.count > 1 || cells[0].isQuoted || !trimmed(cells[0]).isEmpty { return true }
    }
    return false
  }

  /// Where the cell's text lies, without the spaces around it.
  func trimmed(_ cell: Cell) -> Range<Int> {
    var (start, end) = (cell.range.lowerBound, cell.range.upperBound)
    while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
    while start < end, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
    return start..<end
  }

  /// The cell as text: without the spaces around it, unless they were in quotes.
  func text(_ cell: Cell) throws(DataError) -> String {
    var content = bytes[cell.isQuoted ? cell.range : trimmed(cell)]
    if cell.hasDoubledQuotes {
      var isSecond = false
      content =
        content.filter { byte in
          isSecond = byte == Self.quote && !isSecond
          return byte != Self.quote || isSecond
        }[...]
    }
    guard let text = String(validating: content, as: UTF8.self) else {
      throw refusal("a cell is not UTF-8 text", "save the file as UTF-8", line)
    }
    return text
  }

  private func refusal(_ problem: String, _ cure: String, _ line: Int) -> DataError {
    DataError(.invalidFormat, problem, cure: cure, file: file, line: line)
  }

  /// Reads a cell and what ends it; true when another follows in the row.
  private mutating func cell() throws(DataError) -> Bool {
    let start = place
    while place < bytes.count, bytes[place] == 0x20, bytes[place] != delimiter { place += 1 }
    guard place < bytes.count, bytes[place] == Self.quote else {
      place = start
      while place < bytes.count {
        let byte = bytes[place]
        if byte == delimiter || byte == Self.lineFeed || byte == Self.carriageReturn { break }
        guard byte != Self.quote else {
          throw refusal(
            "a quote stands inside cell \(cells.count + 1), which does not begin with one",
            "put the whole cell in quotes and double the quote in it", line)
        }
        place += 1
      }
      cells.append(Cell(range: start..<place))
      return endOfCell()
    }
    try quotedCell()
    return endOfCell()
  }

  private mutating func quotedCell() throws(DataError) {
    let lineOfQuote = nextLine
    place += 1
    let start = place
    var hasDoubledQuotes = false
    while place < bytes.count {
      let byte = bytes[place]
      if byte == Self.quote {
        guard place + 1 < bytes.count, bytes[place + 1] == Self.quote else { break }
        hasDoubledQuotes = true
        place += 1
      } else if byte == Self.lineFeed
        || (byte == Self.carriageReturn
          && !(place + 1 < bytes.count && bytes[place + 1] == Self.lineFeed))
      {
        nextLine += 1
      }
      place += 1
    }
    guard place < bytes.count else {
      throw refusal(
        "the quote that begins cell \(cells.count + 1) does not end", "close it", lineOfQuote)
    }
    cells.append(
      Cell(range: start..<place, isQuoted: true, hasDoubledQuotes: hasDoubledQuotes))
    place += 1
    while place < bytes.count, bytes[place] == 0x20, bytes[place] != delimiter { place += 1 }
    guard
      place == bytes.count || bytes[place] == delimiter || bytes[place] == Self.lineFeed
        || bytes[place] == Self.carriageReturn
    else {
      throw refusal(
        "text follows the quote that ends cell \(cells.count)",
        "double the quotes inside a cell in quotes", nextLine)
    }
  }

  /// Goes beyond the separator at `place`; true when it is a delimiter.
  private mutating func endOfCell() -> Bool {
    guard place < bytes.count else { return false }
    let byte = bytes[place]
    place += 1
    if byte == delimiter { return true }
    if byte == Self.carriageReturn, place < bytes.count, bytes[place] == Self.lineFeed {
      place += 1
    }
    nextLine += 1
    return false
  }
}
