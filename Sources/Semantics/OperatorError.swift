/// Why an operator cannot be created or applied.
public struct OperatorError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure: a struct over a private enum, so that a new one breaks no client.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Case: String { case unknownOperator, invalidAttribute, invalidShape, unsupported }
    private let value: Case

    public static let unknownOperator = Code(value: .unknownOperator)
    public static let invalidAttribute = Code(value: .invalidAttribute)
    public static let invalidShape = Code(value: .invalidShape)
    public static let unsupported = Code(value: .unsupported)

    public var description: String { value.rawValue }
  }

  public let code: Code
  /// The operator's type.
  public let name: String
  /// What is wrong, as a clause that follows the operator's name.
  public let message: String

  public init(_ code: Code, in name: String, _ message: String) {
    self.code = code
    self.name = name
    self.message = message
  }

  public var description: String { "\(name): \(message)" }
}
