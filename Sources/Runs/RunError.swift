/// What is wrong with the file of a run, and what to do about it.
public struct RunError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file as the user named it.
  public let file: String
  /// What is wrong, without a full stop.
  public let problem: String
  /// What the user can do about it, without a full stop.
  public let cure: String

  public init(_ file: String, _ problem: String, cure: String) {
    self.file = file
    self.problem = problem
    self.cure = cure
  }

  /// `FILE: what is wrong; what to do`, on one line.
  public var description: String {
    String("\(file): \(problem); \(cure)".map { $0.isNewline ? " " : $0 })
  }
}
