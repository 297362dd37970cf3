extension Sequence<Range<Int>> {
  /// The least number below `limit` that most of these ranges hold; nil where none holds any.
  ///
  /// Linear in the ranges and the limit.
  func mostCrowded(below limit: Int) -> Int? {
    var steps = [Int](repeating: 0, count: limit + 1)
    for range in self {
      let own = range.clamped(to: 0..<limit)
      guard !own.isEmpty else { continue }
      steps[own.lowerBound] += 1
      steps[own.upperBound] -= 1
    }
    var (held, most, place) = (0, 0, nil as Int?)
    for number in 0..<limit {
      held += steps[number]
      if held > most { (most, place) = (held, number) }
    }
    return place
  }
}
