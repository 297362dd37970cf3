import Tensors

/// Walks up to three operands over the rows of a result, by NumPy's broadcasting rule.
///
/// Neighbouring axes along which every operand moves evenly are merged, so that tensors of one
/// shape are a single row. All is kept in fixed vectors because value rules must not allocate.
struct BroadcastLoop {
  /// Where one row begins, in elements.
  struct Row {
    let result: Int
    let a: Int
    let b: Int
    let c: Int
  }

  /// How far an operand moves per element of a row: 0 or 1.
  let steps: (a: Int, b: Int, c: Int)
  /// Elements of a row.
  let count: Int

  private let rank: Int
  private let extents: SIMD8<Int>
  private let strides: (a: SIMD8<Int>, b: SIMD8<Int>, c: SIMD8<Int>)
  private let rows: Int

  /// Operands must broadcast to `result`, which has at most `greatestRank` axes.
  ///
  /// The first may lack axes of the result other than the leading ones.
  init(
    _ result: Shape, _ a: Shape, _ b: Shape = .scalar, _ c: Shape = .scalar,
    lacking axes: [Int]? = nil
  ) {
    precondition(result.rank <= greatestRank, "too many axes")
    var rank = 0
    var extents = SIMD8<Int>(repeating: 1)
    var strides = (a: SIMD8<Int>.zero, b: SIMD8<Int>.zero, c: SIMD8<Int>.zero)
    var widths = (a: 1, b: 1, c: 1)
    var skipped = 0
    for back in 0..<result.rank {
      let extent = result[result.rank - 1 - back]
      func step(_ operand: Shape, _ back: Int, _ width: inout Int) -> Int {
        let own = back < operand.rank ? operand[operand.rank - 1 - back] : 1
        defer { width *= own }
        return own == 1 ? 0 : width
      }
      let axis = result.rank - 1 - back
      let isLacking = axes?.contains { $0 == axis || $0 + result.rank == axis } ?? false
      let sa = isLacking ? 0 : step(a, back - skipped, &widths.a)
      if isLacking { skipped += 1 }
      let (sb, sc) = (step(b, back, &widths.b), step(c, back, &widths.c))
      if extent == 1 { continue }
      let last = max(rank - 1, 0)
      let inner = extents[last]
      if rank > 0, sa == strides.a[last] * inner, sb == strides.b[last] * inner,
        sc == strides.c[last] * inner
      {
        extents[last] *= extent
      } else {
        extents[rank] = extent
        (strides.a[rank], strides.b[rank], strides.c[rank]) = (sa, sb, sc)
        rank += 1
      }
    }
    self.rank = rank
    self.extents = extents
    self.strides = strides
    steps = (strides.a[0], strides.b[0], strides.c[0])
    count = extents[0]
    rows = count == 0 ? 0 : result.count / count
  }

  /// Calls `body` for every row of the result, in order.
  @inline(__always)
  func forEachRow(_ body: (Row) -> Void) {
    var index = SIMD8<Int>.zero
    var (a, b, c) = (0, 0, 0)
    for row in 0..<rows {
      body(Row(result: row * count, a: a, b: b, c: c))
      var axis = 1
      while axis < rank {
        index[axis] += 1
        a += strides.a[axis]
        b += strides.b[axis]
        c += strides.c[axis]
        if index[axis] < extents[axis] { break }
        index[axis] = 0
        a -= strides.a[axis] * extents[axis]
        b -= strides.b[axis] * extents[axis]
        c -= strides.c[axis] * extents[axis]
        axis += 1
      }
    }
  }

  /// `y = f(a, b)`, element by element.
  @inline(__always)
  func map<T: Element, R: Element>(
    _ a: Elements<T>, _ b: Elements<T>, into y: Elements<R>, _ f: (T, T) -> R
  ) {
    let (na, nb) = (steps.a, steps.b)
    forEachRow { row in
      // Slicing checks the bounds once for the row.
      let target = unsafe y[row.result..<row.result + count].pointer
      let left = unsafe a[row.a..<row.a + (na == 0 ? 1 : count)].pointer
      let right = unsafe b[row.b..<row.b + (nb == 0 ? 1 : count)].pointer
      switch (na, nb) {
      case (1, 1):
        for i in 0..<count { unsafe target[i] = f(left[i], right[i]) }
      case (1, 0):
        let fixed = unsafe right[0]
        for i in 0..<count { unsafe target[i] = f(left[i], fixed) }
      case (0, 1):
        let fixed = unsafe left[0]
        for i in 0..<count { unsafe target[i] = f(fixed, right[i]) }
      default:
        let fixed = unsafe f(left[0], right[0])
        for i in 0..<count { unsafe target[i] = fixed }
      }
    }
  }
}

extension Shape {
  /// For every element of this shape, the element of `operand` that broadcasts to it.
  func sources(in operand: Shape) -> [Int] {
    if operand == self { return Array(0..<count) }
    let loop = BroadcastLoop(self, operand)
    var sources: [Int] = []
    sources.reserveCapacity(count)
    loop.forEachRow { row in
      for i in 0..<loop.count { sources.append(row.a + i * loop.steps.a) }
    }
    return sources
  }

  /// The element of `operand` that broadcasts to `element` of this shape.
  func source(of element: Int, in operand: Shape) -> Int {
    var (rest, index, width) = (element, 0, 1)
    for back in 0..<rank {
      let position = rest % extents[rank - 1 - back]
      rest /= extents[rank - 1 - back]
      guard back < operand.rank else { continue }
      let own = operand[operand.rank - 1 - back]
      if own != 1 { index += position * width }
      width *= own
    }
    return index
  }
}
