import TensorFiles

/// The labels of a table, collected row by row, which become class numbers once all are known.
struct ClassLabels {
  /// Most classes that are told apart.
  static let mostClasses = 65_536

  private let known: [String]
  private let count: Int?
  /// The number of the first class.
  private let first: Int
  private let file: String
  /// Every label that was met, in order of appearance, with the line of its first row.
  private var labels: [(text: String, line: Int)] = []
  private var numbers: [String: Int] = [:]
  /// The label of each row.
  private var rows: [Int32] = []

  init(_ format: CSVFormat, file: String) {
    known = format.classes
    count = format.classCount
    first = format.firstLabel
    self.file = file
  }

  private func refusal(_ problem: String, _ cure: String, line: Int) -> DataError {
    DataError(.invalidValue, problem, cure: cure, file: file, line: line)
  }

  /// Adds the label of a row.
  mutating func add(_ text: String, line: Int, column: String) throws(DataError) {
    if let number = numbers[text] {
      rows.append(Int32(number))
      return
    }
    guard !text.isEmpty else {
      throw refusal(
        "\(column), the label, is empty", "fill it in, or leave out the row", line: line)
    }
    if let count, known.isEmpty {
      guard let number = Self.integer(text), isLabel(number, among: count) else {
        throw refusal(
          "\(column), the label, is \(text.quotedForMessage)",
          "labels go from \(first) to \(first + count - 1), as there are \(count) classes"
            + (first == 0 && Self.integer(text) == count
              ? "; if they start at 1, write 'first_label: 1'" : ""),
          line: line)
      }
    }
    guard known.isEmpty || known.contains(text) else {
      let names = known.prefix(12).map(\.quotedForMessage).joined(separator: ", ")
      throw refusal(
        "\(column), the label, is \(text.quotedForMessage)",
        "the classes are \(names)" + (known.count > 12 ? " and others" : ""), line: line)
    }
    guard labels.count < Self.mostClasses else {
      throw DataError(
        .limitExceeded,
        "there are more than \(Self.mostClasses.groupedDigits) different labels",
        cure: "choose another column, or read the targets as numbers", file: file, line: line)
    }
    numbers[text] = labels.count
    rows.append(Int32(labels.count))
    labels.append((text, line))
  }

  /// The class number of every row, and the names of all classes.
  ///
  /// Labels that all are whole numbers stand for themselves; otherwise classes are numbered in the
  /// order of their names, or of those that were given.
  func classes() throws(DataError) -> (numbers: [Int64], names: [String]) {
    var names = known
    var classes: [Int]
    let integers = labels.compactMap { Self.integer($0.text) }
    if known.isEmpty, integers.count == labels.count {
      let limit = count ?? Self.mostClasses
      for (label, integer) in zip(labels, integers) where !isLabel(integer, among: limit) {
        throw refusal(
          "the label is \(integer)",
          "class numbers go from \(first) to \((first + limit - 1).groupedDigits); read the "
            + "targets as numbers if they are no classes", line: label.line)
      }
      classes = integers.map { $0 - first }
      names = (0..<(count ?? (classes.max() ?? 0) + 1)).map { String(first + $0) }
    } else {
      if known.isEmpty {
        names = labels.map(\.text).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      }
      let places = Dictionary(zip(names, names.indices)) { first, _ in first }
      classes = labels.map { places[$0.text] ?? 0 }
    }
    return (rows.map { Int64(classes[Int($0)]) }, names)
  }

  /// Whether a number is a label of one of `count` classes.
  private func isLabel(_ number: Int, among count: Int) -> Bool {
    let (place, isBeyond) = number.subtractingReportingOverflow(first)
    return !isBeyond && (0..<count).contains(place)
  }

  /// A whole number, also one that a program wrote with a point.
  private static func integer(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    guard case .number(let value) = DecimalNumber(bytes, in: bytes.indices) else { return nil }
    return Int(exactly: value)
  }
}
