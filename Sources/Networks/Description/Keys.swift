/// A key that a layer, an initialiser or a section of a file understands: its form, its range, and
/// what it means.
///
/// Reading, the messages about bad values, and the JSON Schema all come from this one statement.
public struct Key: Sendable {
  public indirect enum Form: Sendable {
    case integer(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    /// A number less than the upper bound.
    case below(Range<Double>)
    case boolean
    /// A name that the user gives.
    case text
    /// One of some scalars, as they are written.
    case choice([String])
    /// A whole number, or a list of them.
    case integers(ClosedRange<Int>)
    /// A list of layers.
    case layers
    /// How parameters start: `{weights: …, bias: …}`, or only the rule for the weights.
    case initialization
    /// An activation by name, with parameters in parentheses.
    case activation
    case oneOf([Form])
    /// A mapping with one of these names as its only key.
    case tagged([String], Form)
    /// A list of any length.
    case list(Form)
    /// A mapping with these keys, and of `oneOf`, where it names any, exactly one.
    case mapping([Key], oneOf: [String] = [])
    /// One of some things by name, alone or as the only key before its keys or its shorthand.
    case named([NamedForm])
    /// The keys of a thing, its shorthand, or nothing where none is required.
    case keys(NamedForm)
    /// What a key of this name stands for among the definitions of a schema.
    case definition(String)
  }

  public let name: String
  public let form: Form
  /// The value where the key is left out, as it would be written.
  public let fallback: String?
  public let isRequired: Bool
  /// What the key means, as one sentence.
  public let summary: String

  public init(
    _ name: String, _ form: Form, default fallback: String? = nil, isRequired: Bool = false,
    _ summary: String
  ) {
    self.name = name
    self.form = form
    self.fallback = fallback
    self.isRequired = isRequired
    self.summary = summary
  }
}

extension Key.Form {
  /// What must be written, as it follows "give".
  var expectation: String {
    switch self {
    case .integer(let range):
      "a whole number from \(range.lowerBound.grouped) to \(range.upperBound.grouped)"
    case .number(let range):
      switch (range.lowerBound.isFinite, range.upperBound.isFinite) {
      case (true, true):
        "a number from \(YAMLTree.number(range.lowerBound).scalar ?? "") to "
          + "\(YAMLTree.number(range.upperBound).scalar ?? "")"
      case (true, false):
        "a finite number of at least \(YAMLTree.number(range.lowerBound).scalar ?? "")"
      case (false, true):
        "a finite number of at most \(YAMLTree.number(range.upperBound).scalar ?? "")"
      case (false, false): "a finite number"
      }
    case .below(let range):
      "a number from \(YAMLTree.number(range.lowerBound).scalar ?? "") to less than "
        + "\(YAMLTree.number(range.upperBound).scalar ?? "")"
    case .boolean: "true or false"
    case .text: "a name"
    case .choice(let names): names.joined(separator: " or ")
    case .integers(let range):
      "whole numbers from \(range.lowerBound.grouped) to \(range.upperBound.grouped)"
    case .layers: "a list of layers"
    case .initialization: "an initialiser"
    case .activation: "the name of an activation"
    case .oneOf(let forms): forms.map(\.expectation).joined(separator: ", or ")
    case .tagged(let names, let form):
      "{\(names.joined(separator: " or ")): \(form.expectation)}"
    case .list(let form): "a list, each \(form.expectation)"
    case .mapping(let keys, let names):
      "a mapping with \((names.isEmpty ? keys.map(\.name) : names).joined(separator: " or "))"
    case .named(let forms): forms.map(\.name).joined(separator: " or ")
    case .keys(let form): form.example
    case .definition(let name): name
    }
  }
}

/// One way to write a layer or an initialiser: its name and its keys.
public struct NamedForm: Sendable {
  public let name: String
  /// What it is, as one sentence.
  public let summary: String
  public let keys: [Key]
  /// The key that `name: value` sets when value is not a mapping.
  public let shorthand: String?
  /// How to write it, for messages about missing keys.
  public let example: String

  public init(
    _ name: String, _ summary: String, keys: [Key] = [], shorthand: String? = nil,
    example: String? = nil
  ) {
    self.name = name
    self.summary = summary
    self.keys = keys
    self.shorthand = shorthand
    self.example = example ?? name
  }

  /// Whether the bare name says everything.
  var standsAlone: Bool { !keys.contains { $0.isRequired } }
}
