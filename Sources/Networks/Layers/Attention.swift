public import Semantics

/// Scaled dot-product attention of a sequence with itself, with four projections.
///
/// `[time, features]` keeps its shape. Logits are divided by √(dim / heads) (Vaswani et al. 2017).
public struct AttentionLayer: WeightedLayer {
  public var heads: Int
  public var isCausal: Bool
  /// Width of queries, keys and values of all heads together; nil for that of the input.
  public var dim: Int?
  public var hasBias: Bool
  public var initialization: Initialization

  public init(
    heads: Int = 1, causal: Bool = false, dim: Int? = nil, bias: Bool = true,
    initialization: Initialization = Initialization()
  ) {
    self.heads = heads
    isCausal = causal
    self.dim = dim
    hasBias = bias
    self.initialization = initialization
  }

  public static let forms = [
    NamedForm(
      "attention", "Scaled dot-product attention of a sequence with itself.",
      keys: [
        Key("heads", .integer(1...65_536), default: "1", "Number of heads; it divides dim."),
        Key("causal", .boolean, default: "false", "Whether a step sees only those before it."),
        Key(
          "dim", .integer(1...16_777_216),
          "Width of queries, keys and values; that of the input if left out."),
        .bias, .initialization,
      ], shorthand: "heads", example: "{attention: {heads: 4}}")
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    self.init(
      heads: try fields.integer("heads"), causal: try fields.boolean("causal"),
      dim: try fields.optionalInteger("dim"), bias: try fields.boolean("bias"),
      initialization: try fields.initialization())
  }

  public var form: String { "attention" }

  public var entries: [YAMLTree.Entry] {
    var entries: [YAMLTree.Entry] = []
    if heads != 1 { entries.append(YAMLTree.Entry("heads", .integer(heads))) }
    if isCausal { entries.append(YAMLTree.Entry("causal", .boolean(true))) }
    if let dim { entries.append(YAMLTree.Entry("dim", .integer(dim))) }
    return entries + Key.entries(bias: hasBias, initialization)
  }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    try lowering.requireFeatures(input)
    let shape = lowering.shape(of: input)
    guard shape.count == 3 else {
      throw lowering.error(
        .invalidShape,
        "'attention' takes [time, features], and its input is \(Array(shape.dropFirst()))",
        cure: "put 'reshape' in front of it")
    }
    let (batch, steps, features) = (shape[0], shape[1], shape[2])
    let width = dim ?? features
    guard width % heads == 0 else {
      throw lowering.error(
        .invalidShape, "\(heads) heads cannot share a width of \(width)",
        cure: "make 'dim' a multiple of 'heads'")
    }
    var operands: [Value] = []
    for name in ["q", "k", "v"] {
      operands.append(
        try lowering.scoped(name) { (lowering) throws(NetworkError) in
          let projected = try lowering.projection(
            input, from: features, to: width, name: name + ".", bias: hasBias,
            own: initialization)
          let split = try lowering.reshape(projected, to: [batch, steps, heads, width / heads])
          return try lowering.apply("Transpose", ["perm": .integers([0, 2, 1, 3])], to: split)
        })
    }
    let scale = 1 / Double(width / heads).squareRoot()
    let attended = try lowering.append(
      "Attention", ["is_causal": .integer(isCausal ? 1 : 0), "scale": .real(scale)],
      to: operands)[0]
    return try lowering.scoped("out") { (lowering) throws(NetworkError) in
      let rows = try lowering.apply("Transpose", ["perm": .integers([0, 2, 1, 3])], to: attended)
      let joined = try lowering.reshape(rows, to: [batch, steps, width])
      return try lowering.projection(
        joined, from: width, to: features, name: "out.", bias: hasBias, own: initialization)
    }
  }
}
