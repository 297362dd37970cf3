public import Semantics

/// A scalar function of every element, by its name in the catalogue: `tanh`, `leaky_relu(0.2)`.
public struct ActivationLayer: LayerKind {
  public var name: String

  public init(_ name: String) { self.name = name }

  public static let forms = [
    NamedForm(
      "activation", "An activation, named as a value.",
      keys: [
        Key(
          "function", .activation, isRequired: true,
          "The name, with parameters in parentheses: leaky_relu(0.2).")
      ], shorthand: "function", example: "{activation: tanh}")
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    self.init(try fields.activation("function") ?? "")
  }

  public var form: String { "activation" }
  public var entries: [YAMLTree.Entry] { [YAMLTree.Entry("function", .text(name))] }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    try lowering.requireFeatures(input)
    return try lowering.append(try lowering.activation(name), to: [input])[0]
  }
}

/// `gamma · (function(alpha · x + beta) + delta)`: an activation shifted and scaled.
public struct AffineActivationLayer: LayerKind {
  public var function: String
  public var alpha: Double
  public var beta: Double
  public var gamma: Double
  public var delta: Double

  public init(
    _ function: String, alpha: Double = 1, beta: Double = 0, gamma: Double = 1, delta: Double = 0
  ) {
    self.function = function
    self.alpha = alpha
    self.beta = beta
    self.gamma = gamma
    self.delta = delta
  }

  public static let forms = [
    NamedForm(
      "affine", "gamma * (function(alpha * x + beta) + delta).",
      keys: [
        Key("function", .activation, isRequired: true, "The activation that is wrapped."),
        Key("alpha", .number(-1e6...1e6), default: "1", "Factor of the input, not 0."),
        Key("beta", .number(-1e6...1e6), default: "0", "Added to the scaled input."),
        Key("gamma", .number(-1e6...1e6), default: "1", "Factor of the output."),
        Key("delta", .number(-1e6...1e6), default: "0", "Added to the activation."),
      ], shorthand: "function", example: "{affine: {function: tanh, alpha: 0.5, gamma: 2}}")
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    self.init(
      try fields.activation("function") ?? "", alpha: try fields.number("alpha"),
      beta: try fields.number("beta"), gamma: try fields.number("gamma"),
      delta: try fields.number("delta"))
    try fields.require(
      alpha != 0, "'alpha' of 'affine' is 0", cure: "give any other number")
  }

  public var form: String { "affine" }

  public var entries: [YAMLTree.Entry] {
    let numbers = [
      ("alpha", alpha, 1.0), ("beta", beta, 0), ("gamma", gamma, 1), ("delta", delta, 0),
    ]
    return [YAMLTree.Entry("function", .text(function))]
      + numbers.filter { $0.1 != $0.2 }.map { YAMLTree.Entry($0.0, .number($0.1)) }
  }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    try lowering.requireFeatures(input)
    return try lowering.apply(
      "AffineActivation",
      [
        "function": .text(function), "alpha": .real(alpha), "beta": .real(beta),
        "gamma": .real(gamma), "delta": .real(delta),
      ], to: input)
  }
}
