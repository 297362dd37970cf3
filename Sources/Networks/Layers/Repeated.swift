public import Semantics

/// Layers that follow each other again and again, each time with parameters of their own.
public struct RepeatedLayers: ContainerLayer {
  public var count: Int
  public var layers: [LayerDescription]

  public init(_ count: Int, layers: [LayerDescription]) {
    self.count = count
    self.layers = layers
  }

  public init(_ count: Int, @LayersBuilder layers: () -> [LayerDescription]) {
    self.init(count, layers: layers())
  }

  static let form = NamedForm(
    "repeat", "Layers that follow each other again and again, with parameters of their own.",
    keys: [
      Key("repeat", .integer(1...Int.max), isRequired: true, "How often."),
      Key("layers", .layers, isRequired: true, "What is repeated."),
    ], example: "'repeat: 50' with 'layers:' under it")

  public static let forms = [form]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    let count = try fields.integer("repeat")
    self.init(count, layers: try fields.layers("layers", reader: &reader))
  }

  public var form: String { "repeat" }
  public var entries: [YAMLTree.Entry] {
    [
      YAMLTree.Entry("repeat", .integer(count)),
      YAMLTree.Entry("layers", .list(layers.map(\.tree))),
    ]
  }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    var value = input
    for _ in 0..<count { value = try lowering.sequence(layers, value) }
    return value
  }
}

extension Fields {
  /// The layers under a key that is required.
  func layers(
    _ name: String, reader: inout LayerReader
  ) throws(NetworkError) -> [LayerDescription] {
    guard let tree = tree(name) else { preconditionFailure("'\(name)' is required") }
    return try reader.layers(tree)
  }
}
