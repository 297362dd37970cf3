import Numbers

/// A sum of intervals or of their products, which also contains what summing in double gives, in
/// any order.
struct OutwardSum {
  private var lower = 0.0
  private var upper = 0.0
  private(set) var magnitude = 0.0
  private var count = 0.0
  private var holdsProducts = false

  mutating func add(_ term: Interval) {
    lower += term.lower
    upper += term.upper
    magnitude += term.magnitude
    count += 1
  }

  mutating func add(_ coefficient: Double, _ a: Interval, _ b: Interval) {
    let p = Self.product(a.lower, b.lower)
    let q = Self.product(a.lower, b.upper)
    let r = Self.product(a.upper, b.lower)
    let s = Self.product(a.upper, b.upper)
    let low = Self.product(coefficient, min(min(p, q), min(r, s)))
    let high = Self.product(coefficient, max(max(p, q), max(r, s)))
    lower += min(low, high)
    upper += max(low, high)
    magnitude += max(abs(low), abs(high))
    count += 1
    holdsProducts = true
  }

  /// A bound times a bound: 0 times no bound is 0, since every member is finite.
  private static func product(_ a: Double, _ b: Double) -> Double {
    a == 0 || b == 0 ? 0 : a * b
  }

  var interval: Interval {
    // Nothing was rounded.
    guard count > 1 || holdsProducts else { return Interval(lower, upper) }
    // Two products and one addition per term, and one rounding of the coefficient itself.
    let roundings = (count + 4) * Double.ulpOfOne
    let error =
      magnitude * roundings * (1 + roundings) + 4 * count * Double.leastNonzeroMagnitude
    let low = lower - error
    let high = upper + error
    return Interval(low.isNaN ? -.infinity : low, high.isNaN ? .infinity : high)
  }
}
