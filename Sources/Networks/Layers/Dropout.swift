public import Semantics

/// Sets a random share of the elements to 0 and divides the others by what is left, as in training.
public struct DropoutLayer: LayerKind {
  public var rate: Double

  public init(_ rate: Double) { self.rate = rate }

  public static let forms = [
    NamedForm(
      "dropout", "Sets a random share of the elements to 0, and scales the others up.",
      keys: [
        Key("rate", .number(0...1), isRequired: true, "Share that is set to 0, less than 1.")
      ], shorthand: "rate", example: "{dropout: 0.1}")
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    self.init(try fields.number("rate"))
    try fields.require(rate < 1, "'rate' of 'dropout' is 1", cure: "give a number below 1")
  }

  public var form: String { "dropout" }
  public var entries: [YAMLTree.Entry] { [YAMLTree.Entry("rate", .number(rate))] }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    try lowering.requireFeatures(input)
    switch lowering.purpose {
    case .inference: return input
    case .training:
      let mask = try lowering.auxiliaryInput(
        "dropout", lowering.shape(of: input), .mask(rate: rate))
      return try lowering.apply("Mul", to: input, mask)
    case .analysis: break
    }
    let seed = lowering.nextDropoutSeed()
    return try lowering.apply(
      "Dropout", ["ratio": .real(rate), "training": .integer(1), "seed": .integer(seed)],
      to: input)
  }
}
