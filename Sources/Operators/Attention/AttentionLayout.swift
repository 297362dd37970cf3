import RealModule
import Semantics
import Tensors

/// The heads of an attention and the matrices of each.
struct AttentionLayout {
  /// Samples times heads.
  let heads: Int
  let queries: Int
  let keys: Int
  let depth: Int
  let width: Int
  let isCausal: Bool
  let scale: Double

  /// Elements of one head's probabilities.
  var square: Int { queries * keys }

  /// Parts that the heads are split into for threads: fixed by the shapes.
  var parts: Int { min(heads, 8) }

  /// How many keys, from the first on, a query sees.
  @inline(__always)
  func visible(_ query: Int) -> Int {
    isCausal ? min(max(query + 1 + keys - queries, 0), keys) : keys
  }

  /// The heads of one part.
  func heads(_ part: Int) -> Range<Int> { heads * part / parts..<heads * (part + 1) / parts }

  /// The room of one part for `squares` matrices [T, S].
  func room<T>(_ workspace: Elements<T>, _ part: Int, squares: Int) -> Elements<T> {
    let size = squares * square
    return workspace[part * size..<(part + 1) * size]
  }

  private func matrix<T: Scalar>(
    _ x: Elements<T>, _ head: Int, _ rows: Int, _ columns: Int, _ isTransposed: Bool
  ) -> Matrix<T> {
    let size = rows * columns
    return Matrix(
      x[head * size..<(head + 1) * size], rows: isTransposed ? columns : rows,
      columns: isTransposed ? rows : columns, isTransposed: isTransposed)
  }

  /// A head's queries [T, D] (or their cotangents), keys [S, D], values [S, E], outputs [T, E].
  func queries<T: Scalar>(_ q: Elements<T>, _ head: Int, transposed: Bool = false) -> Matrix<T> {
    matrix(q, head, queries, depth, transposed)
  }

  func keys<T: Scalar>(_ k: Elements<T>, _ head: Int, transposed: Bool = false) -> Matrix<T> {
    matrix(k, head, keys, depth, transposed)
  }

  func values<T: Scalar>(_ v: Elements<T>, _ head: Int, transposed: Bool = false) -> Matrix<T> {
    matrix(v, head, keys, width, transposed)
  }

  func outputRows<T: Scalar>(_ y: Elements<T>, _ head: Int) -> Matrix<T> {
    matrix(y, head, queries, width, false)
  }

  func outputs<T: Scalar>(_ y: Elements<T>, _ head: Int) -> Elements<T> {
    outputRows(y, head).elements
  }

  /// The `number`-th matrix [T, S] of a scratch.
  func square<T: Scalar>(
    _ scratch: Elements<T>, _ number: Int, transposed: Bool = false
  ) -> Matrix<T> {
    matrix(scratch, number, queries, keys, transposed)
  }

  /// The softmax of a head's logits, with zeros where a query sees no key.
  ///
  /// A query that sees no key at all gets NaN, as 0/0 is.
  @inline(__always)
  func probabilities<T: Scalar>(
    _ q: Elements<T>, _ k: Elements<T>, _ head: Int, into p: Elements<T>
  ) {
    T.multiply(
      queries(q, head), keys(k, head, transposed: true), into: p, alpha: T(scale))
    for query in 0..<queries {
      let row = p[query * keys..<(query + 1) * keys]
      let count = visible(query)
      var greatest = -T.infinity
      for i in 0..<count {
        if row[i] > greatest || row[i].isNaN { greatest = row[i] }
      }
      let seen = row[0..<count]
      for i in seen.indices { seen[i] -= greatest }
      seen.exponentiate()
      var sum: T = 0
      for i in seen.indices { sum += seen[i] }
      let factor = 1 / sum
      for i in 0..<count { row[i] *= factor }
      for i in count..<keys { row[i] = count == 0 ? .nan : 0 }
    }
  }

  /// `a ← p · (a − rowsum(p a))`, the product with the softmax's Jacobian; returns nothing, but
  /// leaves masked elements 0, as p is.
  @inline(__always)
  func backpropagate<T: Scalar>(_ a: Elements<T>, through p: Elements<T>) {
    for query in 0..<queries {
      let start = query * keys
      var sum: T = 0
      for i in start..<start + keys { sum += p[i] * a[i] }
      for i in start..<start + keys { a[i] = p[i] * (a[i] - sum) }
    }
  }

  /// Head, query and column of an element of the result.
  func place(ofOutput element: Int) -> (head: Int, query: Int, column: Int) {
    (element / width / queries, element / width % queries, element % width)
  }

  /// Averages over the queries.
  struct Concentration {
    /// Σp²: the share of the mean square of independent values that an average keeps.
    var kept = 0.0
    /// The share that the averages of two queries have in common.
    var shared = 0.0
    /// Σp² (1 − Σp²): what passes the softmax backwards.
    var exchange = 0.0
  }

  /// How concentrated the probabilities are, from logits of variance
  /// s² = scale² D E[q²] E[k²] within a row.
  ///
  /// Σp² lies between 1/T for equal logits and 1 for a single winner: e^{s²}/T while that is small.
  func concentration(_ q: Moments, _ k: Moments) -> Concentration {
    let spread = max(0, 1 - k.positionCorrelation)
    let known = q.basis != .unknown && k.basis != .unknown
    let s2 = known ? scale * scale * Double(depth) * q.secondMoment * k.secondMoment * spread : 0
    let weight = Double.exp(min(s2, 700))
    var result = Concentration()
    var rows = 0.0
    for query in 0..<queries where visible(query) > 0 {
      let count = Double(visible(query))
      let kept = weight / (weight + count - 1)
      result.kept += kept
      result.shared += 1 / count
      result.exchange += kept * (1 - kept)
      rows += 1
    }
    guard rows > 0 else { return Concentration(kept: 1, shared: 1, exchange: 0) }
    result.kept /= rows
    result.shared /= rows
    result.exchange /= rows
    return result
  }
}

extension Elements where T: Scalar {
  /// Every element becomes its exponential.
  @inline(__always)
  fileprivate func exponentiate() {
    if let single = self as? Elements<Float> {
      VectorKernels.apply(.exp, single, into: single)
    } else {
      for i in indices { self[i] = T.exp(self[i]) }
    }
  }
}
