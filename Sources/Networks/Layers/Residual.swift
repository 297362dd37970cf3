public import Semantics

/// `x + scale · branch(x)`, with a norm in front of the branch or after the sum.
public struct ResidualLayer: ContainerLayer {
  /// How the branch starts, so that deep nets begin near the identity.
  public enum Start: String, Hashable, Sendable, CaseIterable {
    /// A learned factor at the end of the branch starts at 0 (De and Smith 2020).
    case skipInit = "skipinit"
    /// The same with the name of Bachlechner et al. 2020.
    case reZero = "rezero"
    /// Branch weights times L^(−1/(2m−2)) for L branches of m weights, the last of them 0, and a
    /// learned factor that starts at 1 (Zhang et al. 2019).
    case fixup
  }

  public struct Norm: Hashable, Sendable {
    public enum Place: String, Hashable, Sendable, CaseIterable { case pre, post }
    public var place: Place
    public var kind: NormalizationLayer.Kind

    public init(_ place: Place, _ kind: NormalizationLayer.Kind = .layer) {
      self.place = place
      self.kind = kind
    }
  }

  /// What is added to the branch where it changes the shape.
  public enum Shortcut: String, Hashable, Sendable, CaseIterable {
    /// The input as it is.
    case identity
    /// A linear map of the input where the shape changes, otherwise the input as it is.
    case projection
  }

  public var scale: Double
  public var layers: [LayerDescription]
  public var norm: Norm?
  public var start: Start?
  public var shortcut: Shortcut

  public init(
    scale: Double = 1, norm: Norm? = nil, start: Start? = nil, shortcut: Shortcut = .identity,
    layers: [LayerDescription]
  ) {
    self.scale = scale
    self.norm = norm
    self.start = start
    self.shortcut = shortcut
    self.layers = layers
  }

  public init(
    scale: Double = 1, norm: Norm? = nil, start: Start? = nil, shortcut: Shortcut = .identity,
    @LayersBuilder layers: () -> [LayerDescription]
  ) {
    self.init(scale: scale, norm: norm, start: start, shortcut: shortcut, layers: layers())
  }

  private static let places = Norm.Place.allCases.map(\.rawValue)
  private static let norms = NormalizationLayer.Kind.allCases.filter { $0 != .group }.map(
    \.rawValue)

  public static let forms = [
    NamedForm(
      "residual", "x + scale * branch(x).",
      keys: [
        Key("layers", .layers, isRequired: true, "The branch."),
        Key("scale", .number(-1e15...1e15), default: "1", "Factor of the branch."),
        Key(
          "norm", .oneOf([.choice(places), .tagged(places, .choice(norms))]),
          "A norm before the branch (pre) or after the sum (post); layer_norm if not said."),
        Key(
          "init", .choice(Start.allCases.map(\.rawValue)), "How the branch starts near nothing."),
        Key(
          "shortcut", .choice(Shortcut.allCases.map(\.rawValue)), default: "identity",
          "What is added to the branch: the input, or a linear map of it where the shape changes."),
      ], example: "{residual: {layers: [{dense: 256}, relu]}}")
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    var norm: Norm?
    if let tree = fields.tree("norm") {
      norm = try Self.norm(tree, fields)
    }
    self.init(
      scale: try fields.number("scale"), norm: norm,
      start: try fields.choice("init").flatMap(Start.init),
      shortcut: try fields.choice("shortcut") == "projection" ? .projection : .identity,
      layers: try fields.layers("layers", reader: &reader))
  }

  private static func norm(_ tree: YAMLTree, _ fields: Fields) throws(NetworkError) -> Norm {
    if let place = tree.scalar.flatMap(Norm.Place.init) { return Norm(place) }
    guard let entries = tree.entries, entries.count == 1,
      let place = Norm.Place(rawValue: entries[0].key),
      let kind = entries[0].value.scalar.flatMap(NormalizationLayer.Kind.init)
    else {
      throw fields.context.error(
        .invalidValue, "'norm' of 'residual' is \(tree.kindName)",
        cure: "write pre, post, or {pre: \(norms.joined(separator: " or "))}", line: tree.line)
    }
    return Norm(place, kind)
  }

  public var form: String { "residual" }

  public var entries: [YAMLTree.Entry] {
    var entries: [YAMLTree.Entry] = []
    if scale != 1 { entries.append(YAMLTree.Entry("scale", .number(scale))) }
    if let norm {
      let place = norm.place.rawValue
      entries.append(
        YAMLTree.Entry(
          "norm",
          norm.kind == .layer
            ? .text(place) : .map([YAMLTree.Entry(place, .text(norm.kind.rawValue))])))
    }
    if let start { entries.append(YAMLTree.Entry("init", .text(start.rawValue))) }
    if shortcut != .identity {
      entries.append(YAMLTree.Entry("shortcut", .text(shortcut.rawValue)))
    }
    return entries + [YAMLTree.Entry("layers", .list(layers.map(\.tree)))]
  }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    try lowering.requireFeatures(input)
    lowering.handOver(input)
    var branch = input
    if let norm, norm.place == .pre {
      branch = try lowering.sequence([lowering.here(NormalizationLayer(norm.kind))], branch)
    }
    let weights = try start == .fixup ? layers.fixupWeights(in: lowering) : 0
    let scaling = BranchScaling(blocks: lowering.fixupBlocks, weights: weights)
    branch = try lowering.scaled(scaling) { (lowering) throws(NetworkError) in
      try lowering.sequence(layers, branch)
    }
    lowering.enter("residual")
    if scale != 1 {
      branch = try lowering.apply("Mul", to: branch, try lowering.constant(scale, [1]))
    }
    if let start {
      let factor = try lowering.parameter(
        "residual.scale", [1], startingAt: start == .fixup ? 1 : 0)
      branch = try lowering.apply("Mul", to: branch, factor)
    }
    let straight = try shortcut(from: input, to: branch, in: &lowering)
    var sum = try lowering.apply("Add", to: straight, branch)
    if let norm, norm.place == .post {
      sum = try lowering.sequence([lowering.here(NormalizationLayer(norm.kind))], sum)
    }
    return sum
  }

  private func shortcut(
    from input: Value, to branch: Value, in lowering: inout Lowering
  ) throws(NetworkError) -> Value {
    let before = lowering.sampleShape(of: input)
    let after = lowering.sampleShape(of: branch)
    if before == after { return input }
    guard shortcut == .projection else {
      throw lowering.error(
        .invalidShape, "the branch of 'residual' turns \(before) into \(after)",
        cure: "add 'shortcut: projection', or keep the shape")
    }
    switch (before.count, after.count) {
    case (1, 1),
      (2, 2) where before[0] == after[0]:
      return try lowering.projection(
        input, from: before[before.count - 1], to: after[after.count - 1],
        name: "residual.shortcut.", bias: false, own: Initialization())
    case (2, 2), (3, 3):
      // A kernel of one tap with the stride that gives the branch's extents.
      let strides = zip(before, after).dropFirst().map { ($0 + $1 - 1) / $1 }
      guard zip(zip(before, after).dropFirst(), strides).allSatisfy({ ($0.0 - 1) / $1 + 1 == $0.1 })
      else { break }
      let weight = try lowering.parameter(
        "residual.shortcut.weight", [after[0], before[0]] + strides.map { _ in 1 }, role: .weight,
        fanIn: Double(before[0]), fanOut: Double(after[0]) / Double(strides.reduce(1, *)),
        own: Initialization())
      let ones = strides.map { _ in 1 }
      return try lowering.append(
        "Conv",
        [
          "strides": .integers(strides), "pads": .integers(strides.flatMap { _ in [0, 0] }),
          "dilations": .integers(ones), "group": .integer(1),
        ], to: [input, weight])[0]
    default: break
    }
    throw lowering.error(
      .invalidShape, "no linear shortcut turns \(before) into \(after)",
      cure: "keep the shape within the branch")
  }
}

/// What a residual block does to the weights of its branch as they start.
struct BranchScaling {
  /// Blocks of the network.
  let blocks: Int
  /// Weighted layers of the branch; 0 for no scaling.
  let weights: Int
  /// Those that are still to come.
  var remaining: Int

  init(blocks: Int, weights: Int) {
    self.blocks = blocks
    self.weights = weights
    remaining = weights
  }

  static let none = BranchScaling(blocks: 0, weights: 0)

  /// The rule as the branch changes it.
  func applied(to rule: any Initializer) -> any Initializer {
    guard weights > 0, remaining > 0 else { return rule }
    if remaining == 1 { return ConstantInitializer(0) }
    let exponent = -1 / (2 * Double(weights) - 2)
    return ScaledInitializer(rule, factor: Double(blocks).power(exponent))
  }
}

extension [LayerDescription] {
  /// Residual blocks that start as Fixup says, with every `repeat` written out.
  var fixupBlocks: Int {
    reduce(0) { count, layer in
      var own = 0
      if let container = layer.kind as? any ContainerLayer {
        own = container.layers.fixupBlocks
        if (container as? ResidualLayer)?.start == .fixup { own += 1 }
        if let repeated = container as? RepeatedLayers {
          own = saturatingProduct(own, repeated.count)
        }
      }
      return saturatingSum(count, own)
    }
  }

  /// The weighted layers of a branch that starts as Fixup says.
  func fixupWeights(in lowering: Lowering) throws(NetworkError) -> Int {
    var count = 0
    for layer in self {
      switch layer.kind {
      case is DenseLayer, is ConvolutionLayer: count += 1
      case let repeated as RepeatedLayers:
        count += try repeated.layers.fixupWeights(in: lowering) * repeated.count
      case is any WeightedLayer:
        throw lowering.error(
          .invalidValue, "'init: fixup' is not known for '\(layer.kind.form)'",
          cure: "use skipinit or rezero")
      default: break
      }
    }
    return count
  }
}
