public import Semantics
import Tensors

/// A fully connected layer: `W x + b`, W `[units, inputs]`.
///
/// Its input is `[features]`, or `[time, features]`, where it acts on every step.
public struct DenseLayer: WeightedLayer {
  public var units: Int
  public var hasBias: Bool
  public var initialization: Initialization

  public init(
    _ units: Int, bias: Bool = true, initialization: Initialization = Initialization()
  ) {
    self.units = units
    hasBias = bias
    self.initialization = initialization
  }

  public static let forms = [
    NamedForm(
      "dense", "A fully connected layer.",
      keys: [
        Key("units", .integer(1...16_777_216), isRequired: true, "Number of outputs."),
        .bias, .initialization,
      ], shorthand: "units", example: "{dense: {units: 256}}")
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    self.init(
      try fields.integer("units"), bias: try fields.boolean("bias"),
      initialization: try fields.initialization())
  }

  public var form: String { "dense" }

  public var entries: [YAMLTree.Entry] {
    [YAMLTree.Entry("units", .integer(units))] + Key.entries(bias: hasBias, initialization)
  }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    let sample = lowering.sampleShape(of: input)
    try lowering.requireFeatures(input)
    guard let features = sample.last, sample.count <= 2 else {
      throw lowering.error(
        .invalidShape,
        "'dense' takes [features] or [time, features], and its input is \(sample)",
        cure: "put 'flatten' in front of it")
    }
    return try lowering.projection(
      input, from: features, to: units, name: "", bias: hasBias, own: initialization)
  }
}

extension Key {
  static let bias = Key("bias", .boolean, default: "true", "Whether a bias is added.")
  static let initialization = Key(
    "init", .initialization, "How the parameters start; what is left out comes from the network.")

  /// The keys `bias` and `init` where they differ from their defaults.
  static func entries(bias: Bool, _ initialization: Initialization) -> [YAMLTree.Entry] {
    var entries: [YAMLTree.Entry] = []
    if !bias { entries.append(YAMLTree.Entry("bias", .boolean(false))) }
    if initialization != Initialization() {
      entries.append(YAMLTree.Entry("init", initialization.tree))
    }
    return entries
  }
}

extension Lowering {
  /// Refuses token numbers as the input of a layer that computes with them.
  func requireFeatures(_ input: Value) throws(NetworkError) {
    guard kind(of: input) == .real else {
      throw error(
        .invalidShape, "a layer computes with token numbers", cure: "put 'embedding' first")
    }
  }

  /// `W x + b` along the last axis of `[batch, features]` or `[batch, time, features]`.
  ///
  /// The parameters are called `NAMEweight` and `NAMEbias`.
  mutating func projection(
    _ input: Value, from features: Int, to units: Int, name: String, bias: Bool,
    role: ParameterTarget.Role = .weight, defaultFan: Double? = nil, own: Initialization
  ) throws(NetworkError) -> Value {
    let shape = shape(of: input)
    let fans = (in: Double(features), out: Double(units))
    var operands = [
      shape.count == 2
        ? input : try reshape(input, to: [shape.dropLast().reduce(1, *), features])
    ]
    operands.append(
      try parameter(
        name + "weight", [units, features], role: role, fanIn: fans.in, fanOut: fans.out,
        defaultFan: defaultFan, own: own))
    if bias {
      operands.append(
        try parameter(
          name + "bias", [units], role: .bias, fanIn: fans.in, fanOut: fans.out,
          defaultFan: defaultFan, own: own))
    }
    let result = try append("Gemm", ["transB": .integer(1)], to: operands)[0]
    return shape.count == 2 ? result : try reshape(result, to: shape.dropLast() + [units])
  }
}
