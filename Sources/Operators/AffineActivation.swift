public import Numbers
public import Semantics

/// `γ(φ(αx + β) + δ)` for any activation φ of the catalogue.
public struct AffineActivation: Pointwise {
  public static let name = "AffineActivation"

  private let wrap: AffineWrap
  private let base: any Activation
  /// φ as an operator.
  private let function: (any Pointwise)?

  /// Takes φ as users write it as `function`, and `alpha`, `beta`, `gamma`, `delta`.
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("function", "alpha", "beta", "gamma", "delta", in: Self.name)
    let text = try attributes.text("function", in: Self.name)
    try self.init(
      ActivationCatalogue.standard.activation(text),
      alpha: attributes.real("alpha", default: 1, in: Self.name),
      beta: attributes.real("beta", default: 0, in: Self.name),
      gamma: attributes.real("gamma", default: 1, in: Self.name),
      delta: attributes.real("delta", default: 0, in: Self.name))
  }

  /// Wraps `base`; throws when a number is not finite or `alpha` is 0.
  public init(
    _ base: any Activation, alpha: Double = 1, beta: Double = 0, gamma: Double = 1,
    delta: Double = 0
  ) throws(OperatorError) {
    guard alpha != 0, [alpha, beta, gamma, delta].allSatisfy(\.isFinite) else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "alpha must not be 0, and all numbers must be finite")
    }
    self.base = base
    function = base as? any Pointwise
    wrap = AffineWrap(base, alpha: alpha, beta: beta, gamma: gamma, delta: delta)
  }

  public var attributes: Attributes {
    [
      "function": .text(base.name), "alpha": .real(wrap.alpha), "beta": .real(wrap.beta),
      "gamma": .real(wrap.gamma), "delta": .real(wrap.delta),
    ]
  }

  public var name: String { wrap.name }
  public func value(at x: Double) -> Double { wrap.value(at: x) }
  public func slope(at x: Double) -> Double { wrap.slope(at: x) }
  public func curvature(at x: Double) -> Double { wrap.curvature(at: x) }
  public func isFlat(at x: Double) -> Bool {
    function?.isFlat(at: wrap.alpha * x + wrap.beta) ?? false
  }
  public var kinks: [Kink] { wrap.kinks }
  public var landmarks: [Double] { wrap.landmarks }
  public var period: Double? { wrap.period }

  public func turningPoints(in interval: Interval) -> [Double] {
    wrap.turningPoints(in: interval)
  }

  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? {
    wrap.closedFormMoments(mean: mean, variance: variance)
  }

  public func closedFormPair(variance: Double, correlation: Double) -> GaussianPair? {
    wrap.closedFormPair(variance: variance, correlation: correlation)
  }

  /// By interval arithmetic around φ's own range, because both shifts can cancel.
  public func range(over interval: Interval) -> Interval {
    guard let base = function else { return .whole }
    let inner = base.range(over: moved(interval))
    return (inner + Interval(wrap.delta)).scaled(by: wrap.gamma)
  }

  public func range(ofDerivative order: Int, over interval: Interval) -> Interval {
    guard order == 1 else { return rangeOfSecondDerivative(over: interval) }
    guard let base = function else { return .whole }
    return base.range(ofDerivative: 1, over: moved(interval)).scaled(by: wrap.alpha)
      .scaled(by: wrap.gamma)
  }

  /// αx + β.
  private func moved(_ interval: Interval) -> Interval {
    interval.scaled(by: wrap.alpha) + Interval(wrap.beta)
  }
}
