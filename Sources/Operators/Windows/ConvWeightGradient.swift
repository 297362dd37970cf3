public import Semantics
public import Tensors

/// The cotangent of a convolution's weight, from its input and the cotangent of its output.
///
/// Operands are x [N, C, …] and ∂y [N, D, …]; the result is [D, C/g, k…].
public struct ConvWeightGradient: SumOfProducts, Mixing {
  public static let name = "ConvWeightGradient"

  public let window: Window
  public let groups: Int
  /// The kernel's extents.
  public let kernel: [Int]

  public init(_ window: Window, groups: Int, kernel: [Int]) {
    self.window = window
    self.groups = groups
    self.kernel = kernel
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(
      "strides", "pads", "dilations", "group", "kernel_shape", in: Self.name)
    window = try Window(attributes: attributes, in: Self.name)
    groups = try attributes.integer("group", default: 1, in: Self.name)
    kernel = try attributes.integers("kernel_shape", in: Self.name)
    guard groups > 0, kernel.allSatisfy({ $0 > 0 }) else {
      throw refusal(.invalidAttribute, "group and kernel_shape must be positive")
    }
  }

  public var attributes: Attributes {
    var attributes = window.attributes
    attributes["group"] = .integer(groups)
    attributes["kernel_shape"] = .integers(kernel)
    return attributes
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 2...2)
    let (x, dy) = (operands[0].shape, operands[1].shape)
    guard (3...4).contains(x.rank), dy.rank == x.rank, x[1] % groups == 0 else {
      throw refusal(.invalidShape, "\(x) and \(dy) are not input and output of a convolution")
    }
    let weight = TensorType(Shape([dy[1], x[1] / groups] + kernel))
    let expected = try Conv(window, groups: groups).types(of: [operands[0], weight])[0]
    guard expected == operands[1] else {
      throw refusal(
        .invalidShape, "a kernel \(kernel) makes \(expected) of \(x), not \(operands[1])")
    }
    return [weight]
  }

  private func layout(_ signature: Signature) -> ConvolutionLayout {
    ConvolutionLayout(
      input: signature.operands[0].shape, weight: signature.results[0].shape, window: window,
      groups: groups)
  }

  public func workspace(for signature: Signature) -> Int { layout(signature).columnCount }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let layout = ConvolutionLayout(
      input: operands[0].shape, weight: results[0].shape, window: window, groups: groups)
    let x = operands[0].elements(as: T.self)
    let dy = operands[1].elements(as: T.self)
    let dw = results[0].elements(as: T.self)
    if Convolutions.weightGradient(layout.extents, x, dy, into: dw) { return }
    if layout.batch == 0 { results[0].fillWithZeros() }
    for image in 0..<layout.batch {
      for group in 0..<layout.groups {
        let columns = layout.columns(layout.inputs(x, image, group), into: workspace)
        T.multiply(
          Matrix(
            layout.outputs(dy, image, group), rows: layout.groupOutputs,
            columns: layout.plane.outputs),
          Matrix(columns, rows: layout.plane.outputs, columns: layout.fan, isTransposed: true),
          into: layout.weights(dw, group).elements, accumulates: image > 0)
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let input = graph.type(of: node.operands[0]).shape.extents
    return [
      try graph.apply(
        ConvInputGradient(window, groups: groups, input: input), node.operands[1], cotangent),
      try graph.apply(Conv(window, groups: groups), node.operands[0], cotangent),
    ]
  }

  /// A sum over samples and the places that a tap reads.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let layout = layout(signature)
    let share =
      Double(layout.plane.insidePairs) / Double(layout.plane.outputs * layout.plane.taps)
    return [
      .contractionOverSamples(
        operands[0], operands[1], samples: layout.batch,
        positions: share * Double(layout.plane.outputs))
    ]
  }

  public func forEachTerm(
    ofElement element: Int, in signature: Signature, _ body: (Term) -> Void
  ) {
    let layout = layout(signature)
    let plane = layout.plane
    let tap = element % plane.taps
    let channel = element / plane.taps % layout.groupChannels
    let output = element / plane.taps / layout.groupChannels
    let source = output / layout.groupOutputs * layout.groupChannels + channel
    let (i, j) = (tap / plane.columns.kernel, tap % plane.columns.kernel)
    for image in 0..<layout.batch {
      let x = (image * layout.channels + source) * plane.inputs
      let y = (image * layout.outputChannels + output) * plane.outputs
      for row in 0..<plane.rows.outputs {
        let line = plane.rows.input(row, i)
        for column in 0..<plane.columns.outputs {
          let across = plane.columns.input(column, j)
          let cotangent = Place(operand: 1, element: y + row * plane.columns.outputs + column)
          // Padding is a 0 that the cotangent is multiplied by.
          guard (0..<plane.rows.extent).contains(line),
            (0..<plane.columns.extent).contains(across)
          else {
            body(Term(0, cotangent))
            continue
          }
          let input = x + line * plane.columns.extent + across
          body(Term(1, Place(operand: 0, element: input), cotangent))
        }
      }
    }
  }
}
