public import Semantics
public import Tensors

/// The operand with its axes in another order.
public struct Transpose: Rearrangement {
  public static let name = "Transpose"

  /// Axis k of the result is axis `permutation[k]` of the operand; nil reverses the axes.
  public let permutation: [Int]?

  public init(permutation: [Int]? = nil) { self.permutation = permutation }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("perm", in: Self.name)
    permutation = attributes["perm"] == nil ? nil : try attributes.integers("perm", in: Self.name)
    if let permutation, permutation.sorted() != Array(permutation.indices) {
      throw refusal(.invalidAttribute, "perm \(permutation) is not an order of the axes")
    }
  }

  public var attributes: Attributes { permutation.map { ["perm": .integers($0)] } ?? [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let shape = operands[0].shape
    guard shape.rank <= greatestRank, permutation == nil || permutation?.count == shape.rank else {
      throw refusal(
        .invalidShape, "perm \(permutation ?? []) does not fit \(shape) of at most 8 axes")
    }
    let extents = shape.extents.indices.map { shape[axis($0, rank: shape.rank)] }
    return [TensorType(Shape(extents), operands[0].kind)]
  }

  /// The operand's axis that becomes axis `result` of the result.
  private func axis(_ result: Int, rank: Int) -> Int {
    permutation.map { $0[result] } ?? rank - 1 - result
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let source = rowMajorStrides(operands[0].shape)
    let target = rowMajorStrides(results[0].shape)
    var walk = StridedWalk()
    let rank = results[0].shape.rank
    for k in 0..<rank {
      walk.append(
        extent: results[0].shape.extents[k], source: source[axis(k, rank: rank)],
        target: target[k])
    }
    walk.copy(from: operands[0], to: results[0])
  }

  public func source(ofElement element: Int, inResult result: Int, in signature: Signature)
    -> Place?
  {
    let source = rowMajorStrides(signature.operands[0].shape)
    let shape = signature.results[0].shape
    let target = rowMajorStrides(shape)
    var place = 0
    for k in 0..<shape.rank {
      place += element / target[k] % shape[k] * source[axis(k, rank: shape.rank)]
    }
    return Place(operand: 0, element: place)
  }

  /// The cotangent with its axes put back.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    guard let permutation else { return [try graph.apply(Transpose(), cotangent)] }
    var inverse = permutation
    for (k, axis) in permutation.enumerated() { inverse[axis] = k }
    return [try graph.apply(Transpose(permutation: inverse), cotangent)]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let rank = signature.operands[0].shape.rank
    let order = (0..<rank).map { axis($0, rank: rank) }
    let roles = operands[0].roles(in: signature.operands[0].shape)
    var result = operands[0].with(roles.permuted(order))
    if order.last != rank - 1 {
      result.laneCorrelation = nil
      result.visible = []
    }
    return [result]
  }
}
