/// What is wrong with a model that a user named, where, and what to do about it.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of failure: a struct over a private enum, so that a new one breaks no client.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Case: String {
      case unreadableFile, invalidModel, unsupported, limitExceeded, needsContents, mismatch
    }
    private let value: Case

    /// The file is missing or cannot be read.
    public static let unreadableFile = Code(value: .unreadableFile)
    /// The model breaks the rules of the format, or of an operator.
    public static let invalidModel = Code(value: .invalidModel)
    /// The model uses something that is not computed here.
    public static let unsupported = Code(value: .unsupported)
    /// The model is larger, or deeper, than the limits allow.
    public static let limitExceeded = Code(value: .limitExceeded)
    /// A shape depends on contents of an input, which are not known.
    public static let needsContents = Code(value: .needsContents)
    /// What the caller gave does not fit the model.
    public static let mismatch = Code(value: .mismatch)

    public var description: String { value.rawValue }
  }

  public let code: Code
  /// What is wrong, without a full stop.
  public let problem: String
  /// What the user can do about it, without a full stop.
  public let cure: String
  /// The file as the user named it.
  public var file: String?
  /// The node, as `operator 'name'`.
  public var node: String?

  public init(
    _ code: Code, _ problem: String, cure: String, file: String? = nil, node: String? = nil
  ) {
    self.code = code
    self.problem = problem
    self.cure = cure
    self.file = file
    self.node = node
  }

  /// `FILE: node: what is wrong; what to do`, on one line.
  public var description: String {
    let places = [file, node].compactMap { $0 }.map { $0 + ": " }.joined()
    return String("\(places)\(problem); \(cure)".map { $0.isNewline ? " " : $0 })
  }

  /// A model that breaks a rule, which whoever wrote it must mend.
  static func invalid(_ problem: String) -> ModelError {
    ModelError(.invalidModel, problem, cure: "check the model with onnx.checker, or export it anew")
  }

  /// Something that is not computed here.
  static func unsupported(_ problem: String) -> ModelError {
    ModelError(.unsupported, problem, cure: "export the model without it")
  }
}

extension String {
  /// A name out of a file in quotes for a message: at most 60 characters, none of them control.
  var quotedName: String {
    let shown = String(prefix(60).map { $0.isNewline || ($0.asciiValue ?? 32) < 32 ? "?" : $0 })
    return "'\(shown)\(count > 60 ? "…" : "")'"
  }
}
