/// How the parameters of a layer start, as far as it is said; nil parts are decided further out.
public struct Initialization: Hashable, Sendable {
  public var weights: InitializerChoice?
  public var bias: InitializerChoice?
  /// Of the weights that multiply the state of the step before.
  public var recurrent: InitializerChoice?

  public init(
    weights: (any Initializer)? = nil, bias: (any Initializer)? = nil,
    recurrent: (any Initializer)? = nil
  ) {
    self.weights = weights.map(InitializerChoice.init)
    self.bias = bias.map(InitializerChoice.init)
    self.recurrent = recurrent.map(InitializerChoice.init)
  }

  /// The parts of `self`, and those of `outer` where `self` says nothing.
  public func filled(from outer: Initialization) -> Initialization {
    var result = self
    result.weights = weights ?? outer.weights
    result.bias = bias ?? outer.bias
    result.recurrent = recurrent ?? outer.recurrent
    return result
  }

  static let keys = [
    Key("weights", .initialization, "How the weights start."),
    Key("bias", .initialization, "How the biases start."),
    Key(
      "recurrent", .initialization,
      "How the weights that multiply the state of the step before start."),
  ]

  /// Reads `{weights: …, bias: …, recurrent: …}`, or one rule, which is for the weights.
  init(_ tree: YAMLTree, in context: ReadingContext) throws(NetworkError) {
    let parts = Self.keys.map(\.name)
    guard let entries = tree.entries, entries.contains(where: { parts.contains($0.key) }) else {
      self.init()
      weights = try InitializerChoice(tree, in: context)
      return
    }
    self.init()
    for entry in try context.entries(of: tree, "'init'", known: parts) {
      let choice = try InitializerChoice(entry.value, in: context)
      switch entry.key {
      case "weights": weights = choice
      case "bias": bias = choice
      default: recurrent = choice
      }
    }
  }

  /// The parts as they are written.
  var tree: YAMLTree {
    if let weights, bias == nil, recurrent == nil { return weights.rule.tree }
    let parts = [("weights", weights), ("bias", bias), ("recurrent", recurrent)]
    return .map(parts.compactMap { name, part in part.map { .init(name, $0.rule.tree) } })
  }
}

/// A rule of any family; two are equal when they are written alike.
public struct InitializerChoice: Hashable, Sendable {
  public let rule: any Initializer

  public init(_ rule: any Initializer) { self.rule = rule }

  public static func == (a: InitializerChoice, b: InitializerChoice) -> Bool {
    a.rule.tree == b.rule.tree
  }
  public func hash(into hasher: inout Hasher) { hasher.combine(rule.tree) }

  /// Reads `xavier_normal`, `{normal: 0.01}`, `{he_normal: {mode: fan_out}}`, or a constant.
  init(_ tree: YAMLTree, in context: ReadingContext) throws(NetworkError) {
    if let value = tree.finiteNumber {
      self.init(ConstantInitializer(value))
      return
    }
    let name: String
    let value: YAMLTree?
    switch tree.content {
    case .scalar(let text, _): (name, value) = (text, nil)
    case .mapping(let entries) where entries.count == 1:
      (name, value) = (entries[0].key, entries[0].value)
    default:
      throw context.error(
        .invalidValue, "an initialiser is \(tree.kindName)",
        cure: "write a name such as xavier_normal, a mapping such as {normal: 0.01}, or a number",
        line: tree.line)
    }
    guard let (form, family) = InitializerCatalogue.table[name] else {
      if let text = tree.scalar, Double(text) != nil {
        throw context.error(
          .invalidValue, "an initialiser is '\(text)'", cure: "give a finite number",
          line: tree.line)
      }
      let names = InitializerCatalogue.names
      let cure =
        nearestName(to: name, among: names).map { "did you mean '\($0)'?" }
        ?? "the initialisers are: \(names.joined(separator: ", "))"
      throw context.error(
        .unknownName, "there is no initialiser '\(name.prefix(40))'", cure: cure, line: tree.line)
    }
    self.init(try family.init(try Fields(value, of: form, line: tree.line, in: context)))
  }
}
