/// How a table in a text file is written, and which of its columns are the targets.
public struct CSVFormat: Hashable, Sendable {
  /// A column by its name in the header, or by its number: 1 is the first, -1 the last.
  public enum Column: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case name(String)
    case number(Int)

    public init(stringLiteral value: String) { self = .name(value) }
    public init(integerLiteral value: Int) { self = .number(value) }
  }

  public enum Target: Hashable, Sendable {
    /// A column of class numbers from 0, or of names.
    case classes(Column)
    /// Columns of numbers.
    case reals([Column])
  }

  public enum Header: Hashable, Sendable {
    /// The first row is a header when none of its cells is a number.
    case automatic
    case present
    case absent
  }

  public var target: Target
  public var header: Header
  /// What separates cells: any ASCII character but a quote, a digit or a line feed.
  public var delimiter: Unicode.Scalar
  /// Columns that are left out, such as an identifier.
  public var ignored: [Column]
  /// The names of all classes in order; without them, those of the file in alphabetical order.
  public var classes: [String]
  /// The number of classes when they are numbers; without it, one more than the greatest.
  public var classCount: Int?
  /// The number that the first class has in the file, where classes are numbers.
  public var firstLabel = 0
  /// Whether `nan` and `inf` are kept, to be found by a diagnosis; empty cells are always refused.
  public var allowsNonFinite: Bool

  public init(
    target: Target = .classes(-1), header: Header = .automatic, delimiter: Unicode.Scalar = ",",
    ignored: [Column] = [], classes: [String] = [], classCount: Int? = nil,
    firstLabel: Int = 0, allowsNonFinite: Bool = false
  ) {
    self.target = target
    self.header = header
    self.delimiter = delimiter
    self.ignored = ignored
    self.classes = classes
    self.classCount = classCount
    self.firstLabel = firstLabel
    self.allowsNonFinite = allowsNonFinite
  }
}
