/// Something wrong with what the user gave: a file, an option, a name.
///
/// It is told in one line, `FILE:LINE: what is wrong; what to do`, with exit status 2.
public struct InputError: Error, Hashable, Sendable, CustomStringConvertible {
  public let file: String?
  public let line: Int?
  /// What is wrong and what to do, as one clause each, separated by a semicolon.
  public let message: String

  public init(file: String? = nil, line: Int? = nil, _ message: String) {
    self.file = file
    self.line = line
    self.message = message
  }

  public var description: String {
    switch (file, line) {
    case (let file?, let line?): "\(file):\(line): \(message)"
    case (let file?, nil): "\(file): \(message)"
    default: message
    }
  }
}
