import Findings
public import Numbers
import RealModule
public import Semantics
public import Tensors

/// `−x`.
public struct Neg: ParameterFree {
  public static let name = "Neg"
  public init() {}

  public var name: String { "neg" }
  public func value(at x: Double) -> Double { -x }
  public func slope(at x: Double) -> Double { -1 }
  public func curvature(at x: Double) -> Double { 0 }
  public var isExact: Bool { true }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return [try graph.apply(Neg(), cotangent)]
  }

  public func moments(of x: Moments, units: Int, positions: Int) -> Moments { x.scaled(by: -1) }
}

/// `|x|`; the slope at 0 is 0.
public struct Abs: ParameterFree {
  public static let name = "Abs"
  public init() {}

  public var name: String { "abs" }
  public func value(at x: Double) -> Double { abs(x) }
  public func slope(at x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : 0 }
  public func curvature(at x: Double) -> Double { 0 }
  public var kinks: [Kink] { [Kink(at: 0, slopeJump: 2)] }
  public var isExact: Bool { true }
  public var codomain: Interval { Interval(0, .infinity) }

  public func turningPoints(in interval: Interval) -> [Double] {
    interval.contains(0) ? [0] : []
  }
}

/// −1, 0 or 1; the slope is 0.
public struct Sign: ParameterFree {
  public static let name = "Sign"
  public init() {}

  public var name: String { "sign" }
  public func value(at x: Double) -> Double { x > 0 ? 1 : x < 0 ? -1 : x }
  public func slope(at x: Double) -> Double { 0 }
  public func isFlat(at x: Double) -> Bool { true }
  public func curvature(at x: Double) -> Double { 0 }
  public var kinks: [Kink] { [Kink(at: 0, valueJump: 2)] }
  public var isExact: Bool { true }
  public var codomain: Interval { Interval(-1, 1) }

  /// The function rises, with its value at 0 between both sides.
  public func range(over interval: Interval) -> Interval {
    Interval(value(at: interval.lower), value(at: interval.upper))
  }
}

/// `x` held between `min` and `max`; the slope is 0 outside, and at the limits 1, or 0 where these are
/// `open`, as relu6 has it.
public struct Clip: Pointwise {
  public static let name = "Clip"
  public let least: Double
  public let greatest: Double
  /// Whether nothing flows back at the limits themselves.
  public let isOpen: Bool

  /// Takes `min` and `max`, each of which may be missing, and `open`, which is 0 when missing.
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("min", "max", "open", in: Self.name)
    least = try attributes.real("min", default: -.infinity, in: Self.name)
    greatest = try attributes.real("max", default: .infinity, in: Self.name)
    isOpen = try Self.flag("open", default: 0, of: attributes)
    guard least <= greatest else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "'min' \(least) must not exceed 'max' \(greatest)")
    }
  }

  public var attributes: Attributes {
    ["min": .real(least), "max": .real(greatest), "open": .integer(isOpen ? 1 : 0)]
  }

  public var name: String { "clip(\(least), \(greatest))" }
  public func value(at x: Double) -> Double { x < least ? least : x > greatest ? greatest : x }
  public func slope(at x: Double) -> Double { isFlat(at: x) ? 0 : 1 }
  public func isFlat(at x: Double) -> Bool {
    isOpen ? !(x > least && x < greatest) : !(x >= least && x <= greatest)
  }
  public func curvature(at x: Double) -> Double { 0 }
  public var isExact: Bool { true }
  public var codomain: Interval { Interval(least, greatest) }

  public var kinks: [Kink] {
    [Kink(at: least, slopeJump: 1), Kink(at: greatest, slopeJump: -1)].filter {
      $0.position.isFinite
    }
  }
}

/// A function with a pole or an edge of its domain at 0.
///
/// Gaussian averages of such functions do not exist, or are decided far out in a tail; where 0 is
/// more than five deviations away, the first terms of the Taylor series say what can be said.
public protocol SingularAtZero: Pointwise {}

extension SingularAtZero {
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
    return "values that \(Self.name) takes may be near 0 (their mean is "
      + "\(Numerals.short(x.mean)), their second moment \(Numerals.short(x.secondMoment))), where it has "
      + "no moments that can be stated"
  }

  private func taylor(_ order: Int, of x: Moments) -> Moments? {
    guard domain.contains(x.mean) else { return nil }
    return x.mappedFarFromZero { derivative(order, at: $0) }
  }
}

/// `ln x`: −∞ at 0, not defined below.
///
/// The slope 1/x is kept for negative x, as the chain rule has it, and is infinite for subnormal x.
/// Where a probability is computed first, use ``LogSoftmax``, or a loss from logits.
public struct Log: SingularAtZero, ParameterFree {
  public static let name = "Log"
  public var vectorKernel: UnaryKernel? { .log }
  public init() {}

  public var name: String { "log" }
  public func value(at x: Double) -> Double { Double.log(x) }
  public func slope(at x: Double) -> Double { 1 / x }
  public func curvature(at x: Double) -> Double { -1 / (x * x) }
  public var domain: Interval { Interval(0, .infinity) }

  /// 1/x, of negative x as well.
  public func range(ofDerivative order: Int, over interval: Interval) -> Interval {
    order == 1 ? Interval(1) / interval : rangeOfSecondDerivative(over: interval)
  }

  public func failure(at x: Double, order: Int) -> Cause.Reason {
    if order > 0 { return x == 0 ? .divisionByZero : .overflowOfProduct }
    return x < 0 ? .logarithmOfNegative : .logarithmOfZero
  }
}

/// `√x`: not defined below 0, and of infinite slope at 0.
public struct Sqrt: SingularAtZero, ParameterFree {
  public static let name = "Sqrt"
  public init() {}

  public var name: String { "sqrt" }
  public func value(at x: Double) -> Double { x.squareRoot() }
  public func slope(at x: Double) -> Double { 0.5 / x.squareRoot() }
  public func curvature(at x: Double) -> Double { -0.25 / (x * x.squareRoot()) }
  public var domain: Interval { Interval(0, .infinity) }
  public var codomain: Interval { Interval(0, .infinity) }

  public func failure(at x: Double, order: Int) -> Cause.Reason {
    x < 0 ? .squareRootOfNegative : x == 0 ? .divisionByZero : .overflowOfProduct
  }
}

/// `1/x`.
public struct Reciprocal: SingularAtZero, ParameterFree {
  public static let name = "Reciprocal"
  public init() {}

  public var name: String { "reciprocal" }
  public func value(at x: Double) -> Double { 1 / x }
  public func slope(at x: Double) -> Double { -1 / (x * x) }
  public func curvature(at x: Double) -> Double { 2 / (x * x * x) }

  public func range(over interval: Interval) -> Interval { Interval(1) / interval }

  /// −1/x², whose ends lie at those of |x|.
  public func range(ofDerivative order: Int, over interval: Interval) -> Interval {
    order == 1
      ? -(Interval(1) / interval.squared) : rangeOfSecondDerivative(over: interval)
  }

  public func failure(at x: Double, order: Int) -> Cause.Reason {
    x == 0 ? .divisionByZero : .overflowOfProduct
  }
}
