import Findings
public import Numbers
import RealModule
public import Semantics

/// A function with edges of its domain, or poles, away from 0.
///
/// Where the nearest is more than five deviations away, the first terms of the Taylor series say
/// what Gaussian averages can be said to be.
public protocol Edged: ParameterFree {
  /// How far the nearest edge or pole is.
  func distance(from x: Double) -> Double
}

extension Edged {
  public func distance(from x: Double) -> Double { min(x - domain.lower, domain.upper - x) }

  public func moments(of x: Moments, units: Int, positions: Int) -> Moments {
    taylor(0, of: x) ?? .unknown(reason(x))
  }

  public func moments(
    ofCotangent cotangent: Moments, at x: Moments, order: Int, units: Int, positions: Int
  ) -> Moments {
    guard let factor = taylor(order, of: x) else { return .unknown(reason(x)) }
    return .product(cotangent, factor)
  }

  private func reason(_ x: Moments) -> String {
    guard x.basis != .unknown else { return x.note ?? "its operand is not known" }
    return "values that \(Self.name) takes may be near its edges (their mean is "
      + "\(Numerals.short(x.mean)), their second moment \(Numerals.short(x.secondMoment))), where it has "
      + "no moments that can be stated"
  }

  private func taylor(_ order: Int, of x: Moments) -> Moments? {
    x.mapped(farFromEdgeAt: distance(from: x.mean)) { derivative(order, at: $0) }
  }

  public func failure(at x: Double, order: Int) -> Cause.Reason {
    domain.contains(x) ? .divisionByZero : .outsideDomain
  }
}

/// The cosine, in radians.
public struct Cos: ParameterFree {
  public static let name = "Cos"
  public init() {}

  public var name: String { "cos" }
  public func value(at x: Double) -> Double { Double.cos(x) }
  public func slope(at x: Double) -> Double { -Double.sin(x) }
  public func curvature(at x: Double) -> Double { -Double.cos(x) }
  public var period: Double? { 2 * .pi }
  public var codomain: Interval { Interval(-1, 1) }

  /// Those of the sine, shifted by a quarter of a period.
  public func turningPoints(in interval: Interval) -> [Double] {
    guard interval.isBounded else { return [-.pi, 0] }
    let quarter = Double.pi / 2
    return Sin().turningPoints(in: Interval(interval.lower + quarter, interval.upper + quarter))
      .map { $0 - quarter }
  }

  public func inflections(in interval: Interval) -> [Double] {
    Sin().turningPoints(in: interval)
  }

  public func closedFormMoments(mean: Double, variance q: Double) -> GaussianMoments? {
    let (decay, double) = (Double.exp(-q), Double.cos(2 * mean))
    let second = (1 + double * decay * decay) / 2
    let average = Double.exp(-q / 2)
    return GaussianMoments(
      mean: Double.cos(mean) * average, secondMoment: second,
      variance: -Double.expMinusOne(-q) * (1 - double * decay) / 2,
      meanSlope: -Double.sin(mean) * average,
      slopeSecondMoment: (1 - double) / 2 - double * Double.expMinusOne(-2 * q) / 2,
      curvatureTerm: -second, isClosedForm: true)
  }
}

/// The tangent, in radians: with a pole between every two periods.
public struct Tan: Edged {
  public static let name = "Tan"
  public init() {}

  public var name: String { "tan" }
  public func value(at x: Double) -> Double { Double.tan(x) }
  public func slope(at x: Double) -> Double { 1 + Double.tan(x) * Double.tan(x) }
  public func curvature(at x: Double) -> Double { 2 * Double.tan(x) * slope(at: x) }
  public var period: Double? { .pi }

  public func distance(from x: Double) -> Double {
    abs((x - .pi / 2).remainder(dividingBy: .pi))
  }

  public func range(over interval: Interval) -> Interval {
    guard interval.magnitude < 0x1p40 else { return .whole }
    // Poles lie where this number is whole.
    let margin = 4 * interval.magnitude.ulp
    let low = ((interval.lower - margin) / .pi - 0.5).rounded(.up)
    guard low > (interval.upper + margin) / .pi - 0.5 else { return .whole }
    return hull(of: [interval.lower, interval.upper], value(at:))
  }

  public func range(ofDerivative order: Int, over interval: Interval) -> Interval {
    order == 1
      ? Interval(1) + range(over: interval).squared : rangeOfSecondDerivative(over: interval)
  }
}

/// The angle in [−π/2, π/2] whose sine is x.
public struct Asin: Edged {
  public static let name = "Asin"
  public init() {}

  public var name: String { "asin" }
  public func value(at x: Double) -> Double { Double.asin(x) }
  public func slope(at x: Double) -> Double { 1 / ((1 - x) * (1 + x)).squareRoot() }
  public func curvature(at x: Double) -> Double { x * slope(at: x) / ((1 - x) * (1 + x)) }
  public var domain: Interval { Interval(-1, 1) }
  public var codomain: Interval { Interval(-(Double.pi / 2).nextUp, (Double.pi / 2).nextUp) }
  public func inflections(in interval: Interval) -> [Double] { interval.contains(0) ? [0] : [] }
}

/// The angle in [0, π] whose cosine is x.
public struct Acos: Edged {
  public static let name = "Acos"
  public init() {}

  public var name: String { "acos" }
  public func value(at x: Double) -> Double { Double.acos(x) }
  public func slope(at x: Double) -> Double { -Asin().slope(at: x) }
  public func curvature(at x: Double) -> Double { -Asin().curvature(at: x) }
  public var domain: Interval { Interval(-1, 1) }
  public var codomain: Interval { Interval(0, Double.pi.nextUp) }
  public func inflections(in interval: Interval) -> [Double] { interval.contains(0) ? [0] : [] }
}

/// The angle in (−π/2, π/2) whose tangent is x.
public struct Atan: ParameterFree {
  public static let name = "Atan"
  public init() {}

  public var name: String { "atan" }
  public func value(at x: Double) -> Double { Double.atan(x) }
  public func slope(at x: Double) -> Double { 1 / (1 + x * x) }
  public func curvature(at x: Double) -> Double { -2 * x * slope(at: x) * slope(at: x) }
  public var codomain: Interval { Interval(-(Double.pi / 2).nextUp, (Double.pi / 2).nextUp) }
  public func inflections(in interval: Interval) -> [Double] { interval.contains(0) ? [0] : [] }
}

// MARK: - Hyperbolic functions

/// `(eˣ − e⁻ˣ) / 2`.
public struct Sinh: ParameterFree {
  public static let name = "Sinh"
  public init() {}

  public var name: String { "sinh" }
  public func value(at x: Double) -> Double { Double.sinh(x) }
  public func slope(at x: Double) -> Double { Double.cosh(x) }
  public func curvature(at x: Double) -> Double { Double.sinh(x) }
  public func inflections(in interval: Interval) -> [Double] { interval.contains(0) ? [0] : [] }
  public func failure(at x: Double, order: Int) -> Cause.Reason { .overflowOfExponential }

  public func closedFormMoments(mean: Double, variance q: Double) -> GaussianMoments? {
    let (growth, double) = (Double.exp(2 * q), Double.cosh(2 * mean))
    let second = (double * Double.expMinusOne(2 * q) + (double - 1)) / 2
    return GaussianMoments(
      mean: Double.sinh(mean) * Double.exp(q / 2), secondMoment: second,
      variance: Double.expMinusOne(q) * (Double.exp(q) * double + 1) / 2,
      meanSlope: Double.cosh(mean) * Double.exp(q / 2),
      slopeSecondMoment: (double * growth + 1) / 2, curvatureTerm: second, isClosedForm: true)
  }
}

/// `(eˣ + e⁻ˣ) / 2`.
public struct Cosh: ParameterFree {
  public static let name = "Cosh"
  public init() {}

  public var name: String { "cosh" }
  public func value(at x: Double) -> Double { Double.cosh(x) }
  public func slope(at x: Double) -> Double { Double.sinh(x) }
  public func curvature(at x: Double) -> Double { Double.cosh(x) }
  public var codomain: Interval { Interval(1, .infinity) }
  public func failure(at x: Double, order: Int) -> Cause.Reason { .overflowOfExponential }

  public func turningPoints(in interval: Interval) -> [Double] {
    interval.contains(0) ? [0] : []
  }

  public func closedFormMoments(mean: Double, variance q: Double) -> GaussianMoments? {
    let (growth, double) = (Double.exp(2 * q), Double.cosh(2 * mean))
    let second = (double * growth + 1) / 2
    return GaussianMoments(
      mean: Double.cosh(mean) * Double.exp(q / 2), secondMoment: second,
      variance: Double.expMinusOne(q) * (Double.exp(q) * double - 1) / 2,
      meanSlope: Double.sinh(mean) * Double.exp(q / 2),
      slopeSecondMoment: (double * Double.expMinusOne(2 * q) + (double - 1)) / 2,
      curvatureTerm: second, isClosedForm: true)
  }
}

/// The number whose hyperbolic sine is x.
public struct Asinh: ParameterFree {
  public static let name = "Asinh"
  public init() {}

  public var name: String { "asinh" }
  public func value(at x: Double) -> Double { Double.asinh(x) }
  public func slope(at x: Double) -> Double { 1 / Double.hypot(1, x) }
  public func curvature(at x: Double) -> Double { -x * slope(at: x) / (1 + x * x) }
  public func inflections(in interval: Interval) -> [Double] { interval.contains(0) ? [0] : [] }
}

/// The number, not below 0, whose hyperbolic cosine is x.
public struct Acosh: Edged {
  public static let name = "Acosh"
  public init() {}

  public var name: String { "acosh" }
  public func value(at x: Double) -> Double { Double.acosh(x) }
  public func slope(at x: Double) -> Double { 1 / ((x - 1).squareRoot() * (x + 1).squareRoot()) }
  public func curvature(at x: Double) -> Double { -x * slope(at: x) / ((x - 1) * (x + 1)) }
  public var domain: Interval { Interval(1, .infinity) }
  public var codomain: Interval { Interval(0, .infinity) }
}

/// The number whose hyperbolic tangent is x: infinite at ±1.
public struct Atanh: Edged {
  public static let name = "Atanh"
  public init() {}

  public var name: String { "atanh" }
  public func value(at x: Double) -> Double { Double.atanh(x) }
  public func slope(at x: Double) -> Double { 1 / ((1 - x) * (1 + x)) }
  public func curvature(at x: Double) -> Double { 2 * x * slope(at: x) * slope(at: x) }
  public var domain: Interval { Interval(-1, 1) }

  /// 1/(1 − x²), beyond ±1 as well; it lies between its values at the least and greatest |x|.
  public func range(ofDerivative order: Int, over interval: Interval) -> Interval {
    guard order == 1 else { return rangeOfSecondDerivative(over: interval) }
    let x = interval.absolute
    let ends = [x.lower, x.upper].map(Interval.init(_:)).map {
      (Interval(1) - $0) * (Interval(1) + $0)
    }
    return (Interval(1) / ends[0].union(ends[1])).widened(ulps: 4)
  }
}
