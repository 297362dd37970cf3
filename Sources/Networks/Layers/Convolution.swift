public import Semantics

/// A convolution over `[channels, length]` or `[channels, height, width]`.
public struct ConvolutionLayer: WeightedLayer {
  /// How the borders are filled with zeros.
  public enum Padding: Hashable, Sendable {
    /// So that the output has ⌈input / stride⌉ places; what cannot be halved goes to the end.
    case same
    /// Not at all.
    case valid
    /// By so much on both sides of each axis.
    case by([Int])
  }

  /// Axes of the kernel: 1 or 2.
  public let rank: Int
  public var channels: Int
  /// One number per axis, as are stride and dilation.
  public var kernel: [Int]
  public var stride: [Int]
  public var dilation: [Int]
  public var padding: Padding
  public var groups: Int
  public var hasBias: Bool
  public var initialization: Initialization

  /// Creates a convolution whose kernel has one or two axes.
  public init(
    _ channels: Int, kernel: [Int], stride: [Int]? = nil, padding: Padding = .valid,
    dilation: [Int]? = nil, groups: Int = 1, bias: Bool = true,
    initialization: Initialization = Initialization()
  ) {
    precondition((1...2).contains(kernel.count), "a kernel has one or two axes")
    rank = kernel.count
    self.channels = channels
    self.kernel = kernel
    self.stride = stride ?? kernel.map { _ in 1 }
    self.dilation = dilation ?? kernel.map { _ in 1 }
    self.padding = padding
    self.groups = groups
    hasBias = bias
    self.initialization = initialization
  }

  private static let keys = [
    Key("channels", .integer(1...1_048_576), "Number of channels out."),
    Key("filters", .integer(1...1_048_576), "Another name for channels."),
    Key(
      "kernel", .integers(1...4096), isRequired: true,
      "Size of the kernel: one number for all axes, or one per axis."),
    Key("stride", .integers(1...4096), default: "1", "Steps between places of the kernel."),
    .padding,
    Key("dilation", .integers(1...4096), default: "1", "Steps between taps of the kernel."),
    Key(
      "groups", .integer(1...1_048_576), default: "1",
      "Groups of channels that do not see each other."),
    .bias, .initialization,
  ]

  public static let forms = [
    NamedForm(
      "conv1d", "A convolution over [channels, length].", keys: keys,
      example: "{conv1d: {channels: 32, kernel: 3}}"),
    NamedForm(
      "conv2d", "A convolution over [channels, height, width].", keys: keys,
      example: "{conv2d: {channels: 32, kernel: 3}}"),
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    let rank = fields.form.name == "conv1d" ? 1 : 2
    let channels = try fields.optionalInteger("channels")
    let filters = try fields.optionalInteger("filters")
    try fields.require(
      (channels == nil) != (filters == nil),
      channels == nil
        ? "'\(fields.form.name)' needs 'channels'"
        : "'\(fields.form.name)' has both 'channels' and 'filters', which mean the same",
      cure: channels == nil ? "write \(fields.form.example)" : "keep one of them")
    self.init(
      channels ?? filters ?? 1, kernel: try fields.perAxis("kernel", rank),
      stride: try fields.perAxis("stride", rank), padding: try fields.padding(rank),
      dilation: try fields.perAxis("dilation", rank), groups: try fields.integer("groups"),
      bias: try fields.boolean("bias"), initialization: try fields.initialization())
    try fields.require(
      self.channels % groups == 0,
      "\(self.channels) channels cannot be divided into \(groups) groups",
      cure: "make 'channels' a multiple of 'groups'")
  }

  public var form: String { "conv\(rank)d" }

  public var entries: [YAMLTree.Entry] {
    let ones = kernel.map { _ in 1 }
    var entries = [
      YAMLTree.Entry("channels", .integer(channels)),
      YAMLTree.Entry("kernel", .perAxis(kernel)),
    ]
    if stride != ones { entries.append(YAMLTree.Entry("stride", .perAxis(stride))) }
    if padding != .valid { entries.append(YAMLTree.Entry("padding", padding.tree)) }
    if dilation != ones { entries.append(YAMLTree.Entry("dilation", .perAxis(dilation))) }
    if groups != 1 { entries.append(YAMLTree.Entry("groups", .integer(groups))) }
    return entries + Key.entries(bias: hasBias, initialization)
  }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    let sample = try lowering.image(input, rank: rank)
    guard sample[0] % groups == 0, channels % groups == 0 else {
      throw lowering.error(
        .invalidShape,
        "'\(form)' has \(groups) groups, which divide not both \(sample[0]) channels in and "
          + "\(channels) out",
        cure: "choose groups that divide both")
    }
    let pads = try lowering.pads(
      padding, sample, kernel: kernel, stride: stride, dilation: dilation)
    let taps = Double(kernel.reduce(1, *))
    let fanIn = Double(sample[0] / groups) * taps
    let fanOut = Double(channels / groups) * taps / Double(stride.reduce(1, *))
    var operands = [
      input,
      try lowering.parameter(
        "weight", [channels, sample[0] / groups] + kernel, role: .weight, fanIn: fanIn,
        fanOut: fanOut, own: initialization),
    ]
    if hasBias {
      operands.append(
        try lowering.parameter(
          "bias", [channels], role: .bias, fanIn: fanIn, fanOut: fanOut, own: initialization))
    }
    return try lowering.append(
      "Conv",
      [
        "strides": .integers(stride), "pads": .integers(pads), "dilations": .integers(dilation),
        "group": .integer(groups),
      ], to: operands)[0]
  }
}

extension Key {
  static let padding = Key(
    "padding", .oneOf([.choice(["same", "valid"]), .integers(0...65_536)]), default: "valid",
    "Zeros at the borders: same, valid (none), or how many on both sides.")
}

extension ConvolutionLayer.Padding {
  var tree: YAMLTree {
    switch self {
    case .same: .text("same")
    case .valid: .text("valid")
    case .by(let counts): .perAxis(counts)
    }
  }
}

extension YAMLTree {
  /// One number where all axes agree, otherwise one per axis.
  static func perAxis(_ values: [Int]) -> YAMLTree {
    Set(values).count == 1 ? .integer(values[0]) : .integers(values)
  }
}

extension Fields {
  /// One number per axis, from one for all or from a list of `rank`; the key has a value.
  func perAxis(_ name: String, _ rank: Int) throws(NetworkError) -> [Int] {
    let values = try integers(name) ?? [1]
    if values.count == 1 { return Array(repeating: values[0], count: rank) }
    try require(
      values.count == rank,
      "'\(name)' of '\(form.name)' has \(values.count) numbers",
      cure: rank == 1 ? "give one number" : "give one number, or \(rank)")
    return values
  }

  func padding(_ rank: Int) throws(NetworkError) -> ConvolutionLayer.Padding {
    switch tree("padding")?.scalar {
    case nil where tree("padding") == nil: return .valid
    case "same": return .same
    case "valid": return .valid
    default:
      let counts = try perAxis("padding", rank)
      return counts.allSatisfy { $0 == 0 } ? .valid : .by(counts)
    }
  }
}

extension Lowering {
  /// The shape of a sample, which must be `[channels]` and `rank` axes.
  func image(_ input: Value, rank: Int?) throws(NetworkError) -> [Int] {
    try requireFeatures(input)
    let sample = sampleShape(of: input)
    guard rank.map({ sample.count == $0 + 1 }) ?? (2...3).contains(sample.count) else {
      let wanted =
        switch rank {
        case 1: "[channels, length]"
        case 2: "[channels, height, width]"
        default: "[channels, length] or [channels, height, width]"
        }
      throw error(
        .invalidShape, "'\(layerForm)' takes \(wanted), and its input is \(sample)",
        cure: sample.count == 1 ? "put 'reshape' in front of it" : "change the layers before it")
    }
    return sample
  }

  /// Zeros before and after each axis, `[begin…, end…]`, checked against the kernel.
  func pads(
    _ padding: ConvolutionLayer.Padding, _ sample: [Int], kernel: [Int], stride: [Int],
    dilation: [Int]
  ) throws(NetworkError) -> [Int] {
    var begins: [Int] = []
    var ends: [Int] = []
    for axis in kernel.indices {
      let extent = sample[axis + 1]
      let reach = dilation[axis] * (kernel[axis] - 1) + 1
      switch padding {
      case .valid:
        begins.append(0)
        ends.append(0)
      case .by(let counts):
        begins.append(counts[axis])
        ends.append(counts[axis])
      case .same:
        let places = (extent + stride[axis] - 1) / stride[axis]
        let total = max(0, (places - 1) * stride[axis] + reach - extent)
        begins.append(total / 2)
        ends.append(total - total / 2)
      }
      guard extent + begins[axis] + ends[axis] >= reach else {
        throw error(
          .invalidShape,
          "the kernel of '\(layerForm)' reaches over \(reach) places, and its input has \(extent)",
          cure: "use padding: same, or a smaller kernel")
      }
    }
    return begins + ends
  }
}
