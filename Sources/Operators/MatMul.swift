public import Semantics
public import Tensors

/// NumPy's product: of matrices in the last two axes, broadcast over the axes before them.
///
/// An operand of rank 1 is a row on the left and a column on the right, and its axis is dropped
/// from the result. With `transA` or `transB` (rank 2 and above; as in ONNX Runtime's
/// `FusedMatMul`) the last two axes of an operand are exchanged first.
public struct MatMul: SumOfProducts, Mixing {
  public static let name = "MatMul"

  public let isLeftTransposed: Bool
  public let isRightTransposed: Bool

  public init(isLeftTransposed: Bool = false, isRightTransposed: Bool = false) {
    self.isLeftTransposed = isLeftTransposed
    self.isRightTransposed = isRightTransposed
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("transA", "transB", in: Self.name)
    self.init(
      isLeftTransposed: try Self.flag("transA", of: attributes),
      isRightTransposed: try Self.flag("transB", of: attributes))
  }

  public var attributes: Attributes {
    [
      "transA": .integer(isLeftTransposed ? 1 : 0), "transB": .integer(isRightTransposed ? 1 : 0),
    ]
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 2...2)
    let (a, b) = (operands[0].shape, operands[1].shape)
    guard (1...greatestRank).contains(a.rank), (1...greatestRank).contains(b.rank),
      a.rank > 1 || !isLeftTransposed, b.rank > 1 || !isRightTransposed
    else {
      throw refusal(.invalidShape, "cannot multiply \(a) and \(b)")
    }
    let layout = MatMulLayout(self, a, b)
    guard layout.terms == layout.rightTerms else {
      throw refusal(
        .invalidShape,
        "\(a) and \(b) do not chain: \(layout.terms) columns meet \(layout.rightTerms) rows")
    }
    guard
      let batch = Shape(a.extents.dropLast(2)).broadcast(with: Shape(b.extents.dropLast(2)))
    else {
      throw refusal(.invalidShape, "the leading axes of \(a) and \(b) do not broadcast")
    }
    let rows = a.rank == 1 ? [] : [layout.rows]
    let columns = b.rank == 1 ? [] : [layout.columns]
    return [TensorType(Shape(batch.extents + rows + columns))]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let layout = MatMulLayout(self, operands[0].shape, operands[1].shape)
    let a = operands[0].elements(as: T.self)
    let b = operands[1].elements(as: T.self)
    let result = results[0].elements(as: T.self)
    if layout.rightBatch == 1, !isLeftTransposed {
      // One matrix on the right: all rows of the left operand at once.
      let rows = layout.rows * layout.batch
      T.multiply(
        Matrix(a, rows: rows, columns: layout.terms), layout.right(b, 0), into: result)
      return
    }
    let size = layout.rows * layout.columns
    for number in 0..<layout.batch {
      T.multiply(
        layout.left(a, layout.leftOffset(number)), layout.right(b, layout.rightOffset(number)),
        into: result[number * size..<(number + 1) * size])
    }
  }

  /// ∂A = ∂Y · Bᵀ and ∂B = Aᵀ · ∂Y, summed over the axes that were broadcast.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let (aShape, bShape) = (
      graph.type(of: node.operands[0]).shape, graph.type(of: node.operands[1]).shape
    )
    let layout = MatMulLayout(self, aShape, bShape)
    if bShape.rank == 2, aShape.rank >= 2, !isLeftTransposed {
      return try gradientOfRows(cotangent, node, layout, in: &graph)
    }
    let batch = Shape(aShape.extents.dropLast(2)).broadcast(
      with: Shape(bShape.extents.dropLast(2)))?.extents
    let dy = try graph.reshaped(cotangent, to: (batch ?? []) + [layout.rows, layout.columns])
    let a =
      aShape.rank > 1
      ? node.operands[0]
      : try graph.reshaped(
        node.operands[0], to: [1, layout.terms])
    let b =
      bShape.rank > 1
      ? node.operands[1]
      : try graph.reshaped(
        node.operands[1], to: [layout.terms, 1])
    let da =
      isLeftTransposed
      ? try graph.apply(MatMul(isLeftTransposed: isRightTransposed, isRightTransposed: true), b, dy)
      : try graph.apply(MatMul(isRightTransposed: !isRightTransposed), dy, b)
    let db =
      isRightTransposed
      ? try graph.apply(MatMul(isLeftTransposed: true, isRightTransposed: isLeftTransposed), dy, a)
      : try graph.apply(MatMul(isLeftTransposed: !isLeftTransposed), a, dy)
    return [
      try graph.reshaped(
        try graph.summed(da, to: graph.type(of: a).shape), to: aShape.extents),
      try graph.reshaped(
        try graph.summed(db, to: graph.type(of: b).shape), to: bShape.extents),
    ]
  }

  /// The gradient where the right operand is one matrix: its own is a single product over all rows.
  private func gradientOfRows(
    _ cotangent: Value, _ node: NodeValues, _ layout: MatMulLayout,
    in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    let (a, b) = (node.operands[0], node.operands[1])
    let rows = layout.rows * layout.batch
    let flat = try graph.reshaped(a, to: [rows, layout.terms])
    let dy = try graph.reshaped(cotangent, to: [rows, layout.columns])
    let db =
      isRightTransposed
      ? try graph.apply(Gemm(isLeftTransposed: true), dy, flat)
      : try graph.apply(Gemm(isLeftTransposed: true), flat, dy)
    return [try graph.apply(MatMul(isRightTransposed: !isRightTransposed), cotangent, b), db]
  }

  /// A contraction; first order where both operands vary, as they seldom are independent.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let layout = MatMulLayout(self, signature.operands[0].shape, signature.operands[1].shape)
    let shape = signature.results[0].shape
    let (a, b) = (operands[0], operands[1])
    if b.isParameter, !a.isParameter {
      let roles = AxisRoles.features(rank: shape.rank, like: a.axes)
      var result = Moments.contraction(
        a, b, terms: layout.terms, units: layout.columns,
        positions: a.isShared ? 1 : roles.positions(in: shape))
      result.axes = roles
      result.places = a.places
      return [result]
    }
    return [ofValues(a, b, terms: layout.terms, in: signature)]
  }

  /// A product of two values, or of a matrix of weights and the columns of a value.
  private func ofValues(
    _ a: Moments, _ b: Moments, terms: Int, in signature: Signature
  ) -> Moments {
    let (left, right) = (signature.operands[0].shape, signature.operands[1].shape)
    let (first, second) = (a.roles(in: left).roles, b.roles(in: right).roles)
    func along(_ x: Moments, _ roles: [AxisRoles.Role], fromEnd place: Int) -> Double {
      guard roles.count >= place else { return x.correlation(along: .unit, isLast: place == 1) }
      return x.correlation(along: roles[roles.count - place], isLast: place == 1)
    }
    let (row, sum) = isLeftTransposed ? (1, 2) : (2, 1)
    let (column, other) = isRightTransposed ? (2, 1) : (1, 2)
    func places(_ x: Moments, _ roles: [AxisRoles.Role], _ place: Int) -> Double? {
      guard roles.count >= place, roles[roles.count - place] == .position else { return nil }
      return along(x, roles, fromEnd: place)
    }
    // Rows stand where those of the left operand stood, columns where the right one's did.
    let shape = signature.results[0].shape
    let whole = shape.rank == right.rank ? second : first
    let known = whole.count == shape.rank && shape.rank >= 2
    var roles = known ? whole : AxisRoles(shape).roles
    if known, first.count >= row { roles[shape.rank - 2] = first[first.count - row] }
    if known, second.count >= column { roles[shape.rank - 1] = second[second.count - column] }
    let axes = AxisRoles(roles)
    var result = Moments.product(
      of: a, and: b, terms: terms,
      along: (along(a, first, fromEnd: sum), along(b, second, fromEnd: other)),
      rows: a.isParameter ? nil : places(a, first, row),
      columns: b.isParameter ? nil : places(b, second, column), units: axes.units(in: shape),
      positions: axes.positions(in: shape))
    result.axes = axes
    if a.isParameter {
      // A fixed map of positions: samples stay as alike as they were.
      result.sampleCorrelation = b.sampleCorrelation
      result.positionCorrelation = b.positionCorrelation
      result.fluctuation = b.fluctuation
      result.laneCorrelation = nil
    }
    return result
  }

  public func forEachTerm(
    ofElement element: Int, in signature: Signature, _ body: (Term) -> Void
  ) {
    let layout = MatMulLayout(self, signature.operands[0].shape, signature.operands[1].shape)
    let number = element / (layout.rows * layout.columns)
    let (row, column) = (element / layout.columns % layout.rows, element % layout.columns)
    let (left, right) = (layout.leftOffset(number), layout.rightOffset(number))
    for k in 0..<layout.terms {
      let a = isLeftTransposed ? k * layout.rows + row : row * layout.terms + k
      let b = isRightTransposed ? column * layout.terms + k : k * layout.columns + column
      body(
        Term(1, Place(operand: 0, element: left + a), Place(operand: 1, element: right + b)))
    }
  }
}

/// The matrices of a batched product, and where those of each batch place lie.
private struct MatMulLayout {
  let op: MatMul
  let rows: Int
  let terms: Int
  let rightTerms: Int
  let columns: Int
  private(set) var batch = 1
  private(set) var rightBatch = 1
  private var extents = SIMD8<Int>(repeating: 1)
  private var leftStrides = SIMD8<Int>(repeating: 0)
  private var rightStrides = SIMD8<Int>(repeating: 0)
  private let batchRank: Int

  init(_ op: MatMul, _ a: Shape, _ b: Shape) {
    self.op = op
    let lastRows = a.rank > 1 ? a.extents[a.rank - 2] : 1
    let lastColumns = a.extents[a.rank - 1]
    rows = op.isLeftTransposed ? lastColumns : lastRows
    terms = op.isLeftTransposed ? lastRows : lastColumns
    let rightRows = b.rank > 1 ? b.extents[b.rank - 2] : b.extents[0]
    let rightColumns = b.rank > 1 ? b.extents[b.rank - 1] : 1
    rightTerms = op.isRightTransposed ? rightColumns : rightRows
    columns = op.isRightTransposed ? rightRows : rightColumns
    let (leftRank, rightRank) = (max(a.rank - 2, 0), max(b.rank - 2, 0))
    batchRank = max(leftRank, rightRank)
    var leftStep = rows * terms
    var rightStep = rightTerms * columns
    for back in 1...max(batchRank, 1) where back <= batchRank {
      let axis = batchRank - back
      let left = back <= leftRank ? a.extents[leftRank - back] : 1
      let right = back <= rightRank ? b.extents[rightRank - back] : 1
      extents[axis] = left == 1 ? right : left
      leftStrides[axis] = left == 1 ? 0 : leftStep
      rightStrides[axis] = right == 1 ? 0 : rightStep
      leftStep *= left
      rightStep *= right
      batch *= extents[axis]
      rightBatch *= right
    }
  }

  func leftOffset(_ number: Int) -> Int { offset(number, leftStrides) }
  func rightOffset(_ number: Int) -> Int { offset(number, rightStrides) }

  private func offset(_ number: Int, _ strides: SIMD8<Int>) -> Int {
    var rest = number
    var offset = 0
    for axis in stride(from: batchRank - 1, through: 0, by: -1) {
      offset += rest % extents[axis] * strides[axis]
      rest /= extents[axis]
    }
    return offset
  }

  /// The left matrix that starts at an offset.
  func left<T>(_ a: Elements<T>, _ offset: Int) -> Matrix<T> {
    Matrix(
      a[offset..<offset + rows * terms], rows: rows, columns: terms,
      isTransposed: op.isLeftTransposed)
  }

  /// The right matrix that starts at an offset.
  func right<T>(_ b: Elements<T>, _ offset: Int) -> Matrix<T> {
    Matrix(
      b[offset..<offset + terms * columns], rows: terms, columns: columns,
      isTransposed: op.isRightTransposed)
  }
}
