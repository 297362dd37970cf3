import Tensors

/// A row-major matrix in a buffer, possibly stored transposed.
struct Matrix<T: Scalar> {
  let elements: Elements<T>
  /// Rows after transposing.
  let rows: Int
  /// Columns after transposing.
  let columns: Int
  /// Whether it is stored as [columns, rows].
  let isTransposed: Bool

  init(_ elements: Elements<T>, rows: Int, columns: Int, isTransposed: Bool = false) {
    self.elements = elements
    self.rows = rows
    self.columns = columns
    self.isTransposed = isTransposed
  }

  /// The transpose, if wanted, of elements stored in `shape`.
  init(_ elements: Elements<T>, of shape: Shape, isTransposed: Bool) {
    let (rows, columns) = (shape.extents[0], shape.extents[1])
    self.init(
      elements, rows: isTransposed ? columns : rows, columns: isTransposed ? rows : columns,
      isTransposed: isTransposed)
  }
}

extension Scalar {
  /// `result ← alpha · a · b`, plus `result` where `accumulates`, plus a bias for every column.
  static func multiply(
    _ a: Matrix<Self>, _ b: Matrix<Self>, into result: Elements<Self>, alpha: Self = 1,
    accumulates: Bool = false, bias: Elements<Self>? = nil
  ) {
    multiply(
      a.elements, b.elements, into: result, rows: a.rows, columns: b.columns, inner: a.columns,
      transposeA: a.isTransposed, transposeB: b.isTransposed, alpha: alpha,
      accumulate: accumulates, bias: bias)
  }
}

extension Tensor {
  /// Writes these elements, broadcast by NumPy's rule, into every element of `target`.
  func broadcast(into target: Tensor) {
    let strides = rowMajorStrides(shape)
    let targetStrides = rowMajorStrides(target.shape)
    let missing = target.shape.rank - shape.rank
    var walk = StridedWalk()
    for axis in 0..<target.shape.rank {
      let own = axis - missing
      let isRepeated = own < 0 || shape.extents[own] == 1
      walk.append(
        extent: target.shape.extents[axis], source: isRepeated ? 0 : strides[own],
        target: targetStrides[axis])
    }
    walk.copy(from: self, to: target)
  }
}
