public import Semantics
public import Tensors

/// A convolution (cross-correlation, as all frameworks have it) over one or two spatial axes.
///
/// Operands are x [N, C, …], w [D, C/g, k…] and an optional bias [D]; the result is [N, D, …].
public struct Conv: SumOfProducts, Mixing {
  public static let name = "Conv"

  public let window: Window
  public let groups: Int

  public init(_ window: Window = Window(), groups: Int = 1) {
    self.window = window
    self.groups = groups
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(
      "strides", "pads", "dilations", "group", "kernel_shape", in: Self.name)
    window = try Window(attributes: attributes, in: Self.name)
    groups = try attributes.integer("group", default: 1, in: Self.name)
    kernel = try attributes.integers("kernel_shape", default: [], in: Self.name)
    guard groups > 0 else { throw refusal(.invalidAttribute, "group must be positive") }
  }

  /// The kernel's extents, if they were stated; they must be those of the weight.
  private var kernel: [Int] = []

  public var attributes: Attributes {
    var attributes = window.attributes
    attributes["group"] = .integer(groups)
    if !kernel.isEmpty { attributes["kernel_shape"] = .integers(kernel) }
    return attributes
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 2...3)
    let (x, w) = (operands[0].shape, operands[1].shape)
    guard (3...4).contains(x.rank), w.rank == x.rank else {
      throw refusal(
        .invalidShape, "takes images [N, C, …] and kernels of 1 or 2 axes, not \(x) and \(w)")
    }
    try window.check(rank: x.rank - 2, in: Self.name)
    guard x[1] % groups == 0, x[1] / groups == w[1], w[0] % groups == 0 else {
      throw refusal(
        .invalidShape, "\(groups) groups of kernels \(w) do not fit the channels of \(x)")
    }
    guard kernel.isEmpty || kernel == Array(w.extents[2...]) else {
      throw refusal(.invalidShape, "kernel_shape \(kernel) is not that of the weight \(w)")
    }
    if operands.count == 3, operands[2].shape != [w[0]] {
      throw refusal(.invalidShape, "the bias \(operands[2].shape) must be [\(w[0])]")
    }
    let plane = ConvolutionLayout(input: x, weight: w, window: window, groups: groups).plane
    guard plane.taps > 0, plane.rows.outputs > 0, plane.columns.outputs > 0 else {
      throw refusal(.invalidShape, "kernel \(w) does not fit into \(x) with pads \(window.pads)")
    }
    let outputs =
      x.rank == 3 ? [plane.columns.outputs] : [plane.rows.outputs, plane.columns.outputs]
    return [TensorType(Shape([x[0], w[0]] + outputs))]
  }

  func layout(_ x: Shape, _ w: Shape) -> ConvolutionLayout {
    ConvolutionLayout(input: x, weight: w, window: window, groups: groups)
  }

  public func workspace(for signature: Signature) -> Int {
    let layout = layout(signature.operands[0].shape, signature.operands[1].shape)
    return layout.columnCount * layout.parts
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let layout = layout(operands[0].shape, operands[1].shape)
    let x = operands[0].elements(as: T.self)
    let w = operands[1].elements(as: T.self)
    let y = results[0].elements(as: T.self)
    let bias = operands.count == 3 ? operands[2].elements(as: T.self) : nil
    if Convolutions.forward(layout.extents, x, w, bias: bias, into: y) { return }
    if let bias {
      let places = layout.plane.outputs
      for channel in 0..<layout.batch * layout.outputChannels {
        unsafe y[channel * places..<(channel + 1) * places].pointer.update(
          repeating: bias[channel % layout.outputChannels], count: places)
      }
    }
    Threads.run(
      parts: layout.parts,
      Forward(layout: layout, x: x, w: w, y: y, workspace: workspace, hasBias: bias != nil))
  }

  /// Images and groups, each as a product of weights and columns.
  private struct Forward<T: Scalar>: PartedWork {
    let layout: ConvolutionLayout
    let x: Elements<T>
    let w: Elements<T>
    let y: Elements<T>
    let workspace: Elements<T>
    let hasBias: Bool

    func run(part: Int) {
      for job in layout.jobs(part) {
        let (image, group) = (job / layout.groups, job % layout.groups)
        let columns = layout.columns(
          layout.inputs(x, image, group), into: layout.room(workspace, part))
        T.multiply(
          layout.weights(w, group),
          Matrix(columns, rows: layout.fan, columns: layout.plane.outputs),
          into: layout.outputs(y, image, group), accumulates: hasBias)
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return node.operands.map { _ in nil } }
    let (x, w) = (node.operands[0], node.operands[1])
    var gradients: [Value?] = [
      try graph.apply(
        ConvInputGradient(window, groups: groups, input: graph.type(of: x).shape.extents),
        cotangent, w),
      try graph.apply(
        ConvWeightGradient(
          window, groups: groups, kernel: Array(graph.type(of: w).shape.extents[2...])),
        x, cotangent),
    ]
    if node.operands.count == 3 {
      let channels = graph.type(of: node.operands[2]).shape[0]
      let rank = graph.type(of: x).shape.rank - 2
      let sum = try graph.summed(
        cotangent, to: Shape([channels] + Array(repeating: 1, count: rank)))
      gradients.append(try graph.reshaped(sum, to: [channels]))
    }
    return gradients
  }

  /// A contraction over the true forward fan (C/g) · Πk, less the taps that read padding.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let layout = layout(signature.operands[0].shape, signature.operands[1].shape)
    let share =
      Double(layout.plane.insidePairs) / Double(layout.plane.outputs * layout.plane.taps)
    var product = layout.contraction(
      operands[0], operands[1], terms: layout.fan, share: share,
      units: layout.outputChannels, positions: layout.plane.outputs)
    product.axes = .channelsFirst(rank: signature.results[0].shape.rank)
    if operands[1].isParameter {
      layout.plane.spread(operands[0].places, over: &product, share: share)
    }
    // Outputs whose windows overlap share about half of their taps.
    if layout.plane.taps > 1 {
      product.nearby = 0.5 / Double(layout.fan * layout.outputChannels)
    }
    guard operands.count == 3 else { return [product] }
    return [
      .sum(
        product, operands[2], units: layout.outputChannels, positions: layout.plane.outputs)
    ]
  }

  public func forEachTerm(
    ofElement element: Int, in signature: Signature, _ body: (Term) -> Void
  ) {
    let layout = layout(signature.operands[0].shape, signature.operands[1].shape)
    let places = layout.plane.outputs
    let output = element / places % layout.outputChannels
    let image = element / places / layout.outputChannels
    let first = output / layout.groupOutputs * layout.groupChannels
    for channel in 0..<layout.groupChannels {
      let source = (image * layout.channels + first + channel) * layout.plane.inputs
      let kernel = (output * layout.groupChannels + channel) * layout.plane.taps
      layout.plane.forEachTap(of: element % places) { tap, input in
        let weight = Place(operand: 1, element: kernel + tap)
        // Padding is a 0 that the weight is multiplied by.
        guard let input else { return body(Term(0, weight)) }
        body(Term(1, Place(operand: 0, element: source + input), weight))
      }
    }
    if signature.operands.count == 3 { body(Term(1, Place(operand: 2, element: output))) }
  }
}
