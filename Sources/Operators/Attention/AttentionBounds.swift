import Numbers

/// The matrix of one head, of intervals.
struct IntervalMatrix {
  let rows: Int
  let columns: Int
  private(set) var intervals: [Interval]

  /// The matrix of a head among those of `heads`, one after another.
  init(_ intervals: [Interval], _ head: Int, columns: Int, of heads: Int) {
    let size = intervals.count / heads
    self.intervals = Array(intervals[head * size..<(head + 1) * size])
    self.columns = columns
    rows = columns == 0 ? 0 : size / columns
  }

  init(rows: Int, columns: Int, _ element: (_ row: Int, _ column: Int) -> Interval) {
    self.rows = rows
    self.columns = columns
    intervals = []
    intervals.reserveCapacity(rows * columns)
    for row in 0..<rows { for column in 0..<columns { intervals.append(element(row, column)) } }
  }

  subscript(row: Int, column: Int) -> Interval { intervals[row * columns + column] }

  func row(_ row: Int) -> ArraySlice<Interval> {
    intervals[row * columns..<(row + 1) * columns]
  }

  /// The greatest magnitude of a member.
  var magnitude: Double { intervals.reduce(0) { max($0, $1.magnitude) } }

  var transposed: IntervalMatrix {
    IntervalMatrix(rows: columns, columns: rows) { self[$1, $0] }
  }

  /// `factor · self · other`.
  func times(_ other: IntervalMatrix, factor: Double = 1) -> IntervalMatrix {
    IntervalMatrix(rows: rows, columns: other.columns) { row, column in
      var sum = OutwardSum()
      for k in 0..<columns { sum.add(factor, self[row, k], other[k, column]) }
      return sum.interval
    }
  }

  func combined(
    with other: IntervalMatrix, _ f: (Interval, Interval) -> Interval
  ) -> IntervalMatrix {
    IntervalMatrix(rows: rows, columns: columns) { f(self[$0, $1], other[$0, $1]) }
  }

  /// What both contain.
  func limited(to reach: Double) -> [Interval] {
    let limit = reach.isNaN ? Interval.whole : Interval(-reach, reach)
    return intervals.map { $0.intersection(limit) ?? limit }
  }
}

extension AttentionLayout {
  /// The probabilities [T, S] of a head; 0 where a query does not see a key.
  func probabilities(_ q: [Interval], _ k: [Interval], _ head: Int) -> IntervalMatrix {
    let logits = IntervalMatrix(q, head, columns: depth, of: heads)
      .times(IntervalMatrix(k, head, columns: depth, of: heads).transposed, factor: scale)
    var rows: [[Interval]] = []
    for query in 0..<queries {
      let seen = LogOdds.ranges(Array(logits.row(query).prefix(visible(query))))
        .map(Softmax.range(logOdds:))
      rows.append(seen + Array(repeating: Interval(0), count: keys - seen.count))
    }
    return IntervalMatrix(rows: queries, columns: keys) { rows[$0][$1] }
  }

  /// For every row of `a` its average with the weights `p`.
  func averages(_ a: IntervalMatrix, _ p: IntervalMatrix) -> [Interval] {
    (0..<queries).map { query in
      let seen = visible(query)
      return .average(of: Array(a.row(query).prefix(seen)), weights: p.row(query).prefix(seen))
    }
  }

  /// `p · (a − rowsum(p a))`.
  func backpropagated(_ a: IntervalMatrix, _ p: IntervalMatrix) -> IntervalMatrix {
    let averages = averages(a, p)
    return IntervalMatrix(rows: queries, columns: keys) {
      p[$0, $1] * (a[$0, $1] - averages[$0])
    }
  }
}

extension Interval {
  /// What `Σ w x` can be for weights within `weights`, none below 0, that sum to 1; 0 for none.
  ///
  /// It lies among the x, and at `c + Σ w (x − c)` for any c.
  static func average(of x: [Interval], weights: ArraySlice<Interval>) -> Interval {
    guard var hull = x.first else { return Interval(0) }
    for interval in x.dropFirst() { hull = hull.union(interval) }
    // Weights sum to 1 up to rounding, which a softmax of S terms keeps below S steps.
    let slack = Double(x.count + 16) * 0x1p-50 * hull.magnitude
    guard slack.isFinite else { return hull }
    let centre = hull.lower / 2 + hull.upper / 2
    var sum = OutwardSum()
    for (x, weight) in zip(x, weights) { sum.add(1, weight, x - Interval(centre)) }
    let shifted = sum.interval + Interval(centre)
    let average = shifted.intersection(hull) ?? hull
    return Interval(average.lower - slack, average.upper + slack)
  }
}
