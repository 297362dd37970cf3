public import Semantics
public import Tensors

/// The cotangent of a convolution's input, from that of its output and from its weight.
///
/// It is also a transposed convolution. Operands are ∂y [N, D, …] and w [D, C/g, k…].
public struct ConvInputGradient: SumOfProducts, Mixing {
  public static let name = "ConvInputGradient"

  public let window: Window
  public let groups: Int
  /// The shape of the convolution's input, which strides leave open.
  public let input: [Int]

  public init(_ window: Window, groups: Int, input: [Int]) {
    self.window = window
    self.groups = groups
    self.input = input
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("strides", "pads", "dilations", "group", "shape", in: Self.name)
    window = try Window(attributes: attributes, in: Self.name)
    groups = try attributes.integer("group", default: 1, in: Self.name)
    input = try attributes.integers("shape", in: Self.name)
    guard groups > 0, input.allSatisfy({ $0 >= 0 }) else {
      throw refusal(.invalidAttribute, "group must be positive and shape not negative")
    }
  }

  public var attributes: Attributes {
    var attributes = window.attributes
    attributes["group"] = .integer(groups)
    attributes["shape"] = .integers(input)
    return attributes
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 2...2)
    let forward = Conv(window, groups: groups)
    let x = TensorType(Shape(input))
    let y = try forward.types(of: [x, operands[1]])[0]
    guard y == operands[0] else {
      throw refusal(
        .invalidShape, "the convolution of \(x) gives \(y), not the cotangent's \(operands[0])")
    }
    return [x]
  }

  private func layout(_ signature: Signature) -> ConvolutionLayout {
    ConvolutionLayout(
      input: signature.results[0].shape, weight: signature.operands[1].shape, window: window,
      groups: groups)
  }

  public func workspace(for signature: Signature) -> Int {
    let layout = layout(signature)
    return layout.columnCount * layout.parts
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let layout = ConvolutionLayout(
      input: results[0].shape, weight: operands[1].shape, window: window, groups: groups)
    let dy = operands[0].elements(as: T.self)
    let w = operands[1].elements(as: T.self)
    let dx = results[0].elements(as: T.self)
    if Convolutions.inputGradient(layout.extents, dy, w, into: dx) { return }
    if !layout.plane.isIdentity { results[0].fillWithZeros() }
    Threads.run(
      parts: layout.parts, Backward(layout: layout, dy: dy, w: w, dx: dx, workspace: workspace))
  }

  /// Images and groups, each as a product that gives columns, which are added to their places.
  private struct Backward<T: Scalar>: PartedWork {
    let layout: ConvolutionLayout
    let dy: Elements<T>
    let w: Elements<T>
    let dx: Elements<T>
    let workspace: Elements<T>

    func run(part: Int) {
      let isDirect = layout.plane.isIdentity
      let columns = layout.room(workspace, part)
      for job in layout.jobs(part) {
        let (image, group) = (job / layout.groups, job % layout.groups)
        let target = layout.inputs(dx, image, group)
        T.multiply(
          layout.weights(w, group, isTransposed: true),
          Matrix(
            layout.outputs(dy, image, group), rows: layout.groupOutputs,
            columns: layout.plane.outputs),
          into: isDirect ? target : columns)
        if !isDirect { layout.add(columns: columns, to: target) }
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let kernel = Array(graph.type(of: node.operands[1]).shape.extents[2...])
    return [
      try graph.apply(Conv(window, groups: groups), cotangent, node.operands[1]),
      try graph.apply(
        ConvWeightGradient(window, groups: groups, kernel: kernel), cotangent, node.operands[0]),
    ]
  }

  /// A contraction over the true backward fan (D/g) · Πk / Πstride, less what fell on padding.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let layout = layout(signature)
    let share =
      Double(layout.plane.insidePairs) / Double(layout.plane.inputs * layout.plane.taps)
    var product = layout.contraction(
      operands[0], operands[1], terms: layout.groupOutputs * layout.plane.taps, share: share,
      units: layout.channels, positions: layout.plane.inputs)
    product.axes = .channelsFirst(rank: signature.results[0].shape.rank)
    if operands[1].isParameter {
      layout.plane.gather(operands[0].places, over: &product, share: share)
    }
    return [product]
  }

  public func forEachTerm(
    ofElement element: Int, in signature: Signature, _ body: (Term) -> Void
  ) {
    let layout = layout(signature)
    let channel = element / layout.plane.inputs % layout.channels
    let image = element / layout.plane.inputs / layout.channels
    let first = channel / layout.groupChannels * layout.groupOutputs
    for output in first..<first + layout.groupOutputs {
      let source = (image * layout.outputChannels + output) * layout.plane.outputs
      let kernel =
        (output * layout.groupChannels + channel % layout.groupChannels) * layout.plane.taps
      layout.plane.forEachOutput(of: element % layout.plane.inputs) { tap, place in
        body(
          Term(
            1, Place(operand: 0, element: source + place), Place(operand: 1, element: kernel + tap))
        )
      }
    }
  }
}
