/// Why a question to the theory has no answer: the cause and what to do.
public struct TheoryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of failure it is.
  public enum Code: String, Hashable, Sendable {
    /// An argument lies outside its range.
    case outOfRange
    /// What was asked for does not exist for this activation or depth.
    case unreachable
    /// A solution may exist, but was not found.
    case notConverged
  }

  public let code: Code
  /// One sentence: the cause; the cure.
  public let description: String

  public init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// Refuses a standard deviation that is negative or not finite.
  static func checkDeviation(_ value: Double, _ name: String) throws(TheoryError) {
    guard value.isFinite, value >= 0 else {
      throw TheoryError(.outOfRange, "\(name) is \(value); give a finite number of at least 0")
    }
  }
}
