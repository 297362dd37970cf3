/// What is wrong with a training set-up that a user described, and what to do about it.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure: a struct over a private enum, so that a new one breaks no client.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Case: String { case unknownName, invalidValue, mismatch }
    private let value: Case

    /// There is no optimiser, treatment or option of this name.
    public static let unknownName = Code(value: .unknownName)
    /// A value is outside its range, or does not go with another.
    public static let invalidValue = Code(value: .invalidValue)
    /// A state does not fit the network or the optimiser.
    public static let mismatch = Code(value: .mismatch)

    public var description: String { value.rawValue }
  }

  public let code: Code
  /// What is wrong, without a full stop.
  public let problem: String
  /// What the user can do about it, without a full stop.
  public let cure: String

  public init(_ code: Code, _ problem: String, cure: String) {
    self.code = code
    self.problem = problem
    self.cure = cure
  }

  /// `what is wrong; what to do`, on one line.
  public var description: String {
    String("\(problem); \(cure)".map { $0.isNewline ? " " : $0 })
  }
}
