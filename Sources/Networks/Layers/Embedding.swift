public import Semantics
import Tensors

/// One row of weights per token: `[time]` token numbers become `[time, dim]`.
///
/// The rows start as N(0, 1) unless the layer says otherwise: one row is picked, nothing is summed,
/// so that rules with fans do not apply and the network's default is not taken.
public struct EmbeddingLayer: WeightedLayer {
  public var vocabulary: Int
  public var dim: Int
  public var initialization: Initialization

  public init(
    vocabulary: Int, dim: Int, initialization: Initialization = Initialization()
  ) {
    self.vocabulary = vocabulary
    self.dim = dim
    self.initialization = initialization
  }

  public static let forms = [
    NamedForm(
      "embedding", "One row of weights per token number; it must be the first layer.",
      keys: [
        Key("vocabulary", .integer(1...268_435_456), isRequired: true, "Number of tokens."),
        Key("dim", .integer(1...16_777_216), isRequired: true, "Width of a row."),
        Key("init", .initialization, "How the rows start: N(0, 1) if left out."),
      ], example: "{embedding: {vocabulary: 1000, dim: 64}}")
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    self.init(
      vocabulary: try fields.integer("vocabulary"), dim: try fields.integer("dim"),
      initialization: try fields.initialization())
  }

  public var form: String { "embedding" }

  public var entries: [YAMLTree.Entry] {
    [
      YAMLTree.Entry("vocabulary", .integer(vocabulary)), YAMLTree.Entry("dim", .integer(dim)),
    ] + Key.entries(bias: true, initialization)
  }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    guard lowering.kind(of: input) == .integer else {
      throw lowering.error(
        .invalidShape, "'embedding' takes token numbers, and its input is computed",
        cure: "make it the first layer")
    }
    let sample = lowering.sampleShape(of: input)
    guard sample.count == 1 else {
      throw lowering.error(
        .invalidShape, "'embedding' takes [time], and its input is \(sample)",
        cure: "give the number of tokens of a sample, such as input: [64]")
    }
    let weight = try lowering.parameter(
      "weight", [vocabulary, dim], role: .embedding, fanIn: 1, fanOut: 1, own: initialization)
    return try lowering.apply("Gather", ["axis": .integer(0)], to: weight, input)
  }
}
