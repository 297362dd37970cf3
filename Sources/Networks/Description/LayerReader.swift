import Semantics

/// Reads lists of layers, knowing how deep it is.
public struct LayerReader {
  let context: ReadingContext
  private var depth = 0

  init(_ context: ReadingContext) { self.context = context }

  /// Every family of layers; to add one, write its file and name it here.
  static let families: [any LayerKind.Type] = [
    DenseLayer.self, ConvolutionLayer.self, PoolingLayer.self, GlobalAveragePoolLayer.self,
    FlattenLayer.self, ReshapeLayer.self, FunctionLayer.self, NormalizationLayer.self,
    DropoutLayer.self, ResidualLayer.self, RecurrentLayer.self, AttentionLayer.self,
    EmbeddingLayer.self, RepeatedLayers.self, ActivationLayer.self, AffineActivationLayer.self,
  ]

  /// Forms and families by name.
  private static let table: [String: (form: NamedForm, family: any LayerKind.Type)] =
    Dictionary(
      uniqueKeysWithValues: families.flatMap { family in
        family.forms.map { ($0.name, ($0, family)) }
      })

  /// The names of all layers that are not activations, in the order of the families.
  public static var layerNames: [String] { families.flatMap { $0.forms.map(\.name) } }

  /// Reads a list of layers, which must not be empty.
  public mutating func layers(_ tree: YAMLTree) throws(NetworkError) -> [LayerDescription] {
    guard let items = tree.items else {
      throw context.error(
        .invalidYAML, "'layers' must be a list, not \(tree.kindName)",
        cure: "write one '- layer' per line", line: tree.line)
    }
    guard !items.isEmpty else {
      throw context.error(
        .invalidYAML, "'layers' is an empty list", cure: "write one '- layer' per line",
        line: tree.line)
    }
    guard depth < context.limits.nesting else {
      throw context.error(
        .limitExceeded, "layers are nested more than \(context.limits.nesting) deep",
        cure: "nest layers less", line: tree.line)
    }
    depth += 1
    defer { depth -= 1 }
    var layers: [LayerDescription] = []
    layers.reserveCapacity(items.count)
    for item in items { layers.append(try layer(item)) }
    return layers
  }

  private mutating func layer(_ tree: YAMLTree) throws(NetworkError) -> LayerDescription {
    switch tree.content {
    case .scalar(let name, _):
      guard !tree.isNull else {
        throw context.error(
          .invalidYAML, "a layer is missing", cure: "name a layer after the dash", line: tree.line)
      }
      return LayerDescription(try kind(name, nil, line: tree.line), line: tree.line)
    case .sequence:
      throw context.error(
        .invalidYAML, "a layer is a list", cure: "write one '- layer' per line", line: tree.line)
    case .mapping(let entries):
      var name: String?
      var others: [YAMLTree.Entry] = []
      for entry in entries {
        if entry.key == "name" {
          name = try layerName(entry.value)
        } else {
          others.append(entry)
        }
      }
      if others.contains(where: { $0.key == "repeat" }) {
        let fields = try Fields(
          .map(others), of: RepeatedLayers.form, line: tree.line, in: context)
        return LayerDescription(
          try RepeatedLayers(fields, reader: &self), name: name, line: tree.line)
      }
      guard others.count == 1 else {
        let names = others.prefix(3).map { "'\($0.key.prefix(40))'" }.joined(separator: " and ")
        throw context.error(
          .invalidYAML,
          others.isEmpty ? "a layer has no kind" : "one layer is \(names)",
          cure: others.isEmpty
            ? "write it as 'dense: 256'"
            : "write one layer per dash, and the keys of a layer in its own mapping",
          line: tree.line)
      }
      let kind = try kind(others[0].key, others[0].value, line: others[0].line)
      return LayerDescription(kind, name: name, line: tree.line)
    }
  }

  private func layerName(_ tree: YAMLTree) throws(NetworkError) -> String {
    guard let name = tree.scalar, !name.isEmpty, name.utf8.count <= 64,
      name.utf8.allSatisfy({ byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      })
    else {
      throw context.error(
        .invalidValue, "'name' is \(tree.kindName)",
        cure: "use up to 64 letters, digits, '_' and '-'", line: tree.line)
    }
    return name
  }

  private mutating func kind(
    _ name: String, _ value: YAMLTree?, line: SourceLine
  ) throws(NetworkError) -> any LayerKind {
    if let (form, family) = Self.table[name] {
      let fields = try Fields(value, of: form, line: line, in: context)
      return try family.init(fields, reader: &self)
    }
    let bare = String(name.prefix { $0 != "(" })
    let activations = context.activations.entries.map(\.name)
    if activations.contains(bare) {
      return ActivationLayer(try activationText(name, value, line: line))
    }
    let known = Self.layerNames + activations
    let cure =
      nearestName(to: bare, among: known).map { "did you mean '\($0)'?" }
      ?? "the layers are: \(known.joined(separator: ", "))"
    throw context.error(
      .unknownName, "there is no layer '\(bare.prefix(40))'", cure: cure, line: line)
  }

  /// `leaky_relu: 0.2` and `{relu: {}, name: gate}`, as text that the catalogue understands.
  private func activationText(
    _ name: String, _ value: YAMLTree?, line: SourceLine
  ) throws(NetworkError) -> String {
    var text = name
    if let value, !value.isNull, value.entries?.isEmpty != true {
      guard let scalar = value.scalar, !name.contains("(") else {
        throw context.error(
          .invalidValue, "'\(name)' is given \(value.kindName)",
          cure: "write \(context.activations.usage(of: name))", line: line)
      }
      text += "(\(scalar))"
    }
    try context.checkActivation(text, line: line)
    return text
  }
}
