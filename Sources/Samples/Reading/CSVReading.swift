public import TensorFiles
import Tensors

extension Dataset {
  /// Reads a table from a text file, one sample in a row.
  ///
  /// Every row is read before the error is thrown, so that it tells how many are bad. A sample is
  /// named by the line in which its row begins.
  ///
  /// - Throws: ``DataError`` with the line, when the file is no text in UTF-8, a quote does not end,
  ///   rows differ in length, a column is not there, or a cell is empty, not a number, not finite or
  ///   no class.
  public init(csv path: String, _ format: CSVFormat = CSVFormat()) throws(DataError) {
    let bytes = try Self.text(path)
    var table = try CSVTable(bytes, format, file: path)
    try self.init(reading: &table, path)
  }

  private static func text(_ path: String) throws(DataError) -> [UInt8] {
    let source = try ByteSource(path, content: "a CSV file")
    // In memory the shortest rows, such as 1,0, take eight times their bytes.
    guard source.byteCount <= ByteSource.mostBytes / 8 else {
      throw DataError(
        .limitExceeded,
        "the file has \(source.byteCount.groupedDigits) bytes, and at most "
          + "\((ByteSource.mostBytes / 8).groupedDigits) are read",
        cure: "save it as an npy file, or a part of it", file: path)
    }
    // The text, and numbers of four bytes from cells of two or more.
    try DataError.room(4 * source.byteCount, for: "the table", file: path)
    let bytes = try source.bytes(at: 0, count: source.byteCount)
    func refusal(_ problem: String, _ cure: String) -> DataError {
      DataError(.invalidFormat, problem, cure: cure, file: path)
    }
    if bytes.isEmpty { throw refusal("the file is empty", "put a row for each sample in it") }
    if bytes.starts(with: [0x1F, 0x8B]) {
      throw refusal("the file is compressed", "unpack it with gunzip")
    }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw refusal("the file is UTF-16 text", "save it as UTF-8")
    }
    return bytes
  }

  private init(reading table: inout CSVTable, _ path: String) throws(DataError) {
    while try table.next() {}
    let lines = table.lines
    guard !lines.isEmpty else {
      throw DataError(
        .invalidFormat, "the table has no rows", cure: "put a row for each sample in it", file: path
      )
    }
    if let refusal = table.refusals.error(file: path) { throw refusal }
    let targets: Targets
    switch table.format.target {
    case .reals(let columns):
      targets = .reals(Tensor(table.numbers, shape: [lines.count, columns.count]))
    case .classes:
      let (numbers, names) = try table.labels.classes()
      targets = .classes(Tensor(numbers, shape: [lines.count]), names: names)
    }
    try self.init(
      name: path,
      features: Tensor(table.features, shape: [lines.count, table.featureCount]),
      targets: targets, featureNames: table.featureNames,
      rows: Rows(numbers: lines, areLines: true), allowsNonFinite: true)
  }
}

/// The rows of a table as they are read.
private struct CSVTable {
  private var scanner: CSVScanner
  let format: CSVFormat
  private let file: String
  /// The names of the header, or nothing.
  private var names: [String] = []
  /// What messages call each column.
  private var words: [String] = []
  private var columnCount = 0
  private var featureColumns: [Int] = []
  private var targetColumns: [Int] = []
  private var isFirst = true

  private(set) var features: [Float] = []
  /// The targets, when they are classes.
  private(set) var labels: ClassLabels
  /// The targets of all rows, when they are numbers.
  private(set) var numbers: [Float] = []
  /// The line of every row.
  private(set) var lines: [Int] = []
  private(set) var refusals = Refusals()

  var featureCount: Int { featureColumns.count }
  var featureNames: [String] { names.isEmpty ? [] : featureColumns.map { names[$0] } }

  init(_ bytes: [UInt8], _ format: CSVFormat, file: String) throws(DataError) {
    let delimiter = format.delimiter
    guard delimiter.isASCII, !"\"\r\n+-.0123456789".unicodeScalars.contains(delimiter) else {
      throw DataError(
        .invalidValue, "cells cannot be separated by \(String(delimiter).quotedForMessage)",
        cure: "choose a comma, a semicolon or a tab", file: file)
    }
    scanner = CSVScanner(bytes, delimiter: UInt8(ascii: delimiter), file: file)
    self.format = format
    self.file = file
    labels = ClassLabels(format, file: file)
  }

  /// Reads a row; false at the end of the file.
  mutating func next() throws(DataError) -> Bool {
    guard try scanner.next() else { return false }
    if isFirst {
      isFirst = false
      try findColumns()
      if !names.isEmpty { return true }
    }
    do throws(DataError) {
      try readRow()
    } catch {
      // Bytes that are no text, or too many classes, would spoil the rest as well.
      if error.code == .invalidFormat || error.code == .limitExceeded { throw error }
      refusals.add(error)
    }
    return true
  }

  private func refusal(
    _ code: DataError.Code, _ problem: String, _ cure: String
  ) -> DataError {
    DataError(code, problem, cure: cure, file: file, line: scanner.line)
  }

  /// Learns the columns from the first row.
  private mutating func findColumns() throws(DataError) {
    columnCount = scanner.cells.count
    let isHeader =
      switch format.header {
      case .present: true
      case .absent: false
      case .automatic:
        scanner.cells.allSatisfy { cell in
          switch DecimalNumber(scanner.bytes, in: scanner.trimmed(cell)) {
          case .number, .nonFinite: false
          case .empty, .other: true
          }
        }
      }
    if isHeader {
      for cell in scanner.cells { names.append(try scanner.text(cell)) }
      var seen = Set<String>()
      if let name = names.first(where: { !$0.isEmpty && !seen.insert($0).inserted }) {
        throw refusal(
          .unknownName, "two columns are called \(name.quotedForMessage)",
          "give each a name of its own")
      }
    }
    words = (0..<columnCount).map { column in
      names.isEmpty || names[column].isEmpty
        ? "column \(column + 1)" : "column \(names[column].quotedForMessage)"
    }
    let targets: [CSVFormat.Column] =
      switch format.target {
      case .classes(let column): [column]
      case .reals(let columns): columns
      }
    for column in targets { targetColumns.append(try number(of: column)) }
    var left = Set(targetColumns)
    guard !left.isEmpty else {
      throw refusal(.invalidValue, "no column is named for the targets", "name one")
    }
    guard left.count == targetColumns.count else {
      throw refusal(
        .invalidValue, "the targets are \(targetColumns.count) columns, of which some are the same",
        "name each column once")
    }
    for column in format.ignored { left.insert(try number(of: column)) }
    featureColumns = (0..<columnCount).filter { !left.contains($0) }
    guard !featureColumns.isEmpty else {
      throw refusal(
        .mismatch, "no column is left for the features: the row has \(columnCount)",
        columnCount == 1 && format.delimiter == ","
          ? "name the character that separates the cells" : "name fewer targets")
    }
  }

  private func number(of column: CSVFormat.Column) throws(DataError) -> Int {
    switch column {
    case .number(let number):
      let index = number > 0 ? number - 1 : columnCount + number
      if number != 0, (0..<columnCount).contains(index) { return index }
      throw refusal(
        .unknownName, "there is no column \(number): the row has \(columnCount)",
        "columns are numbered from 1, and from -1 for the last")
    case .name(let name):
      if let index = names.firstIndex(of: name) { return index }
      let known = names.prefix(12).map(\.quotedForMessage).joined(separator: ", ")
      throw refusal(
        .unknownName, "there is no column \(name.quotedForMessage)",
        names.isEmpty
          ? "the table has no header: give the column's number"
          : "the columns are \(known)" + (names.count > 12 ? " and others" : ""))
    }
  }

  private mutating func readRow() throws(DataError) {
    let line = scanner.line
    lines.append(line)
    guard scanner.cells.count == columnCount else {
      throw refusal(
        .mismatch,
        "the row has \(scanner.cells.count) \(scanner.cells.count == 1 ? "cell" : "cells"), and the "
          + "first has \(columnCount)", "correct the row")
    }
    for column in featureColumns { features.append(try number(inColumn: column)) }
    switch format.target {
    case .classes:
      let text = try scanner.text(scanner.cells[targetColumns[0]])
      try labels.add(text, line: line, column: words[targetColumns[0]])
    case .reals:
      for column in targetColumns { numbers.append(try number(inColumn: column)) }
    }
  }

  private func number(inColumn column: Int) throws(DataError) -> Float {
    let text = scanner.trimmed(scanner.cells[column])
    switch DecimalNumber(scanner.bytes, in: text) {
    case .number(let value):
      let number = Float(value)
      if number.isFinite { return number }
      throw refusal(
        .invalidValue, "\(words[column]) is \(shown(text)), and single precision ends at 3.4e38",
        "scale the column")
    case .nonFinite(let value):
      if format.allowsNonFinite { return Float(value) }
      throw refusal(
        .invalidValue, "\(words[column]) is \(Float(value))",
        "correct the data, or allow non-finite numbers so that a diagnosis can show what they do")
    case .empty:
      throw refusal(
        .invalidValue, "\(words[column]) is empty", "fill it in, or leave out the row or the column"
      )
    case .other:
      throw refusal(
        .invalidValue, "\(words[column]) is \(shown(text)), which is not a number",
        scanner.bytes[text].contains(UInt8(ascii: ","))
          ? "write numbers with a point" : "correct it, or leave out the column")
    }
  }

  private func shown(_ text: Range<Int>) -> String {
    String(decoding: scanner.bytes[text].prefix(200), as: UTF8.self).quotedForMessage
  }
}

/// The rows that were refused: the first with its reason, the others with their lines.
private struct Refusals {
  private var first: DataError?
  private var others: [Int] = []
  private var count = 0

  mutating func add(_ error: DataError) {
    count += 1
    if first == nil {
      first = error
    } else if others.count < 5, let line = error.line {
      others.append(line)
    }
  }

  func error(file: String) -> DataError? {
    guard let first, count > 1 else { return first }
    let lines = others.map(String.init).joined(separator: ", ")
    let more = count - 1 > others.count ? ", …" : ""
    return DataError(
      first.code,
      "\(first.problem) (and \((count - 1).groupedDigits) more "
        + "\(count == 2 ? "row is" : "rows are") bad: \(count == 2 ? "line" : "lines") "
        + "\(lines)\(more))", cure: first.cure, file: file, line: first.line)
  }
}
