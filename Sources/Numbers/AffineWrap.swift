/// `γ(φ(αx + β) + δ)`: any function with its input and output shifted and scaled.
public struct AffineWrap: ScalarFunction {
  public let base: any ScalarFunction
  public let alpha: Double
  public let beta: Double
  public let gamma: Double
  public let delta: Double

  /// Creates the wrap; `alpha` must not be 0.
  public init(
    _ base: any ScalarFunction, alpha: Double = 1, beta: Double = 0, gamma: Double = 1,
    delta: Double = 0
  ) {
    precondition(alpha != 0, "alpha must not be 0")
    self.base = base
    self.alpha = alpha
    self.beta = beta
    self.gamma = gamma
    self.delta = delta
  }

  public var name: String {
    "affine(\(base.name), \(alpha), \(beta), \(gamma), \(delta))"
  }

  public func value(at x: Double) -> Double { gamma * (base.value(at: alpha * x + beta) + delta) }
  public func slope(at x: Double) -> Double { gamma * alpha * base.slope(at: alpha * x + beta) }
  public func curvature(at x: Double) -> Double {
    gamma * alpha * alpha * base.curvature(at: alpha * x + beta)
  }

  public var kinks: [Kink] {
    let sign: Double = alpha < 0 ? -1 : 1
    let moved = base.kinks.map { kink in
      Kink(
        at: outer(kink.position), valueJump: sign * gamma * kink.valueJump,
        slopeJump: gamma * abs(alpha) * kink.slopeJump)
    }
    return alpha < 0 ? moved.reversed() : moved
  }

  public func turningPoints(in interval: Interval) -> [Double] {
    let (first, last) = (alpha * interval.lower + beta, alpha * interval.upper + beta)
    let moved = base.turningPoints(in: Interval(min(first, last), max(first, last))).map(outer)
    return alpha < 0 ? moved.reversed() : moved
  }

  public var landmarks: [Double] { base.landmarks.map(outer) }
  public var period: Double? { base.period.map { $0 / abs(alpha) } }

  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? {
    // With a shift, E[φφ″] would need E[φ″] as well; quadrature is as good.
    guard delta == 0 else { return nil }
    let inner = base.closedFormMoments(
      mean: alpha * mean + beta, variance: alpha * alpha * variance)
    guard let inner else { return nil }
    let (valueSquared, slopeSquared) = (gamma * gamma, gamma * gamma * alpha * alpha)
    return GaussianMoments(
      mean: gamma * inner.mean, secondMoment: valueSquared * inner.secondMoment,
      variance: valueSquared * inner.variance, meanSlope: gamma * alpha * inner.meanSlope,
      slopeSecondMoment: slopeSquared * inner.slopeSecondMoment,
      curvatureTerm: slopeSquared * inner.curvatureTerm, isClosedForm: true)
  }

  public func closedFormPair(variance: Double, correlation: Double) -> GaussianPair? {
    guard beta == 0, delta == 0 else { return nil }
    let inner = base.closedFormPair(variance: alpha * alpha * variance, correlation: correlation)
    guard let inner else { return nil }
    let squared = gamma * gamma
    return GaussianPair(
      value: squared * inner.value, slope: squared * alpha * alpha * inner.slope,
      isClosedForm: true)
  }

  private func outer(_ point: Double) -> Double { (point - beta) / alpha }
}
