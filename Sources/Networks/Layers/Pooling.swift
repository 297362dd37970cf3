public import Semantics

/// The largest or the mean of each window of `[channels, length]` or `[channels, height, width]`.
public struct PoolingLayer: LayerKind {
  public enum Kind: String, Hashable, Sendable {
    case maximum = "max_pool"
    case average = "average_pool"
  }

  public var kind: Kind
  /// One number for all axes, or one per axis, as is the stride.
  public var kernel: [Int]
  public var stride: [Int]
  public var padding: ConvolutionLayer.Padding

  public init(
    _ kind: Kind, kernel: [Int], stride: [Int]? = nil,
    padding: ConvolutionLayer.Padding = .valid
  ) {
    self.kind = kind
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
  }

  private static let keys = [
    Key(
      "kernel", .integers(1...4096), isRequired: true,
      "Size of the window: one number for all axes, or one per axis."),
    Key(
      "stride", .integers(1...4096), "Steps between windows; as large as the window if left out."),
    Key.padding,
  ]

  public static let forms = [
    NamedForm(
      "max_pool", "The largest element of each window.", keys: keys, shorthand: "kernel",
      example: "{max_pool: 2}"),
    NamedForm(
      "average_pool", "The mean of each window, padding not counted.", keys: keys,
      shorthand: "kernel", example: "{average_pool: 2}"),
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    let kernel = try fields.integers("kernel") ?? [1]
    let stride = try fields.integers("stride")
    let padding: ConvolutionLayer.Padding
    switch fields.tree("padding")?.scalar {
    case nil where fields.tree("padding") == nil: padding = .valid
    case "same": padding = .same
    case "valid": padding = .valid
    default: padding = .by(try fields.integers("padding") ?? [0])
    }
    self.init(
      fields.form.name == "max_pool" ? .maximum : .average, kernel: kernel, stride: stride,
      padding: padding)
  }

  public var form: String { kind.rawValue }

  public var entries: [YAMLTree.Entry] {
    var entries = [YAMLTree.Entry("kernel", .perAxis(kernel))]
    if stride != kernel { entries.append(YAMLTree.Entry("stride", .perAxis(stride))) }
    if padding != .valid { entries.append(YAMLTree.Entry("padding", padding.tree)) }
    return entries
  }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    let sample = try lowering.image(input, rank: nil)
    let rank = sample.count - 1
    func perAxis(_ values: [Int], _ name: String) throws(NetworkError) -> [Int] {
      if values.count == 1 { return Array(repeating: values[0], count: rank) }
      guard values.count == rank else {
        throw lowering.error(
          .invalidShape,
          "'\(name)' of '\(form)' has \(values.count) numbers, and its input \(sample) \(rank) axes",
          cure: "give one number, or one per axis")
      }
      return values
    }
    let kernel = try perAxis(kernel, "kernel")
    let stride = try perAxis(stride, "stride")
    var padding = padding
    if case .by(let counts) = padding { padding = .by(try perAxis(counts, "padding")) }
    let pads = try lowering.pads(
      padding, sample, kernel: kernel, stride: stride, dilation: kernel.map { _ in 1 })
    guard (0..<rank).allSatisfy({ max(pads[$0], pads[$0 + rank]) < kernel[$0] }) else {
      throw lowering.error(
        .invalidShape, "the padding of '\(form)' is as large as its window",
        cure: "use less padding")
    }
    var attributes: Attributes = [
      "kernel_shape": .integers(kernel), "strides": .integers(stride), "pads": .integers(pads),
    ]
    if kind == .average { attributes["count_include_pad"] = .integer(0) }
    return try lowering.append(
      kind == .maximum ? "MaxPool" : "AveragePool", attributes, to: [input])[0]
  }
}

/// The mean of every channel: `[channels, …]` becomes `[channels]`.
public struct GlobalAveragePoolLayer: LayerKind {
  public init() {}

  public static let forms = [
    NamedForm("global_average_pool", "The mean of every channel over all its places.")
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) { self.init() }

  public var form: String { "global_average_pool" }
  public var entries: [YAMLTree.Entry] { [] }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    let sample = try lowering.image(input, rank: nil)
    let means = try lowering.apply("GlobalAveragePool", to: input)
    return try lowering.reshape(means, to: [lowering.shape(of: input)[0], sample[0]])
  }
}
