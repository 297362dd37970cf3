import RealModule
import Semantics
import Tensors

/// The heads of an attention and the matrices of each.
struct AttentionLayout {
  /// Samples times heads.
  let heads: Int
  /// Heads of one sample.
  let groups: Int
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

  /// Averages over the queries, or over pairs of them.
  struct Concentration {
    /// Σ_j p_ij²: the share of the mean square of independent values that an average keeps.
    var kept = 1.0
    /// Σ_j p_ij p_i′j of two queries: what their averages have in common.
    var shared = 1.0
    /// Σp² − 2 Σp³ + (Σp²)²: what passes the softmax backwards.
    var exchange = 0.0
    /// The same of two queries.
    var sharedExchange = 0.0
    /// The mean square of each query's average, relative to that of a key, where a mask leaves some
    /// more keys than others; else empty.
    var places: [Double] = []
    /// The share of a key's mean square in which it differs from the other keys.
    var keySpread = 0.0
    /// By how much the mean square of a key that is looked at exceeds that of any.
    var selected = 0.0
    /// The mean square that an average has because its keys all lean towards the query, relative to
    /// that of a key.
    var leaning = 0.0
    /// The mean square of an average of independent keys, relative to that of a key.
    var averaged: Double { kept * (1 + selected) + leaning }
    /// Whether a query mostly looks at one key, so that what passes its softmax backwards comes from
    /// rare near-ties, and its average says little of a draw.
    var isSaturated: Bool { kept > 0.5 }
  }

  /// How concentrated the probabilities are, for logits scale · qᵢ · kⱼ.
  ///
  /// What all keys share, q̄ᵢ · k̄, moves a row as a whole and leaves the softmax as it is. The rest
  /// has variance s² = scale² D E[q²] E[k²] (1 − ρ_k), of which the part ρ_q comes from what all
  /// queries share and makes them look at the same keys: probabilities averaged over the rest are
  /// taken as a softmax of that part, over the keys of the query that sees more. Queries of D
  /// elements and projections of H D make s² vary by 2/D + 2/(H D) of its square.
  func concentration(_ q: Moments, _ k: Moments) -> Concentration {
    var result = Concentration()
    result.keySpread = min(max(1 - k.positionCorrelation, 0), 1)
    let known = q.basis != .unknown && k.basis != .unknown
    let s2 =
      known
      ? scale * scale * Double(depth) * q.secondMoment * k.secondMoment * result.keySpread : 0
    let deviation = (2 / Double(depth) + 2 / Double(depth * groups)).squareRoot()
    let scales = [max(0, 1 - deviation), 1 + deviation]
    let commonPart = min(max(q.positionCorrelation, 0), 1)
    let own = scales.map { SoftmaxAverages(variance: s2 * $0, count: keys) }
    let common = scales.map { SoftmaxAverages(variance: s2 * $0 * commonPart, count: keys) }
    func average(_ of: [SoftmaxAverages], _ count: Int) -> (squares: Double, exchange: Double) {
      let (a, b) = (of[0].averages(count: count), of[1].averages(count: count))
      return ((a.squares + b.squares) / 2, (a.exchange + b.exchange) / 2)
    }
    var (kept, shared, exchange, sharedExchange) = (0.0, 0.0, 0.0, 0.0)
    var (rows, pairs) = (0.0, 0.0)
    let overlap = k.fluctuation.chanceOverlap
    var (places, leanings): ([Double], [Double]) = ([], [])
    var (last, ownLast, commonLast) = (
      0, (squares: 0.0, exchange: 0.0), (squares: 0.0, exchange: 0.0)
    )
    // Queries see ever more keys: those before this one see fewer.
    for query in 0..<queries where visible(query) > 0 {
      let count = visible(query)
      if count != last {
        (last, ownLast, commonLast) = (count, average(own, count), average(common, count))
      }
      kept += ownLast.squares
      places.append(ownLast.squares)
      // Σ p z for logits s z is s (1 − Σp²) in the mean (Stein), at most the greatest z, along one
      // direction out of as many as there are for two keys to differ in.
      let own = 1 - ownLast.squares
      leanings.append(overlap * min(s2 * own * own, 2 * Double.log(Double(count))))
      exchange += ownLast.exchange
      shared += rows * commonLast.squares
      sharedExchange += rows * commonLast.exchange
      pairs += rows
      rows += 1
    }
    guard rows > 0 else { return result }
    result.kept = kept / rows
    // A logit varies as its key's scale does: of scales r with variance v, probabilities in
    // proportion to E[e^{logit}] = e^{s² r/2} prefer the larger by s² v/2, at most to the largest.
    let spread = k.fluctuation.ownVariance
    result.selected = min(
      s2 / 2 * spread, (2 * Double.log(Double(max(keys, 2))) * spread).squareRoot())
    result.leaning = leanings.reduce(0, +) / rows
    if visible(0) != last, places.count == queries {
      result.places = zip(places, leanings).map { $0 * (1 + result.selected) + $1 }
    }
    result.exchange = exchange / rows
    result.shared = pairs > 0 ? shared / pairs : result.kept
    result.sharedExchange = pairs > 0 ? sharedExchange / pairs : result.exchange
    return result
  }
}

extension Moments {
  /// An average of values, drawn: the mean square of one sample varies by what is left of the
  /// elements after averaging.
  func drawnValues(of source: Moments, in signature: Signature) -> Moments {
    let type = signature.results[signature.results.count - 1]
    let (units, positions) = (type.shape[1] * type.shape[3], type.shape[2])
    var result = self
    result.law = source.law
    return result.drawn(units: units, positions: positions)
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
