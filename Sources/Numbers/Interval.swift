/// A closed interval of the extended real line.
///
/// Arithmetic contains: the result of an operation holds the exact result for every pair of
/// members for which it is defined, with bounds rounded outward by no more than one step of
/// `Double`. An infinite bound says that there is no bound. Undefined results (∞ − ∞, 0 · ∞,
/// division by 0) are no members of the line; that they can happen is what hazards tell.
public struct Interval: Hashable, Sendable, CustomStringConvertible {
  public let lower: Double
  public let upper: Double

  /// Creates [lower, upper]; neither may be NaN, and `lower` must not exceed `upper`.
  public init(_ lower: Double, _ upper: Double) {
    precondition(lower <= upper, "the lower bound must not exceed the upper bound")
    self.lower = lower
    self.upper = upper
  }

  /// The interval of one number.
  public init(_ value: Double) { self.init(value, value) }

  /// Every number.
  public static let whole = Interval(-.infinity, .infinity)

  public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

  /// Whether every member of `other` is a member.
  public func contains(_ other: Interval) -> Bool { lower <= other.lower && other.upper <= upper }

  /// Whether both bounds are finite.
  public var isBounded: Bool { lower > -.infinity && upper < .infinity }

  /// The greatest magnitude of a member.
  public var magnitude: Double { max(lower.magnitude, upper.magnitude) }

  /// The smallest interval that contains both.
  public func union(_ other: Interval) -> Interval {
    Interval(min(lower, other.lower), max(upper, other.upper))
  }

  /// What both contain, or nil when that is nothing.
  public func intersection(_ other: Interval) -> Interval? {
    let lower = max(lower, other.lower)
    let upper = min(upper, other.upper)
    return lower <= upper ? Interval(lower, upper) : nil
  }

  public var description: String { "[\(lower), \(upper)]" }
}

extension Interval {
  public static prefix func - (x: Interval) -> Interval { Interval(-x.upper, -x.lower) }

  public static func + (x: Interval, y: Interval) -> Interval {
    Interval(
      Directed.sum(x.lower, y.lower).down(orUnbounded: -.infinity),
      Directed.sum(x.upper, y.upper).up(orUnbounded: .infinity))
  }

  public static func - (x: Interval, y: Interval) -> Interval { x + -y }

  public static func * (x: Interval, y: Interval) -> Interval {
    extremes(
      Directed.product(x.lower, y.lower), Directed.product(x.lower, y.upper),
      Directed.product(x.upper, y.lower), Directed.product(x.upper, y.upper))
  }

  /// The quotients by every member of the divisor except 0.
  ///
  /// The whole line when the divisor has members on both sides of 0, or is 0.
  public static func / (x: Interval, y: Interval) -> Interval {
    if y.lower < 0 && y.upper > 0 || y.lower == 0 && y.upper == 0 { return .whole }
    if y.lower < 0 { return -x / -y }
    if y.lower == .infinity { return x.isBounded ? Interval(0) : .whole }
    // A divisor that comes down to 0 makes any sign of the dividend unbounded.
    if y.lower == 0 {
      let least = x.lower < 0 ? -Double.infinity : Directed.quotient(x.lower, y.upper).down()
      let greatest = x.upper > 0 ? Double.infinity : Directed.quotient(x.upper, y.upper).up()
      return Interval(least, greatest)
    }
    return extremes(
      Directed.quotient(x.lower, y.lower), Directed.quotient(x.lower, y.upper),
      Directed.quotient(x.upper, y.lower), Directed.quotient(x.upper, y.upper))
  }

  private static func extremes(
    _ a: Directed, _ b: Directed, _ c: Directed, _ d: Directed
  ) -> Interval {
    Interval(
      Swift.min(a.down(), b.down(), c.down(), d.down()),
      Swift.max(a.up(), b.up(), c.up(), d.up()))
  }

  /// Every member times `factor`, which may not be NaN.
  public func scaled(by factor: Double) -> Interval { self * Interval(factor) }

  /// The squares of the members: tighter than a product of the interval with itself.
  public var squared: Interval {
    let small = Interval(absolute.lower)
    let large = Interval(absolute.upper)
    return Interval((small * small).lower, (large * large).upper)
  }

  /// The magnitudes of the members.
  public var absolute: Interval {
    if lower >= 0 { return self }
    if upper <= 0 { return -self }
    return Interval(0, magnitude)
  }

  /// What the smaller of a member of each can be.
  public static func minimum(_ x: Interval, _ y: Interval) -> Interval {
    Interval(min(x.lower, y.lower), min(x.upper, y.upper))
  }

  /// What the greater of a member of each can be.
  public static func maximum(_ x: Interval, _ y: Interval) -> Interval {
    Interval(max(x.lower, y.lower), max(x.upper, y.upper))
  }

  /// The interval with each bound moved outward by a number of steps of `Double`: what a function
  /// that is computed with an error of so many units in the last place needs.
  public func widened(ulps: Int) -> Interval {
    var (lower, upper) = (lower, upper)
    for _ in 0..<ulps {
      lower = lower.nextDown
      upper = upper.nextUp
    }
    return Interval(lower, upper)
  }

  /// What members can become when rounded to a format, to nearest.
  ///
  /// Rounding is monotone, so the rounded bounds bound; where the format has no infinity, an
  /// overflow (to NaN) leaves no bound.
  public func rounded(to format: NumberFormat, overflow: Overflow = .special) -> Interval {
    let low = format.rounded(lower, overflow: overflow)
    let high = format.rounded(upper, overflow: overflow)
    return Interval(
      low.isNaN ? (lower < 0 ? -.infinity : format.greatest) : low,
      high.isNaN ? (upper > 0 ? .infinity : -format.greatest) : high)
  }
}

/// A result rounded to nearest, with the sign of what the rounding took away.
///
/// Error-free transformations tell that sign (Knuth 1969 for sums, fused multiply-add for products
/// and quotients), so that exact results are not widened.
private struct Directed {
  /// The rounded result; NaN where the operation is undefined.
  let value: Double
  /// The exact result minus the rounded one, up to a positive factor; NaN when that is unknown.
  let error: Double

  /// The greatest number that is no greater than the exact result.
  func down(orUnbounded fallback: Double = 0) -> Double {
    if value.isNaN { return fallback }
    return error >= 0 ? value : value.nextDown
  }

  /// The smallest number that is no smaller than the exact result.
  func up(orUnbounded fallback: Double = 0) -> Double {
    if value.isNaN { return fallback }
    return error <= 0 ? value : value.nextUp
  }

  static func sum(_ a: Double, _ b: Double) -> Directed {
    let value = a + b
    guard a.isFinite && b.isFinite else { return Directed(value: value, error: 0) }
    guard value.isFinite else { return Directed(value: value, error: -value) }
    let part = value - a
    let error = (a - (value - part)) + (b - part)
    // Close to the greatest number a step in between may overflow, and then tells nothing.
    return Directed(value: value, error: error.isFinite ? error : .nan)
  }

  static func product(_ a: Double, _ b: Double) -> Directed {
    let value = a * b
    // 0 · ∞ is the limit of 0 · x, which is 0, and makes `value` NaN: the fallback of `down`.
    guard a.isFinite && b.isFinite && a != 0 && b != 0 else {
      return Directed(value: value, error: 0)
    }
    guard value.isFinite else { return Directed(value: value, error: -value) }
    // Near the smallest numbers the error itself may round away, but its sign is known at 0.
    guard value != 0 else { return Directed(value: value, error: a.sign == b.sign ? 1 : -1) }
    guard value.magnitude > 0x1p-960 else { return Directed(value: value, error: .nan) }
    return Directed(value: value, error: (-value).addingProduct(a, b))
  }

  /// The quotient by a positive number.
  static func quotient(_ a: Double, _ b: Double) -> Directed {
    let value = a / b
    // ∞ / ∞ makes `value` NaN: a limit from 0 on that other corners bound from above.
    guard a.isFinite && b.isFinite && a != 0 else { return Directed(value: value, error: 0) }
    guard value.isFinite else { return Directed(value: value, error: -value) }
    guard value != 0 else { return Directed(value: value, error: a) }
    guard value.magnitude > 0x1p-960 && a.magnitude > 0x1p-900 else {
      return Directed(value: value, error: .nan)
    }
    return Directed(value: value, error: a.addingProduct(-value, b))
  }
}
