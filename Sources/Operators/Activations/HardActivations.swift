public import Numbers
import RealModule
public import Semantics
public import Tensors

/// x clipped to [−1, 1]; the slope at ±1 is 0.
public struct HardTanh: ScalarFunction {
  public init() {}

  public var name: String { "hard_tanh" }
  public func value(at x: Double) -> Double { x < -1 ? -1 : x > 1 ? 1 : x }
  public func slope(at x: Double) -> Double { abs(x) < 1 ? 1 : 0 }
  public func curvature(at x: Double) -> Double { 0 }
  public var kinks: [Kink] { [Kink(at: -1, slopeJump: 1), Kink(at: 1, slopeJump: -1)] }

  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? {
    guard mean == 0 else { return nil }
    let inside = TruncatedNormal(variance: variance, limit: 1)
    let second = inside.secondMoment + inside.outside
    return GaussianMoments(
      mean: 0, secondMoment: second, variance: second, meanSlope: inside.share,
      slopeSecondMoment: inside.share, curvatureTerm: -2 * inside.density, isClosedForm: true)
  }
}

/// αx + β clipped to [0, 1]; the slope where the clipping sets in is 0.
///
/// α must be above 0.
public struct HardSigmoid: ScalarFunction {
  public let alpha: Double
  public let beta: Double

  public init(alpha: Double = 1.0 / 6, beta: Double = 0.5) {
    self.alpha = alpha
    self.beta = beta
  }

  fileprivate var low: Double { -beta / alpha }
  fileprivate var high: Double { (1 - beta) / alpha }

  public var name: String { "hard_sigmoid" }
  public func value(at x: Double) -> Double {
    let line = alpha * x + beta
    return line < 0 ? 0 : line > 1 ? 1 : line
  }
  public func slope(at x: Double) -> Double { x > low && x < high ? alpha : 0 }
  public func curvature(at x: Double) -> Double { 0 }
  public var kinks: [Kink] { [Kink(at: low, slopeJump: alpha), Kink(at: high, slopeJump: -alpha)] }

  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? {
    guard mean == 0, beta == 0.5 else { return nil }
    let inside = TruncatedNormal(variance: variance, limit: high)
    let spread = alpha * alpha * inside.secondMoment + inside.outside / 4
    return GaussianMoments(
      mean: 0.5, secondMoment: 0.25 + spread, variance: spread, meanSlope: alpha * inside.share,
      slopeSecondMoment: alpha * alpha * inside.share, curvatureTerm: -alpha * inside.density,
      isClosedForm: true)
  }
}

/// x · hard_sigmoid(x), the cheap silu of MobileNetV3 (Howard and others, 2019).
public struct HardSwish: ScalarFunction {
  public init() {}

  public var name: String { "hard_swish" }
  public func value(at x: Double) -> Double { x <= -3 ? 0 : x >= 3 ? x : x * (x + 3) / 6 }
  public func slope(at x: Double) -> Double { x <= -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5 }
  public func curvature(at x: Double) -> Double { abs(x) < 3 ? 1.0 / 3 : 0 }
  public var kinks: [Kink] { [Kink(at: -3, slopeJump: -0.5), Kink(at: 3, slopeJump: -0.5)] }

  public func turningPoints(in interval: Interval) -> [Double] {
    interval.contains(-1.5) ? [-1.5] : []
  }

  public func closedFormMoments(mean: Double, variance q: Double) -> GaussianMoments? {
    guard mean == 0 else { return nil }
    let inside = TruncatedNormal(variance: q, limit: 3)
    let average = inside.secondMoment / 6 + q * inside.density
    let second =
      (inside.fourthMoment + 9 * inside.secondMoment) / 36 + inside.outsideSecondMoment / 2
    return GaussianMoments(
      mean: average, secondMoment: second, variance: second - average * average, meanSlope: 0.5,
      slopeSecondMoment: inside.secondMoment / 9 + inside.share / 4 + inside.outside / 2,
      curvatureTerm: inside.secondMoment / 18 - 1.5 * inside.density, isClosedForm: true)
  }
}

/// Parts of the moments of x ~ N(0, variance) inside and outside of [−limit, limit].
///
/// The incomplete gamma function gives them without the cancellation of `P − 2t·n(t)`.
private struct TruncatedNormal {
  /// P(|x| < limit).
  let share: Double
  /// P(|x| > limit).
  let outside: Double
  /// E[x²; |x| < limit].
  let secondMoment: Double
  /// E[x⁴; |x| < limit].
  let fourthMoment: Double
  /// E[x²; |x| > limit].
  let outsideSecondMoment: Double
  /// The density of x at the limit.
  let density: Double

  init(variance: Double, limit: Double) {
    let deviation = variance.squareRoot()
    let t = limit / deviation
    let half = t * t / 2
    share = Double.erf(t / 2.0.squareRoot())
    outside = Double.erfc(t / 2.0.squareRoot())
    secondMoment = variance * SpecialFunctions.lowerGamma(1.5, half)
    fourthMoment = 3 * variance * variance * SpecialFunctions.lowerGamma(2.5, half)
    outsideSecondMoment = variance * SpecialFunctions.upperGamma(1.5, half)
    density = SpecialFunctions.normalDensity(t) / deviation
  }
}

// MARK: - As operators

extension HardTanh: ParameterFree {
  public static let name = "HardTanh"
  public func isFlat(at x: Double) -> Bool { !(abs(x) < 1) }
  public var vectorKernel: UnaryKernel? { .hardTanh }
  public var isExact: Bool { true }
  public var codomain: Interval { Interval(-1, 1) }
}

extension HardSigmoid: Pointwise {
  public static let name = "HardSigmoid"
  public func isFlat(at x: Double) -> Bool { !(x > low && x < high) }
  public var vectorKernel: UnaryKernel? { .hardSigmoid(alpha: alpha, beta: beta) }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("alpha", "beta", in: Self.name)
    self.init(
      alpha: try attributes.real("alpha", default: 1.0 / 6, in: Self.name),
      beta: try attributes.real("beta", default: 0.5, in: Self.name))
    guard alpha > 0, alpha.isFinite, beta.isFinite else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "'alpha' must be above 0, and both must be finite")
    }
  }

  public var attributes: Attributes { ["alpha": .real(alpha), "beta": .real(beta)] }

  /// By interval arithmetic, because αx + β cancels where the result comes near 0.
  public func range(over interval: Interval) -> Interval {
    let line = interval.scaled(by: alpha) + Interval(beta)
    return Interval(value(of: line.lower), value(of: line.upper))
  }

  private func value(of line: Double) -> Double { min(max(line, 0), 1) }
}

extension HardSwish: ParameterFree {
  public static let name = "HardSwish"
  public func isFlat(at x: Double) -> Bool { x <= -3 }
  public var vectorKernel: UnaryKernel? { .hardSwish }
}
