import Numbers

extension [Interval] {
  /// The places at which the greatest element can be, where of equal ones the first counts, or the
  /// last.
  ///
  /// A place is out where another element is certainly greater, or as great and counts before it.
  func possibleMaxima(lastCounts: Bool = false) -> [Int] {
    /// The greatest lower bound of the places before each one, in order.
    func certain(_ order: some Sequence<Int>) -> [Double?] {
      var found = [Double?](repeating: nil, count: count)
      var greatest: Double?
      for place in order {
        found[place] = greatest
        greatest = Swift.max(greatest ?? -.infinity, self[place].lower)
      }
      return found
    }
    let (before, after) = (certain(indices), certain(indices.reversed()))
    return indices.filter { place in
      let upper = self[place].upper
      let (preferred, others) = lastCounts ? (after, before) : (before, after)
      let isPreferred = preferred[place].map { upper > $0 } ?? true
      return isPreferred && others[place].map { upper >= $0 } ?? true
    }
  }
}
