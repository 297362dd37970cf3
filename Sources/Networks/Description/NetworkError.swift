/// What is wrong with a network that a user described, where, and what to do about it.
public struct NetworkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure: a struct over a private enum, so that a new one breaks no client.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Case: String {
      case unreadableFile, invalidYAML, unknownName, invalidValue, invalidShape, limitExceeded
    }
    private let value: Case

    /// The file cannot be read as text.
    public static let unreadableFile = Code(value: .unreadableFile)
    /// The text is not YAML, or not of the form that a network has.
    public static let invalidYAML = Code(value: .invalidYAML)
    /// A layer, key, activation or other name is not known.
    public static let unknownName = Code(value: .unknownName)
    /// A value is of the wrong kind or outside its range.
    public static let invalidValue = Code(value: .invalidValue)
    /// A layer does not fit the shape of its input.
    public static let invalidShape = Code(value: .invalidShape)
    /// The network is larger than the limits allow.
    public static let limitExceeded = Code(value: .limitExceeded)

    public var description: String { value.rawValue }
  }

  public let code: Code
  /// What is wrong, without a full stop.
  public let problem: String
  /// What the user can do about it, without a full stop.
  public let cure: String
  /// The file as the user named it; nil for a network that was written in Swift.
  public var file: String?
  /// The line, from 1.
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
    let place = (file ?? "network") + (line.map { ":\($0)" } ?? "")
    let text = "\(place): \(problem); \(cure)"
    return String(text.map { $0.isNewline ? " " : $0 })
  }
}
