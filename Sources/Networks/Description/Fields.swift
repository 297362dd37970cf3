import Numbers
import Semantics

/// The keys of one layer or initialiser as they stand in a file, checked against its form.
public struct Fields: Sendable {
  public let form: NamedForm
  public let line: SourceLine
  let context: ReadingContext
  private var values: [String: YAMLTree] = [:]

  /// Checks that every key is known and every required one is there.
  ///
  /// `tree` is a mapping of keys, the value of the shorthand key, or nil for a bare name.
  init(
    _ tree: YAMLTree?, of form: NamedForm, line: SourceLine, in context: ReadingContext
  ) throws(NetworkError) {
    self.form = form
    self.line = line
    self.context = context
    if let tree, !tree.isNull {
      if let entries = tree.entries, !Self.isShorthand(entries, of: form) {
        let known = form.keys.map(\.name)
        for entry in entries {
          guard known.contains(entry.key) else {
            let cure: String
            if let near = nearestName(to: entry.key, among: known) {
              cure = "did you mean '\(near)'?"
            } else if known.isEmpty {
              cure = "it takes no keys"
            } else {
              cure = "it has: \(known.joined(separator: ", "))"
            }
            throw context.error(
              .unknownName, "'\(form.name)' has no key '\(entry.key.prefix(40))'", cure: cure,
              line: entry.line)
          }
          values[entry.key] = entry.value
        }
      } else if let shorthand = form.shorthand {
        values[shorthand] = tree
      } else {
        throw context.error(
          .invalidValue, "'\(form.name)' takes a mapping of keys, not \(tree.kindName)",
          cure: "write \(form.example)", line: tree.line)
      }
    }
    for key in form.keys where key.isRequired && values[key.name].map(\.isNull) ?? true {
      throw context.error(
        .invalidValue, "'\(form.name)' needs '\(key.name)'", cure: "write \(form.example)",
        line: line)
    }
  }

  /// Whether a mapping is the value of the shorthand key, not a mapping of keys.
  private static func isShorthand(_ entries: [YAMLTree.Entry], of form: NamedForm) -> Bool {
    guard let name = form.shorthand, let key = form.keys.first(where: { $0.name == name }),
      case .tagged(let tags, _) = key.form
    else { return false }
    return entries.count == 1 && tags.contains(entries[0].key)
  }

  private func key(_ name: String) -> Key {
    guard let key = form.keys.first(where: { $0.name == name }) else {
      preconditionFailure("'\(form.name)' does not state a key '\(name)'")
    }
    return key
  }

  func refusal(_ key: Key, _ tree: YAMLTree) -> NetworkError {
    context.error(
      .invalidValue, "'\(key.name)' of '\(form.name)' is \(tree.kindName)",
      cure: "give \(key.form.expectation)", line: tree.line)
  }

  /// The tree of a key as it was written; nil where it was left out.
  public func tree(_ name: String) -> YAMLTree? {
    values[name].flatMap { $0.isNull ? nil : $0 }
  }

  /// The tree of a key, or its default; nil where there is neither.
  private func value(_ key: Key) -> YAMLTree? {
    tree(key.name) ?? key.fallback.map { .text($0) }
  }

  /// A whole number in the range of its key; nil where there is neither value nor default.
  public func optionalInteger(_ name: String) throws(NetworkError) -> Int? {
    let key = key(name)
    guard let tree = value(key) else { return nil }
    guard let integer = tree.scalar.flatMap({ Int($0) }), key.form.accepts(integer: integer) else {
      throw refusal(key, tree)
    }
    return integer
  }

  /// A whole number in the range of its key, which has a default or is required.
  public func integer(_ name: String) throws(NetworkError) -> Int {
    guard let value = try optionalInteger(name) else {
      preconditionFailure("'\(name)' has neither a value nor a default")
    }
    return value
  }

  /// A finite number in the range of its key; nil where there is neither value nor default.
  public func optionalNumber(_ name: String) throws(NetworkError) -> Double? {
    let key = key(name)
    guard let tree = value(key) else { return nil }
    guard let number = tree.finiteNumber, key.form.accepts(number: number) else {
      throw refusal(key, tree)
    }
    return number
  }

  /// A finite number in the range of its key, which has a default or is required.
  public func number(_ name: String) throws(NetworkError) -> Double {
    guard let value = try optionalNumber(name) else {
      preconditionFailure("'\(name)' has neither a value nor a default")
    }
    return value
  }

  /// True or false; the key has a default.
  public func boolean(_ name: String) throws(NetworkError) -> Bool {
    let key = key(name)
    guard let tree = value(key) else {
      preconditionFailure("'\(name)' has neither a value nor a default")
    }
    switch tree.scalar {
    case "true", "True", "yes": return true
    case "false", "False", "no": return false
    default: throw refusal(key, tree)
    }
  }

  /// One of the names of its key; nil where there is neither value nor default.
  public func choice(_ name: String) throws(NetworkError) -> String? {
    let key = key(name)
    guard let tree = value(key) else { return nil }
    guard let text = tree.scalar, key.form.choices.contains(text) else {
      if let text = tree.scalar, let near = nearestName(to: text, among: key.form.choices) {
        throw context.error(
          .unknownName, "'\(name)' of '\(form.name)' is '\(text)'",
          cure: "did you mean '\(near)'?", line: tree.line)
      }
      throw refusal(key, tree)
    }
    return text
  }

  /// Whole numbers, of which one may stand without a list.
  ///
  /// Nil where there is neither value nor default.
  public func integers(_ name: String) throws(NetworkError) -> [Int]? {
    let key = key(name)
    guard let tree = value(key) else { return nil }
    var result: [Int] = []
    for item in tree.items ?? [tree] {
      guard let integer = item.scalar.flatMap({ Int($0) }), key.form.accepts(integer: integer)
      else { throw refusal(key, tree) }
      result.append(integer)
    }
    guard !result.isEmpty, result.count <= 8 else { throw refusal(key, tree) }
    return result
  }

  /// Finite numbers in the range of its key's list; nil where there is neither value nor default.
  public func numbers(_ name: String) throws(NetworkError) -> [Double]? {
    let key = key(name)
    guard let tree = value(key) else { return nil }
    guard case .list(let element) = key.form, let items = tree.items else {
      throw refusal(key, tree)
    }
    var result: [Double] = []
    for item in items {
      guard let number = item.finiteNumber, element.accepts(number: number) else {
        throw refusal(key, item)
      }
      result.append(number)
    }
    return result
  }

  /// An activation's name, found in the catalogue; nil where there is neither value nor default.
  public func activation(_ name: String) throws(NetworkError) -> String? {
    let key = key(name)
    guard let tree = value(key) else { return nil }
    guard let text = tree.scalar else { throw refusal(key, tree) }
    try context.checkActivation(text, line: tree.line)
    return text
  }

  /// How parameters start, as far as the layer says it.
  public func initialization(_ name: String = "init") throws(NetworkError) -> Initialization {
    guard let tree = tree(name) else { return Initialization() }
    return try Initialization(tree, in: context)
  }

  /// Runs a check of several keys together, placing its message on this layer's line.
  public func require(
    _ condition: Bool, _ problem: String, cure: String
  ) throws(NetworkError) {
    guard condition else {
      throw context.error(.invalidValue, problem, cure: cure, line: line)
    }
  }
}

extension YAMLTree {
  /// The finite number that a plain scalar is, in decimal notation.
  public var finiteNumber: Double? {
    guard let text = scalar,
      text.utf8.allSatisfy({ byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "+-.eE".utf8.contains(byte)
      }), let number = Double(text), number.isFinite
    else { return nil }
    return number
  }
}

extension Key.Form {
  func accepts(integer: Int) -> Bool {
    switch self {
    case .integer(let range), .integers(let range): range.contains(integer)
    case .oneOf(let forms): forms.contains { $0.accepts(integer: integer) }
    default: false
    }
  }

  func accepts(number: Double) -> Bool {
    switch self {
    case .number(let range): range.contains(number)
    case .below(let range): range.contains(number)
    case .oneOf(let forms): forms.contains { $0.accepts(number: number) }
    default: false
    }
  }

  /// The names that may be chosen.
  package var choices: [String] {
    switch self {
    case .choice(let names): names
    case .oneOf(let forms): forms.flatMap(\.choices)
    default: []
    }
  }
}

/// What reading needs to know besides the tree: the file's name, the activations and the limits.
struct ReadingContext: Sendable {
  let file: String?
  let activations: ActivationCatalogue
  let limits: NetworkLimits

  func error(
    _ code: NetworkError.Code, _ problem: String, cure: String, line: SourceLine
  ) -> NetworkError {
    NetworkError(code, problem, cure: cure, file: file, line: line.number)
  }

  /// Throws when there is no activation `text`, or its parameters are not admissible.
  func checkActivation(_ text: String, line: SourceLine) throws(NetworkError) {
    do {
      _ = try activations.activation(text)
    } catch {
      let name = String(text.prefix { $0 != "(" })
      let known = activations.entries.map(\.name)
      if known.contains(name) {
        throw self.error(
          .invalidValue, "'\(text)': \(error.message)",
          cure: "write \(activations.usage(of: name))", line: line)
      }
      let cure =
        nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
        ?? "the activations are: \(known.joined(separator: ", "))"
      throw self.error(
        .unknownName, "there is no activation '\(name.prefix(40))'", cure: cure, line: line)
    }
  }
}

extension ActivationCatalogue {
  /// How an activation is written: `leaky_relu(negative_slope)`.
  func usage(of name: String) -> String {
    guard let entry = entries.first(where: { $0.name == name }), !entry.parameters.isEmpty else {
      return name
    }
    return "\(name)(\(entry.parameters.map(\.name).joined(separator: ", ")))"
  }
}
