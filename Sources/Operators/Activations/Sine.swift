public import Numbers
import RealModule
public import Semantics
public import Tensors

/// The sine, in radians.
public struct Sin: ScalarFunction {
  public init() {}

  public var name: String { "sin" }
  public func value(at x: Double) -> Double { Double.sin(x) }
  public func slope(at x: Double) -> Double { Double.cos(x) }
  public func curvature(at x: Double) -> Double { -Double.sin(x) }
  public var period: Double? { 2 * .pi }

  /// One maximum and one minimum, shifted to ±π/2, where they can lie in the interval.
  ///
  /// For large arguments, whose spacing in double is wide, one that is only nearly inside is given
  /// as well.
  public func turningPoints(in interval: Interval) -> [Double] {
    guard interval.lower.isFinite, interval.upper.isFinite else { return [-.pi / 2, .pi / 2] }
    let reach = max(abs(interval.lower), abs(interval.upper))
    let margin = 4 * reach.ulp
    let contains = { (first: Double) in
      // Is first + 2πk in the interval for some integer k?
      let k = ((interval.lower - margin - first) / (2 * .pi)).rounded(.up)
      return first + 2 * .pi * k <= interval.upper + margin
    }
    return [-Double.pi / 2, Double.pi / 2].filter(contains)
  }

  public func closedFormMoments(mean: Double, variance q: Double) -> GaussianMoments? {
    let decay = Double.exp(-q)
    let double = Double.cos(2 * mean)
    let second = (1 - double) / 2 - double * Double.expMinusOne(-2 * q) / 2
    let average = Double.sin(mean) * Double.exp(-q / 2)
    return GaussianMoments(
      mean: average, secondMoment: second,
      variance: -Double.expMinusOne(-q) * (1 + double * decay) / 2,
      meanSlope: Double.cos(mean) * Double.exp(-q / 2),
      slopeSecondMoment: (1 + double * decay * decay) / 2, curvatureTerm: -second,
      isClosedForm: true)
  }

  public func closedFormPair(variance q: Double, correlation c: Double) -> GaussianPair? {
    // e^{-q} sinh(qc) and e^{-q} cosh(qc), without the overflow of either factor.
    let (rising, falling) = (Double.exp(-q * (1 - c)), Double.exp(-q * (1 + c)))
    return GaussianPair(
      value: c >= 0
        ? -rising * Double.expMinusOne(-2 * q * c) / 2
        : falling * Double.expMinusOne(2 * q * c) / 2,
      slope: (rising + falling) / 2, isClosedForm: true)
  }
}

/// eˣ as an activation.
public struct Exp: ScalarFunction {
  public init() {}

  public var name: String { "exponential" }
  public func value(at x: Double) -> Double { Double.exp(x) }
  public func slope(at x: Double) -> Double { Double.exp(x) }
  public func curvature(at x: Double) -> Double { Double.exp(x) }

  /// The log-normal distribution's moments; a second moment beyond the range of double is ∞.
  public func closedFormMoments(mean: Double, variance q: Double) -> GaussianMoments? {
    let average = Double.exp(mean + q / 2)
    let second = Double.exp(2 * (mean + q))
    return GaussianMoments(
      mean: average, secondMoment: second,
      variance: second == .infinity ? second : average * average * Double.expMinusOne(q),
      meanSlope: average, slopeSecondMoment: second, curvatureTerm: second, isClosedForm: true)
  }

  public func closedFormPair(variance q: Double, correlation c: Double) -> GaussianPair? {
    let value = Double.exp(q * (1 + c))
    return GaussianPair(value: value, slope: value, isClosedForm: true)
  }
}

// MARK: - As operators

extension Sin: ParameterFree {
  public static let name = "Sin"
  public var codomain: Interval { Interval(-1, 1) }

  /// The turning points of the cosine, shifted by a quarter of a period.
  public func inflections(in interval: Interval) -> [Double] {
    guard interval.isBounded else { return [0, .pi] }
    let quarter = Double.pi / 2
    return turningPoints(in: Interval(interval.lower + quarter, interval.upper + quarter))
      .map { $0 - quarter }
  }
}

extension Exp: ParameterFree {
  public static let name = "Exp"
  public var vectorKernel: UnaryKernel? { .exp }
  public var codomain: Interval { Interval(0, .infinity) }
  public func failure(at x: Double, order: Int) -> Cause.Reason { .overflowOfExponential }
}
