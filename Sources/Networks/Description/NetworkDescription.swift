public import Semantics

/// A network as a person describes it, in YAML or in Swift; a value that can be rewritten.
public struct NetworkDescription: Hashable, Sendable {
  /// The shape of one sample: `[features]`, `[channels, height, width]`, `[time, features]`, or
  /// `[time]` for token numbers.
  public var input: [Int]
  /// How parameters start where a layer does not say it.
  public var initialization: Initialization
  public var layers: [LayerDescription]
  public var loss: LossDescription?
  /// Sections of the file that do not describe the network, such as `data` and `training`.
  public var otherSections: [YAMLTree.Entry]
  /// The file it was read from, for messages.
  public var file: SourceFile

  public init(
    input: [Int], initialization: Initialization = Initialization(),
    layers: [LayerDescription], loss: LossDescription? = nil
  ) {
    self.input = input
    self.initialization = initialization
    self.layers = layers
    self.loss = loss
    otherSections = []
    file = SourceFile(nil)
  }

  /// The description with `change` applied to every layer, innermost first.
  public func rewritten(
    _ change: (LayerDescription) -> [LayerDescription]
  ) -> NetworkDescription {
    var result = self
    result.layers = layers.flatMap { $0.rewritten(change) }
    return result
  }

  /// The number of layers with every `repeat` written out, containers not counted.
  public var layerCount: Int { layers.expandedCount }
}

/// The name of a file; all are equal, since where a network was written does not make it another.
public struct SourceFile: Hashable, Sendable {
  public let path: String?

  public init(_ path: String?) { self.path = path }

  public static func == (a: SourceFile, b: SourceFile) -> Bool { true }
  public func hash(into hasher: inout Hasher) {}
}

extension [LayerDescription] {
  /// The number of layers with every `repeat` written out; the largest integer if that overflows.
  var expandedCount: Int {
    reduce(0) { count, layer in
      let own =
        switch layer.kind {
        case let repeated as RepeatedLayers:
          saturatingProduct(repeated.count, repeated.layers.expandedCount)
        case let container as any ContainerLayer:
          saturatingSum(1, container.layers.expandedCount)
        default: 1
        }
      return saturatingSum(count, own)
    }
  }
}

// MARK: - YAML

extension NetworkDescription {
  /// The keys that may stand at the top of a file.
  static let sections = ["network", "data", "training", "watch"]
  static let networkKeys = ["input", "init", "layers", "loss"]

  /// Reads a YAML file.
  ///
  /// - Throws: ``NetworkError`` with file and line.
  public init(
    contentsOf path: String, activations: ActivationCatalogue,
    limits: NetworkLimits = NetworkLimits()
  ) throws(NetworkError) {
    let tree = try YAMLTree(contentsOf: path, limits: limits)
    try self.init(tree, file: path, activations: activations, limits: limits)
  }

  /// Reads YAML text; `file` is the name that errors bear.
  ///
  /// - Throws: ``NetworkError`` with file and line.
  public init(
    yaml: String, file: String? = nil, activations: ActivationCatalogue,
    limits: NetworkLimits = NetworkLimits()
  ) throws(NetworkError) {
    let tree = try YAMLTree(text: yaml, file: file, limits: limits)
    try self.init(tree, file: file, activations: activations, limits: limits)
  }

  private init(
    _ tree: YAMLTree, file: String?, activations: ActivationCatalogue, limits: NetworkLimits
  ) throws(NetworkError) {
    let context = ReadingContext(file: file, activations: activations, limits: limits)
    guard !tree.isNull else {
      throw context.error(
        .invalidYAML, "the file is empty", cure: "describe a network in it", line: tree.line)
    }
    let top = try context.entries(of: tree, "the file", known: Self.sections)
    guard let network = tree["network"], !network.isNull else {
      throw context.error(
        .invalidYAML, "there is no 'network'",
        cure: "write 'network:' with input and layers under it", line: tree.line)
    }
    _ = try context.entries(of: network, "'network'", known: Self.networkKeys)
    guard let shape = network["input"], !shape.isNull else {
      throw context.error(
        .invalidYAML, "'network' has no 'input'",
        cure: "write the shape of one sample, such as input: [784]", line: network.line)
    }
    guard let list = network["layers"], !list.isNull else {
      throw context.error(
        .invalidYAML, "'network' has no 'layers'",
        cure: "write a list of layers, such as layers: [{dense: 256}, relu]", line: network.line)
    }
    var reader = LayerReader(context)
    let layers = try reader.layers(list)
    self.init(
      input: try Self.inputShape(shape, in: context),
      initialization: try network["init"].map { (tree) throws(NetworkError) in
        try Initialization(tree, in: context)
      } ?? Initialization(),
      layers: layers,
      loss: try network["loss"].map { (tree) throws(NetworkError) in
        try LossDescription(tree, in: context)
      })
    let count = layers.expandedCount
    guard count <= limits.layers else {
      let written = count == .max ? "more than \((Int.max - 1).grouped)" : count.grouped
      throw context.error(
        .limitExceeded,
        "the network has \(written) layers once 'repeat' is written out",
        cure: "at most \(limits.layers.grouped) are allowed", line: list.line)
    }
    otherSections = top.filter { $0.key != "network" }
    self.file = SourceFile(file)
  }

  private static func inputShape(
    _ tree: YAMLTree, in context: ReadingContext
  ) throws(NetworkError) -> [Int] {
    let items = tree.items ?? [tree]
    var shape: [Int] = []
    for item in items {
      guard let extent = item.scalar.flatMap({ Int($0) }), extent >= 1 else {
        throw context.error(
          .invalidValue, "'input' contains \(item.kindName)",
          cure: "give whole numbers of at least 1, such as [784] or [3, 32, 32]", line: item.line)
      }
      shape.append(extent)
    }
    guard (1...4).contains(shape.count), tree.entries == nil else {
      throw context.error(
        .invalidValue,
        "'input' is \(tree.entries == nil ? "a list of \(shape.count)" : "a mapping")",
        cure: "give one to four whole numbers, such as [784] or [3, 32, 32]", line: tree.line)
    }
    guard shape.reduce(1, saturatingProduct) <= context.limits.valueElements else {
      throw context.error(
        .limitExceeded, "a sample of shape \(shape) has too many elements",
        cure: "at most \(context.limits.valueElements.grouped) are allowed", line: tree.line)
    }
    return shape
  }

  /// The description as YAML text, which reads back as an equal description.
  public var yaml: String { tree.yaml }

  /// The whole file as a tree.
  public var tree: YAMLTree {
    var network: [YAMLTree.Entry] = [YAMLTree.Entry("input", .integers(input))]
    if initialization != Initialization() {
      network.append(YAMLTree.Entry("init", initialization.tree))
    }
    network.append(YAMLTree.Entry("layers", .list(layers.map(\.tree))))
    if let loss { network.append(YAMLTree.Entry("loss", loss.tree)) }
    return .map([YAMLTree.Entry("network", .map(network))] + otherSections)
  }
}

extension NetworkDescription {
  /// The text of a network's file, changed so that it reads as another network; comments, order and
  /// spelling of what is not changed stay as they are.
  ///
  /// - Parameters:
  ///   - text: what this network was read from.
  ///   - other: what it is to be read as.
  /// - Returns: the changed text; where that cannot be had by changing parts, one written anew.
  public func revised(_ text: String, to other: NetworkDescription) -> String {
    guard let own = try? YAMLTree(text: text) else { return other.yaml }
    return YAMLRevision.text(text, readingAs: own.carrying(changesFrom: tree, to: other.tree))
  }
}

extension ReadingContext {
  /// The entries of a mapping whose keys must be among `known`.
  func entries(
    of tree: YAMLTree, _ owner: String, known: [String]
  ) throws(NetworkError) -> [YAMLTree.Entry] {
    guard let entries = tree.entries else {
      throw error(
        .invalidYAML, "\(owner) must be a mapping, not \(tree.kindName)",
        cure: "write keys such as '\(known[0]):'", line: tree.line)
    }
    for entry in entries where !known.contains(entry.key) {
      let cure =
        nearestName(to: entry.key, among: known).map { "did you mean '\($0)'?" }
        ?? "it has: \(known.joined(separator: ", "))"
      throw error(
        .unknownName, "\(owner) has no key '\(entry.key.prefix(40))'", cure: cure, line: entry.line)
    }
    return entries
  }
}
