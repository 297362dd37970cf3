import Tensors

/// What is wrong with data that a user named, where, and what to do about it.
public struct DataError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure: a struct over a private enum, so that a new one breaks no client.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Case: String {
      case unreadableFile, unwritableFile, invalidFormat, unsupportedType, invalidValue, mismatch
      case unknownName, limitExceeded
    }
    private let value: Case

    /// The file is missing, not a regular file, or cannot be read.
    public static let unreadableFile = Code(value: .unreadableFile)
    /// The file cannot be written.
    public static let unwritableFile = Code(value: .unwritableFile)
    /// The bytes break the rules of the format.
    public static let invalidFormat = Code(value: .invalidFormat)
    /// The file holds a type of elements, or an order, that is not read here.
    public static let unsupportedType = Code(value: .unsupportedType)
    /// A number is missing, not a number, not finite or out of its range.
    public static let invalidValue = Code(value: .invalidValue)
    /// Two parts of the data do not fit each other.
    public static let mismatch = Code(value: .mismatch)
    /// There is no tensor, column or class of this name.
    public static let unknownName = Code(value: .unknownName)
    /// The data are larger than the limits allow.
    public static let limitExceeded = Code(value: .limitExceeded)

    public var description: String { value.rawValue }
  }

  public let code: Code
  /// What is wrong, with the tensor, row or column, without a full stop.
  public let problem: String
  /// What the user can do about it, without a full stop.
  public let cure: String
  /// The file as the user named it; nil for data that came from no file.
  public var file: String?
  /// The line of a text file, from 1.
  public var line: Int?

  public init(
    _ code: Code, _ problem: String, cure: String, file: String? = nil, line: Int? = nil
  ) {
    self.code = code
    self.problem = problem
    self.cure = cure
    self.file = file
    self.line = line
  }

  /// `FILE:LINE: what is wrong; what to do`, on one line.
  public var description: String {
    let place = file.map { $0 + (line.map { ":\($0)" } ?? "") + ": " } ?? ""
    let text = "\(place)\(problem); \(cure)"
    return String(text.map { $0.isNewline ? " " : $0 })
  }
}

extension DataError {
  /// Throws where what is read needs more memory than there may be.
  package static func room(
    _ bytes: Int, for what: @autoclosure () -> String, file: String? = nil
  ) throws(DataError) {
    do {
      try MemoryBudget.check(bytes, for: what())
    } catch {
      throw DataError(.limitExceeded, error.problem, cure: MemoryError.cure, file: file)
    }
  }
}

extension String {
  /// The text in quotes for a message: at most 40 characters, without control characters.
  package var quotedForMessage: String {
    // Cut by scalars first: one character may hold any number of them.
    let scalars = unicodeScalars.prefix(160).map { scalar -> Character in
      scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : Character(scalar)
    }
    let text = String(scalars)
    let isWhole = text.unicodeScalars.count == unicodeScalars.count && text.count <= 40
    return "'" + (isWhole ? text : text.prefix(40) + "…") + "'"
  }
}

extension Int {
  /// The number with a comma after every third digit, for people.
  package var groupedDigits: String {
    var digits = String(magnitude)
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(digits.suffix(3), at: 0)
      digits = String(digits.dropLast(3))
    }
    groups.insert(Substring(digits), at: 0)
    return (self < 0 ? "-" : "") + groups.joined(separator: ",")
  }
}
