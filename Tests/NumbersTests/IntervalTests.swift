import Numbers
import Testing

@Suite struct IntervalTests {
  static let corners: [Double] = [
    -.infinity, -1e308, -3, -1, -0.1, -0x1p-1030, -0.0, 0, .leastNonzeroMagnitude, 1e-200, 0.3, 1,
    7, 1e200, .infinity,
  ]

  static let intervals: [Interval] = corners.flatMap { low in
    corners.filter { $0 >= low }.map { Interval(low, $0) }
  }

  /// Members of an interval, its bounds among them.
  static func members(_ x: Interval) -> [Double] {
    let low = max(x.lower, -.greatestFiniteMagnitude)
    let high = min(x.upper, .greatestFiniteMagnitude)
    return corners.filter { x.contains($0) } + [x.lower, x.upper]
      + [0.25, 0.5].map { low * (1 - $0) + high * $0 }.filter { x.contains($0) }
  }

  @Test func arithmeticContainsTheResultsOfMembers() {
    for x in Self.intervals {
      for y in Self.intervals {
        let (sum, difference, product, quotient) = (x + y, x - y, x * y, x / y)
        let (least, greatest) = (Interval.minimum(x, y), Interval.maximum(x, y))
        for a in Self.members(x) {
          for b in Self.members(y) {
            // Rounding to nearest stays inside bounds that are themselves numbers. An undefined
            // result (NaN) is no member of the line.
            #expect((a + b).isNaN || sum.contains(a + b), "\(x) + \(y)")
            #expect((a - b).isNaN || difference.contains(a - b), "\(x) - \(y)")
            #expect((a * b).isNaN || product.contains(a * b), "\(x) * \(y)")
            #expect(b == 0 || (a / b).isNaN || quotient.contains(a / b), "\(x) / \(y)")
            #expect(least.contains(min(a, b)) && greatest.contains(max(a, b)))
          }
        }
      }
    }
  }

  @Test func boundsHoldExactResultsThatRoundingMovesAway() {
    // 0.1 · 3 is above 0.3 and rounds up; its exact value lies strictly between two numbers.
    let product = Interval(0.1) * Interval(3)
    #expect(product.lower < product.upper)
    #expect(product.lower.nextUp == product.upper)
    let third = Interval(1) / Interval(3)
    #expect((third * Interval(3)).contains(1) && third.lower.nextUp == third.upper)
    let sum = Interval(1) + Interval(0x1p-60)
    #expect(sum == Interval(1, 1.0.nextUp))
    #expect(Interval(1) - Interval(0x1p-60) == Interval(1.0.nextDown, 1))
    let tiny = Interval(0, .leastNonzeroMagnitude)
    #expect(Interval(1e-200) * Interval(1e-200) == tiny)
    #expect(Interval(-1e-200) / Interval(1e200) == -tiny)
  }

  @Test func exactResultsAreNotWidened() {
    #expect(Interval(1, 2) + Interval(3, 4) == Interval(4, 6))
    #expect(Interval(1, 2) * Interval(-3, 4) == Interval(-6, 8))
    #expect(Interval(1, 6) / Interval(2, 4) == Interval(0.25, 3))
    #expect(Interval(0, 5).scaled(by: -2) == Interval(-10, 0))
  }

  @Test func zeroTimesAnUnboundedIntervalIsBoundedByLimits() {
    #expect(Interval(0) * Interval.whole == Interval(0))
    #expect(Interval(0, 1) * Interval(2, .infinity) == Interval(0, .infinity))
    #expect(Interval(-1, 1) * Interval(0, .infinity) == .whole)
  }

  @Test func divisionByIntervalsWithZero() {
    #expect(Interval(1, 2) / Interval(-1, 1) == .whole)
    #expect(Interval(1, 2) / Interval(0, 4) == Interval(0.25, .infinity))
    #expect(Interval(1, 2) / Interval(-4, 0) == Interval(-.infinity, -0.25))
    #expect(Interval(-1, 2) / Interval(0, 1) == .whole)
    #expect(Interval(1) / Interval(0) == .whole)
    #expect(Interval(1) / Interval(.infinity) == Interval(0))
    #expect(Interval(1, .infinity) / Interval(.infinity) == .whole)
  }

  @Test func overflowKeepsAFiniteBoundOnItsInnerSide() {
    let sum = Interval(1e308) + Interval(1e308)
    #expect(sum == Interval(.greatestFiniteMagnitude, .infinity))
    #expect(Interval(-1e200) * Interval(1e200) == Interval(-.infinity, -.greatestFiniteMagnitude))
  }

  @Test func squaresAndMagnitudesKnowThatBothFactorsAreOne() {
    #expect(Interval(-2, 3).squared == Interval(0, 9))
    #expect(Interval(-3, -2).squared == Interval(4, 9))
    #expect(Interval(-3, 2).absolute == Interval(0, 3))
    #expect(Interval(-.infinity, -1).absolute == Interval(1, .infinity))
    #expect(Interval.whole.squared == Interval(0, .infinity))
  }

  @Test func intersectionsAndUnions() {
    #expect(Interval(0, 2).intersection(Interval(1, 3)) == Interval(1, 2))
    #expect(Interval(0, 1).intersection(Interval(2, 3)) == nil)
    #expect(Interval(0, 1).union(Interval(2, 3)) == Interval(0, 3))
    #expect(Interval(0, 3).contains(Interval(1, 2)) && !Interval(0, 3).contains(Interval(1, 4)))
  }

  @Test func wideningMovesBothBoundsOutward() {
    #expect(Interval(1, 2).widened(ulps: 2) == Interval(1.0.nextDown.nextDown, 2.0.nextUp.nextUp))
    #expect(Interval.whole.widened(ulps: 3) == .whole)
  }

  @Test func roundingToAFormatBoundsWhatMembersBecome() {
    #expect(Interval(1e-9, 7e4).rounded(to: .fp16) == Interval(0, .infinity))
    #expect(Interval(-500, 500).rounded(to: .fp8E4M3FN) == .whole)
    let saturated = Interval(-500, 500).rounded(to: .fp8E4M3FN, overflow: .saturates)
    #expect(saturated == Interval(-448, 448))
  }
}
