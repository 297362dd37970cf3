public import Numbers
import RealModule
public import Semantics
public import Tensors

/// `aᵇ`, as IEEE 754 has it: of a negative a only integer powers are defined, and a⁰ is 1.
///
/// The derivatives are b·aᵇ⁻¹ and aᵇ·ln a. As in PyTorch and JAX the first is 0 where b = 0, and the
/// second at a = 0 for b ≥ 0, whatever the cotangent is. At a = 0 the first is infinite for
/// 0 < b < 1; for negative a the second is NaN.
public struct Pow: Binary {
  public static let name = "Pow"
  public init() {}

  /// Powers that wrap around; of a negative exponent only those of 1 and −1 are not 0.
  public static var integerFunction: (@Sendable (Int64, Int64) -> Int64)? { { power($0, $1) } }

  private static func power(_ base: Int64, _ exponent: Int64) -> Int64 {
    if exponent < 0 { return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0 }
    var (result, square, rest) = (Int64(1), base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }

  public static func integerRange(_ a: Interval, _ b: Interval) -> Interval {
    let most = Double.pow(max(a.magnitude, 1), max(b.upper, 0))
    // Beyond what a double counts one by one, nothing is said.
    guard most < 0x1p53 else { return .whole }
    if a.lower == a.upper, b.lower == b.upper {
      return Interval(Double(power(Int64(a.lower), Int64(b.lower))))
    }
    return Interval(a.lower < 0 ? -most : 0, most)
  }

  public static func value<T: Scalar>(_ a: T, _ b: T) -> T {
    if b == 0 || a == 1 { return 1 }
    if a.isNaN || b.isNaN { return .nan }
    let magnitude = power(a.magnitude, b)
    if a.sign == .plus { return magnitude }
    if b.isInfinite { return magnitude }
    let isInteger = b.rounded(.towardZero) == b
    if !isInteger { return a == 0 || a.isInfinite ? magnitude : .nan }
    return b.truncatingRemainder(dividingBy: 2) == 0 ? magnitude : -magnitude
  }

  /// aᵇ for a ≥ 0 and b ≠ 0.
  private static func power<T: Scalar>(_ a: T, _ b: T) -> T {
    if a == 0 || a.isInfinite { return (a == 0) == (b > 0) ? 0 : .infinity }
    if a == 1 { return 1 }
    if b.isInfinite { return (a > 1) == (b > 0) ? .infinity : 0 }
    return T.pow(a, b)
  }

  /// Squares, and what their derivatives take, need no logarithm.
  public static func combine(
    _ a: Elements<Float>, _ b: Elements<Float>, into y: Elements<Float>
  ) {
    let (aStep, bStep) = (a.count == 1 ? 0 : 1, b.count == 1 ? 0 : 1)
    if b.count == 1, b[0] == 2 {
      VectorKernels.multiply(a, a, into: y)
    } else if b.count == 1, b[0] == 1 {
      for i in y.indices { y[i] = a[i * aStep] }
    } else {
      for i in y.indices { y[i] = value(a[i * aStep], b[i * bStep]) }
    }
  }

  /// Between the corners, as aᵇ is monotone in each of a ≥ 0 and b.
  ///
  /// A negative a is followed for one integer exponent; of others only those powers are defined whose
  /// exponent is an integer, and they are as great as those of |a|, with either sign.
  public static func range(_ a: Interval, _ b: Interval) -> Interval {
    if a.lower >= 0 { return corners(a, b) }
    if b.lower == b.upper, b.lower.rounded() == b.lower, b.lower.isFinite {
      let isEven = b.lower.truncatingRemainder(dividingBy: 2) == 0
      if isEven { return corners(a.absolute, b) }
      return b.lower < 0 && a.upper >= 0 ? .whole : corners(a, b)
    }
    let greatest = corners(a.absolute, b).upper
    return Interval(-greatest, greatest)
  }

  private static func corners(_ a: Interval, _ b: Interval) -> Interval {
    let values = [a.lower, a.upper].flatMap { a in [b.lower, b.upper].map { value(a, $0) } }
    let hull = Interval(values.min() ?? 0, values.max() ?? 0)
    // 1 lies between where b passes 0, and belongs to a = 0 as well.
    let full = b.contains(0) ? hull.union(Interval(1)) : hull
    return full.widened(ulps: 4)
  }

  /// Known for one exponent: by quadrature for a natural number, by Taylor's series far from 0.
  public static func moments(_ a: Moments, _ b: Moments, units: Int, positions: Int) -> Moments {
    guard b.law == .constant else {
      return .unknown("Pow of an exponent that varies has no moments that can be stated")
    }
    if a.law == .constant { return .constant(value(a.mean, b.mean)) }
    let function = PowerFunction(exponent: b.mean)
    if b.mean >= 0, b.mean.rounded() == b.mean {
      return a.mapped(by: function, units: units, positions: positions)
    }
    return a.mappedFarFromZero(by: function.value(at:))
      ?? .unknown("Pow of values near 0 has no moments that can be stated")
  }

  public static func failure(_ a: Double, _ b: Double) -> Cause.Reason? {
    guard a.isFinite, b.isFinite else { return nil }
    if a == 0 { return .divisionByZero }
    return value(a, b).isNaN ? .powerOutsideDomain : .overflowOfProduct
  }

  public func partials(
    _ cotangent: Value, _ a: Value, _ b: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value) {
    let (zero, one) = (try graph.apply(Constant(0)), try graph.apply(Constant(1)))
    let lower = try graph.apply(Pow(), a, graph.apply(Sub(), b, one))
    let growth = try graph.apply(Mul(), graph.apply(Pow(), a, b), graph.apply(Log(), a))
    var byBase = try graph.apply(Mul(), cotangent, graph.apply(Mul(), b, lower))
    if graph.number(of: b).map({ $0 == 0 }) ?? true {
      byBase = try graph.apply(Where(), graph.apply(Equal(), b, zero), zero, byBase)
    }
    let isSettled = try graph.apply(
      And(), graph.apply(Equal(), a, zero), graph.apply(GreaterOrEqual(), b, zero))
    let byExponent = try graph.apply(
      Where(), isSettled, zero, graph.apply(Mul(), cotangent, growth))
    return (byBase, byExponent)
  }

  /// For every exponent at hand, where the power overflows or becomes 0, besides poles.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard signature.results[0].kind == .real else { return [] }
    var search = HazardSearch(Self.name, in: format)
    let (a, b) = (operands[0].hull, operands[1].hull)
    for exponent in Members(of: b, in: format)?.ends ?? [] {
      search.examineTails(of: { Self.value($0, exponent) }, over: a, isDerivative: true) {
        [$0, exponent]
      }
    }
    examinePairs(of: operands, &search)
    return search.found
  }
}

/// xᵇ as a function of x.
struct PowerFunction: ScalarFunction {
  let exponent: Double

  var name: String { "pow(\(exponent))" }
  func value(at x: Double) -> Double { Pow.value(x, exponent) }
  func slope(at x: Double) -> Double { exponent * Pow.value(x, exponent - 1) }
  func curvature(at x: Double) -> Double {
    exponent * (exponent - 1) * Pow.value(x, exponent - 2)
  }
  func turningPoints(in interval: Interval) -> [Double] {
    exponent.truncatingRemainder(dividingBy: 2) == 0 && interval.contains(0) ? [0] : []
  }
}
