extension [Double] {
  /// Sorts the first `count` elements in place, without allocating as `sort()` does.
  ///
  /// Shell's method with Ciura's gaps ("Best increments for the average case of Shellsort", 2001).
  mutating func sortPrefix(_ count: Int) {
    let gaps: InlineArray<6, Int> = [132, 57, 23, 10, 4, 1]
    for g in gaps.indices {
      let gap = gaps[g]
      guard gap < count else { continue }
      for i in gap..<count {
        let value = self[i]
        var j = i
        while j >= gap, self[j - gap] > value {
          self[j] = self[j - gap]
          j -= gap
        }
        self[j] = value
      }
    }
  }

  /// The median of the first `count` elements, which are sorted by it.
  mutating func medianOfPrefix(_ count: Int) -> Double {
    sortPrefix(count)
    return count % 2 == 1 ? self[count / 2] : (self[count / 2 - 1] + self[count / 2]) / 2
  }
}
