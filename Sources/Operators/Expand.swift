public import Semantics
public import Tensors

/// Repeats elements along new axes and along axes of extent 1: broadcasting as an operator.
///
/// The axes of the operand go to the axes of the result other than `axes`, in order. Without
/// `axes`, the new axes come first, as NumPy has it.
public struct Expand: Rearrangement {
  public static let name = "Expand"
  /// The result's shape.
  public let shape: Shape
  /// Axes of the result that the operand lacks; nil for leading ones.
  public let axes: [Int]?

  public init(to shape: Shape, axes: [Int]? = nil) {
    self.shape = shape
    self.axes = axes
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("shape", "axes", in: Self.name)
    let extents = try attributes.integers("shape", in: Self.name)
    guard extents.allSatisfy({ $0 >= 0 }) else {
      throw OperatorError(.invalidAttribute, in: Self.name, "extents cannot be negative")
    }
    shape = Shape(extents)
    axes = attributes["axes"] == nil ? nil : try attributes.integers("axes", in: Self.name)
  }

  public var attributes: Attributes {
    var result: Attributes = ["shape": .integers(shape.extents)]
    if let axes { result["axes"] = .integers(axes) }
    return result
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    guard shape.rank <= greatestRank else {
      throw refusal(.invalidShape, "handles at most \(greatestRank) axes, not \(shape.rank)")
    }
    for axis in axes ?? [] { _ = try resolved(axis, in: shape) }
    let missing = missingAxes(of: operands[0].shape)
    guard Set(missing).count == missing.count, missing.count + operands[0].shape.rank == shape.rank,
      aligned(operands[0].shape).broadcast(with: shape) == shape
    else {
      throw refusal(.invalidShape, "\(operands[0].shape) does not expand to \(shape)")
    }
    return [TensorType(shape, operands[0].kind)]
  }

  /// Axes of the result that the operand lacks, counted from the front.
  private func missingAxes(of operand: Shape) -> [Int] {
    axes?.compactMap { shape.axis($0) } ?? Array(0..<max(0, shape.rank - operand.rank))
  }

  /// The operand's shape with an extent of 1 on every axis that it lacks.
  private func aligned(_ operand: Shape) -> Shape {
    let missing = missingAxes(of: operand)
    var own = operand.extents.makeIterator()
    return Shape((0..<shape.rank).map { missing.contains($0) ? 1 : own.next() ?? 1 })
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    switch results[0].elementType {
    case .float32: copy(operands[0], into: results[0], as: Float.self)
    case .float64: copy(operands[0], into: results[0], as: Double.self)
    case .int64: copy(operands[0], into: results[0], as: Int64.self)
    case .bool: copy(operands[0], into: results[0], as: Bool.self)
    }
  }

  @inline(__always)
  private func copy<T: Element>(_ operand: Tensor, into result: Tensor, as _: T.Type) {
    let (x, y) = (operand.elements(as: T.self), result.elements(as: T.self))
    let loop = loop(over: operand.shape)
    let step = loop.steps.a
    loop.forEachRow { row in
      for i in 0..<loop.count { y[row.result + i] = x[row.a + i * step] }
    }
  }

  private func loop(over operand: Shape) -> BroadcastLoop {
    guard let axes else { return BroadcastLoop(shape, operand) }
    return BroadcastLoop(shape, operand, lacking: axes)
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    let operand = graph.type(of: node.operands[0])
    guard let cotangent = cotangents[0], operand.kind == .real else { return [nil] }
    let missing = missingAxes(of: operand.shape)
    var sum = cotangent
    if !missing.isEmpty { sum = try graph.apply(ReduceSum(axes: missing, keepsAxes: false), sum) }
    return [try graph.summed(sum, to: operand.shape)]
  }

  /// Copies along new axes are the same element: where those can be the samples or the positions,
  /// they are correlated fully.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    var result = operands[0]
    let (before, after) = (aligned(signature.operands[0].shape), operands[0].roles(in: shape))
    let repeated = (0..<shape.rank).filter { before[$0] != shape[$0] }
    if repeated.contains(where: { after.roles[$0] == .sample }) { result.sampleCorrelation = 1 }
    if repeated.contains(where: { after.roles[$0] == .position }) { result.positionCorrelation = 1 }
    if repeated.contains(where: { after.roles[$0] == .unit }), result.law == .gaussian {
      result.law = .other
    }
    return [result]
  }

  public func source(ofElement element: Int, inResult result: Int, in signature: Signature)
    -> Place?
  {
    Place(
      operand: 0, element: shape.source(of: element, in: aligned(signature.operands[0].shape)))
  }
}
