public import Numbers
import RealModule
public import Semantics

/// `xᵉ` for an exponent e above 0 where x is the sum in a norm or the mean square in a standard
/// deviation: e is ½ for the Euclidean norm, 1/p for the p-norm.
///
/// Where x is 0 the norm has a kink, and the slope is 0 by choice (one of its subgradients), whatever
/// the cotangent is. ``Sqrt`` and ``Pow`` have an infinite slope there, which times the 0 of the
/// squares is NaN.
public struct Root: SingularAtZero {
  public static let name = "Root"
  public let exponent: Double

  public init(exponent: Double = 0.5) { self.exponent = exponent }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("exponent", in: Self.name)
    exponent = try attributes.real("exponent", default: 0.5, in: Self.name)
    guard exponent > 0, exponent.isFinite else {
      throw refusal(.invalidAttribute, "'exponent' must be above 0")
    }
  }

  public var attributes: Attributes { ["exponent": .real(exponent)] }

  public var name: String { "root(\(exponent))" }
  public func value(at x: Double) -> Double { power(x, exponent) }
  public func slope(at x: Double) -> Double {
    x == 0 ? 0 : exponent * power(x, exponent) / x
  }
  public func curvature(at x: Double) -> Double {
    x == 0 ? 0 : exponent * (exponent - 1) * power(x, exponent) / x / x
  }
  public func isFlat(at x: Double) -> Bool { x == 0 }

  public var domain: Interval { Interval(0, .infinity) }
  public var codomain: Interval { Interval(0, .infinity) }

  /// The slope is unbounded towards 0, where it jumps to 0.
  public func range(ofDerivative order: Int, over interval: Interval) -> Interval {
    guard order == 1 else { return rangeOfSecondDerivative(over: interval) }
    guard let inside = interval.intersection(domain) else { return .whole }
    if inside.lower > 0 {
      return hull(of: [inside.lower, inside.upper], slope(at:))
    }
    if inside.upper == 0 { return Interval(0) }
    return exponent < 1
      ? Interval(0, .infinity)
      : hull(of: [0, inside.upper], slope(at:))
  }

  public func failure(at x: Double, order: Int) -> Cause.Reason {
    x < 0 ? .squareRootOfNegative : .overflowOfProduct
  }

  private func power(_ x: Double, _ exponent: Double) -> Double {
    exponent == 0.5 ? x.squareRoot() : Pow.value(x, exponent)
  }
}
