public import Semantics
public import Tensors

/// `α · op(A) · op(B) + β · C`: a dense layer.
///
/// Operands are A [M, K], B [K, N] (both transposed where an attribute says so) and an optional C
/// that broadcasts to [M, N].
public struct Gemm: SumOfProducts, Accumulating, Mixing {
  public static let name = "Gemm"

  /// Whether A is given as [K, M].
  public let isLeftTransposed: Bool
  /// Whether B is given as [N, K].
  public let isRightTransposed: Bool
  public let alpha: Double
  public let beta: Double

  public init(
    isLeftTransposed: Bool = false, isRightTransposed: Bool = false, alpha: Double = 1,
    beta: Double = 1
  ) {
    self.isLeftTransposed = isLeftTransposed
    self.isRightTransposed = isRightTransposed
    self.alpha = alpha
    self.beta = beta
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("transA", "transB", "alpha", "beta", in: Self.name)
    self.init(
      isLeftTransposed: try Self.flag("transA", of: attributes),
      isRightTransposed: try Self.flag("transB", of: attributes),
      alpha: try attributes.real("alpha", default: 1, in: Self.name),
      beta: try attributes.real("beta", default: 1, in: Self.name))
    guard alpha.isFinite, beta.isFinite else {
      throw refusal(.invalidAttribute, "alpha and beta must be finite")
    }
  }

  public var attributes: Attributes {
    [
      "transA": .integer(isLeftTransposed ? 1 : 0),
      "transB": .integer(isRightTransposed ? 1 : 0), "alpha": .real(alpha), "beta": .real(beta),
    ]
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 2...3)
    let (a, b) = (operands[0].shape, operands[1].shape)
    guard a.rank == 2, b.rank == 2 else {
      throw refusal(.invalidShape, "multiplies two matrices, not \(a) and \(b)")
    }
    let rows = a[isLeftTransposed ? 1 : 0]
    let columns = b[isRightTransposed ? 0 : 1]
    guard a[isLeftTransposed ? 0 : 1] == b[isRightTransposed ? 1 : 0] else {
      throw refusal(
        .invalidShape,
        "\(a)\(isLeftTransposed ? "ᵀ" : "") · \(b)\(isRightTransposed ? "ᵀ" : "") do not chain")
    }
    let result: Shape = [rows, columns]
    if operands.count == 3, operands[2].shape.broadcast(with: result) != result {
      throw refusal(.invalidShape, "bias \(operands[2].shape) does not broadcast to \(result)")
    }
    return [TensorType(result)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let hasBias = operands.count == 3 && beta != 0
    let isRow = hasBias && beta == 1 && operands[2].shape.rank == 1
    if isRow, operands[2].count == results[0].shape.extents[1] {
      return multiply(operands, into: results[0], bias: operands[2].elements(as: T.self))
    }
    if hasBias {
      operands[2].broadcast(into: results[0])
      let y = results[0].elements(as: T.self)
      if beta != 1 { for i in y.indices { y[i] *= T(beta) } }
    }
    multiply(operands, into: results[0], accumulates: hasBias, bias: Elements<T>?.none)
  }

  public func canAccumulate(in signature: Signature) -> Bool { signature.operands.count == 2 }

  public func addValue<T: Scalar>(
    of operands: [Tensor], to results: [Tensor], workspace: Elements<T>
  ) {
    multiply(operands, into: results[0], accumulates: true, bias: Elements<T>?.none)
  }

  private func multiply<T: Scalar>(
    _ operands: [Tensor], into result: Tensor, accumulates: Bool = false, bias: Elements<T>?
  ) {
    T.multiply(
      Matrix(operands[0].elements(), of: operands[0].shape, isTransposed: isLeftTransposed),
      Matrix(operands[1].elements(), of: operands[1].shape, isTransposed: isRightTransposed),
      into: result.elements(), alpha: T(alpha), accumulates: accumulates, bias: bias)
  }

  /// ∂A = α ∂Y · Bᵀ, ∂B = α Aᵀ · ∂Y, in the layout of each operand, and ∂C = β Σ ∂Y.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return node.operands.map { _ in nil } }
    let (a, b) = (node.operands[0], node.operands[1])
    func product(
      _ left: Value, _ isLeftTransposed: Bool, _ right: Value, _ isRightTransposed: Bool
    ) throws(OperatorError) -> Value {
      try graph.apply(
        Gemm(
          isLeftTransposed: isLeftTransposed, isRightTransposed: isRightTransposed, alpha: alpha),
        left, right)
    }
    var gradients: [Value?] = [
      isLeftTransposed
        ? try product(b, isRightTransposed, cotangent, true)
        : try product(cotangent, false, b, !isRightTransposed),
      isRightTransposed
        ? try product(cotangent, true, a, isLeftTransposed)
        : try product(a, !isLeftTransposed, cotangent, false),
    ]
    if node.operands.count == 3 {
      let shape = graph.type(of: node.operands[2]).shape
      let sum = try graph.summed(cotangent, to: shape)
      gradients.append(beta == 1 ? sum : try graph.scaled(sum, by: beta))
    }
    return gradients
  }

  /// Positions that samples of the left operand have folded into them.
  private func positions(of a: Moments, in signature: Signature) -> Int {
    a.isShared || isLeftTransposed ? 1 : a.roles(in: signature.operands[0].shape).folded
  }

  /// A row of a matrix times a parameter; or, where both operands vary and are contracted over
  /// their rows, a sum over samples: the gradient of a parameter.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let (a, b) = (operands[0], operands[1])
    let result = signature.results[0].shape
    let terms = signature.operands[0].shape[isLeftTransposed ? 0 : 1]
    let isOverSamples =
      isLeftTransposed && !isRightTransposed && !a.isParameter && !b.isParameter
    let product =
      isOverSamples
      ? Moments.contractionOverSamples(a, b, samples: terms)
      : Moments.contraction(
        a, b, terms: terms, units: result[1], positions: positions(of: a, in: signature))
    let roles = AxisRoles.features(rank: 2, like: isLeftTransposed ? nil : a.axes)
    var scaled = (alpha == 1 ? product : product.scaled(by: alpha)).with(roles)
    if b.isParameter, a.places.count == roles.folded { scaled.places = a.places }
    guard operands.count == 3 else { return [scaled] }
    return [
      .sum(
        scaled, beta == 1 ? operands[2] : operands[2].scaled(by: beta), units: result[1],
        positions: roles.positions(in: result))
    ]
  }

  public func forEachTerm(
    ofElement element: Int, in signature: Signature, _ body: (Term) -> Void
  ) {
    let (a, b) = (signature.operands[0].shape, signature.operands[1].shape)
    let columns = signature.results[0].shape[1]
    let (row, column) = (element / columns, element % columns)
    let terms = a[isLeftTransposed ? 0 : 1]
    for k in 0..<terms {
      let left = isLeftTransposed ? k * a[1] + row : row * a[1] + k
      let right = isRightTransposed ? column * b[1] + k : k * b[1] + column
      body(Term(alpha, Place(operand: 0, element: left), Place(operand: 1, element: right)))
    }
    if signature.operands.count == 3, beta != 0 {
      let bias = signature.operands[2].shape
      var place = 0
      if bias.rank >= 1, bias[bias.rank - 1] > 1 { place += column }
      if bias.rank == 2, bias[0] > 1 { place += row * bias[1] }
      body(Term(beta, Place(operand: 2, element: place)))
    }
  }
}
