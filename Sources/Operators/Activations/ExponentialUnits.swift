public import Numbers
import RealModule
public import Semantics
public import Tensors

/// x for x > 0, α(eˣ − 1) elsewhere.
public struct Elu: ScalarFunction {
  public let alpha: Double

  public init(alpha: Double = 1) { self.alpha = alpha }

  public var name: String { "elu(\(alpha.spelled))" }
  public func value(at x: Double) -> Double { x > 0 ? x : alpha * Double.expMinusOne(x) }
  public func slope(at x: Double) -> Double { x > 0 ? 1 : alpha * Double.exp(x) }
  public func curvature(at x: Double) -> Double { x > 0 ? 0 : alpha * Double.exp(x) }
  public var kinks: [Kink] { [Kink(at: 0, slopeJump: 1 - alpha)] }

  public func turningPoints(in interval: Interval) -> [Double] {
    alpha < 0 && interval.contains(0) ? [0] : []
  }

  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? {
    // For small variances the terms cancel; quadrature keeps the digits.
    guard mean == 0, variance >= 0.01 else { return nil }
    let (g1, g2) = (tail(1, variance), tail(2, variance))
    let average = (variance / (2 * .pi)).squareRoot() + alpha * (g1 - 0.5)
    let second = variance / 2 + alpha * alpha * (g2 - 2 * g1 + 0.5)
    return GaussianMoments(
      mean: average, secondMoment: second, variance: second - average * average,
      meanSlope: 0.5 + alpha * g1, slopeSecondMoment: 0.5 + alpha * alpha * g2,
      curvatureTerm: alpha * alpha * (g2 - g1), isClosedForm: true)
  }

  /// E[e^{kx}; x < 0] for x ~ N(0, variance), which is ½ erfcx(k√(variance/2)).
  private func tail(_ k: Double, _ variance: Double) -> Double {
    0.5 * SpecialFunctions.scaledComplementaryError(k * (variance / 2).squareRoot())
  }
}

/// λ·elu(α) with the constants that keep mean 0 and variance 1 (Klambauer and others, 2017).
public struct Selu: ScalarFunction {
  public let alpha: Double
  /// λ.
  public let gamma: Double

  public init(alpha: Double = 1.673263242354377285, gamma: Double = 1.050700987355480493) {
    self.alpha = alpha
    self.gamma = gamma
  }

  private var wrap: AffineWrap { AffineWrap(Elu(alpha: alpha), gamma: gamma) }

  public var name: String { "selu" }
  public func value(at x: Double) -> Double { gamma * Elu(alpha: alpha).value(at: x) }
  public func slope(at x: Double) -> Double { gamma * Elu(alpha: alpha).slope(at: x) }
  public func curvature(at x: Double) -> Double { gamma * Elu(alpha: alpha).curvature(at: x) }
  public var kinks: [Kink] { wrap.kinks }
  public func turningPoints(in interval: Interval) -> [Double] {
    wrap.turningPoints(in: interval)
  }
  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? {
    wrap.closedFormMoments(mean: mean, variance: variance)
  }
}

/// x for x > 0, α(e^{x/α} − 1) elsewhere (Barron 2017); α > 0.
public struct Celu: ScalarFunction {
  public let alpha: Double

  public init(alpha: Double = 1) { self.alpha = alpha }

  private var wrap: AffineWrap { AffineWrap(Elu(alpha: 1), alpha: 1 / alpha, gamma: alpha) }

  public var name: String { "celu(\(alpha.spelled))" }
  public func value(at x: Double) -> Double { x > 0 ? x : alpha * Double.expMinusOne(x / alpha) }
  public func slope(at x: Double) -> Double { x > 0 ? 1 : Double.exp(x / alpha) }
  public func curvature(at x: Double) -> Double { x > 0 ? 0 : Double.exp(x / alpha) / alpha }
  public var kinks: [Kink] { [Kink(at: 0)] }
  public var landmarks: [Double] { wrap.landmarks }
  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? {
    wrap.closedFormMoments(mean: mean, variance: variance)
  }
}

// MARK: - As operators

extension Elu: Pointwise {
  public static let name = "Elu"
  public var vectorKernel: UnaryKernel? { .elu(alpha: alpha) }
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("alpha", in: Self.name)
    self.init(alpha: try attributes.real("alpha", default: 1, in: Self.name))
    guard alpha.isFinite else {
      throw OperatorError(.invalidAttribute, in: Self.name, "'alpha' must be finite")
    }
  }

  public var attributes: Attributes { ["alpha": .real(alpha)] }
  public func failure(at x: Double, order: Int) -> Cause.Reason { .overflowOfExponential }
}

extension Selu: Pointwise {
  public static let name = "Selu"
  public var vectorKernel: UnaryKernel? { .selu(alpha: alpha, gamma: gamma) }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("alpha", "gamma", in: Self.name)
    let standard = Selu()
    self.init(
      alpha: try attributes.real("alpha", default: standard.alpha, in: Self.name),
      gamma: try attributes.real("gamma", default: standard.gamma, in: Self.name))
    guard alpha.isFinite, gamma.isFinite else {
      throw OperatorError(.invalidAttribute, in: Self.name, "'alpha' and 'gamma' must be finite")
    }
  }

  public var attributes: Attributes { ["alpha": .real(alpha), "gamma": .real(gamma)] }
}

extension Celu: Pointwise {
  public static let name = "Celu"
  public var vectorKernel: UnaryKernel? { .celu(alpha: alpha) }

  /// That of elu(1) at x/α, whose rounding the exponential multiplies.
  public func range(ofDerivative order: Int, over interval: Interval) -> Interval {
    guard order == 1 else { return rangeOfSecondDerivative(over: interval) }
    return Elu(alpha: 1).range(ofDerivative: 1, over: interval / Interval(alpha))
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("alpha", in: Self.name)
    self.init(alpha: try attributes.real("alpha", default: 1, in: Self.name))
    guard alpha > 0, alpha.isFinite else {
      throw OperatorError(.invalidAttribute, in: Self.name, "'alpha' must be finite and above 0")
    }
  }

  public var attributes: Attributes { ["alpha": .real(alpha)] }
}
