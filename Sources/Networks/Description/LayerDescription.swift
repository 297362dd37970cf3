public import Semantics

/// A family of layers: how it is written, and the operators it stands for.
///
/// Everything known about a layer is stated in its own file. The reader, the writer, the JSON
/// Schema and the lowering are walks over these requirements.
public protocol LayerKind: Sendable {
  /// The ways to write layers of this family.
  static var forms: [NamedForm] { get }

  /// Creates the layer from the keys in a file.
  init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError)

  /// The name it is written under: one of `forms`.
  var form: String { get }

  /// The keys that differ from their defaults, as they are written.
  var entries: [YAMLTree.Entry] { get }

  /// Adds the layer's nodes and parameters to a graph and returns its output.
  func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value
}

extension LayerKind {
  /// What the layer is called in the scopes of its nodes.
  var label: String {
    (self as? ActivationLayer).map { String($0.name.prefix { $0 != "(" }) } ?? form
  }

  /// The layer as it is written.
  var tree: YAMLTree {
    let entries = entries
    if entries.isEmpty { return .text(form) }
    let shorthand = Self.forms.first { $0.name == form }?.shorthand
    if entries.count == 1, entries[0].key == shorthand {
      return .map([YAMLTree.Entry(form, entries[0].value)])
    }
    return .map([YAMLTree.Entry(form, .map(entries))])
  }
}

/// A layer with weights, whose start can be changed.
public protocol WeightedLayer: LayerKind {
  /// What the layer says about how its parameters start; nil parts come from the network.
  var initialization: Initialization { get set }
}

/// A layer that contains layers.
public protocol ContainerLayer: LayerKind {
  var layers: [LayerDescription] { get set }
}

/// One layer of a network: what it is, and the name that the user gave it.
public struct LayerDescription: Sendable {
  public var kind: any LayerKind
  /// The name under which reports speak of it; nil for the layer's number.
  public var name: String?
  /// Where it stands in the file it was read from.
  public var line: SourceLine

  public init(_ kind: any LayerKind, name: String? = nil, line: SourceLine = SourceLine(nil)) {
    self.kind = kind
    self.name = name
    self.line = line
  }

  /// The layer as it is written in YAML.
  public var tree: YAMLTree {
    var tree = kind.tree
    if let repeated = kind as? RepeatedLayers { tree = .map(repeated.entries) }
    guard let name else {
      return (kind as? ActivationLayer).map { .text($0.name) } ?? tree
    }
    // A bare name has no place for the key `name`.
    let entries = tree.entries ?? [YAMLTree.Entry(kind.form, .map([]))]
    return .map(entries + [YAMLTree.Entry("name", .text(name))])
  }
}

/// Two layers are equal when they are written alike.
extension LayerDescription: Hashable {
  public static func == (a: LayerDescription, b: LayerDescription) -> Bool { a.tree == b.tree }
  public func hash(into hasher: inout Hasher) { hasher.combine(tree) }
}

extension LayerDescription {
  /// The layer after `change` was applied to it and everything it contains, innermost first.
  ///
  /// `change` returns the layers that take the place of the one it is given.
  public func rewritten(_ change: (LayerDescription) -> [LayerDescription]) -> [LayerDescription] {
    var layer = self
    if var container = kind as? any ContainerLayer {
      container.layers = container.layers.flatMap { $0.rewritten(change) }
      layer.kind = container
    }
    return change(layer)
  }
}
