public import Numbers
import RealModule
public import Semantics
public import Tensors

/// The identity as an activation.
public struct Linear: ScalarFunction {
  public init() {}

  public var name: String { "linear" }
  public func value(at x: Double) -> Double { x }
  public func slope(at x: Double) -> Double { 1 }
  public func curvature(at x: Double) -> Double { 0 }

  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? {
    GaussianMoments(
      mean: mean, secondMoment: variance + mean * mean, variance: variance, meanSlope: 1,
      slopeSecondMoment: 1, curvatureTerm: 0, isClosedForm: true)
  }

  public func closedFormPair(variance: Double, correlation: Double) -> GaussianPair? {
    GaussianPair(value: variance * correlation, slope: 1, isClosedForm: true)
  }
}

/// max(x, 0); the slope at 0 is 0.
public struct Relu: ScalarFunction {
  public init() {}

  public var name: String { "relu" }
  public func value(at x: Double) -> Double { x < 0 ? 0 : x }
  public func slope(at x: Double) -> Double { x > 0 ? 1 : 0 }
  public func curvature(at x: Double) -> Double { 0 }
  public var kinks: [Kink] { [Kink(at: 0, slopeJump: 1)] }

  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? {
    LeakyRelu(alpha: 0).closedFormMoments(mean: mean, variance: variance)
  }

  public func closedFormPair(variance: Double, correlation: Double) -> GaussianPair? {
    LeakyRelu(alpha: 0).closedFormPair(variance: variance, correlation: correlation)
  }
}

/// x for x > 0, αx elsewhere.
public struct LeakyRelu: ScalarFunction {
  /// The slope for negative x.
  public let alpha: Double

  public init(alpha: Double = 0.01) { self.alpha = alpha }

  public var name: String { "leaky_relu(\(alpha.spelled))" }
  public func value(at x: Double) -> Double { x < 0 ? alpha * x : x }
  public func slope(at x: Double) -> Double { x > 0 ? 1 : alpha }
  public func curvature(at x: Double) -> Double { 0 }
  public var kinks: [Kink] { [Kink(at: 0, slopeJump: 1 - alpha)] }

  public func turningPoints(in interval: Interval) -> [Double] {
    alpha < 0 && interval.contains(0) ? [0] : []
  }

  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? {
    let (a, q, s) = (alpha, variance, variance.squareRoot())
    let t = mean / s
    // Further out, mΦ(t) + s·n(t) cancels.
    guard abs(t) <= 3 else { return nil }
    let density = SpecialFunctions.normalDensity(t)
    let above = SpecialFunctions.normalDistribution(t)
    let below = SpecialFunctions.normalDistribution(-t)
    let average = mean * (above + a * below) + s * (1 - a) * density
    let second =
      (mean * mean + q) * (above + a * a * below) + mean * s * (1 - a * a) * density
    return GaussianMoments(
      mean: average, secondMoment: second, variance: second - average * average,
      meanSlope: above + a * below, slopeSecondMoment: above + a * a * below, curvatureTerm: 0,
      isClosedForm: true)
  }

  /// The arc-cosine kernels of Cho and Saul (2009), for a slope on both sides.
  public func closedFormPair(variance: Double, correlation: Double) -> GaussianPair? {
    let (a, c) = (alpha, correlation)
    let angle = Double.pi - Double.acos(c)
    let root = max(0, (1 - c) * (1 + c)).squareRoot()
    let share = (1 - a) * (1 - a) / (2 * .pi)
    return GaussianPair(
      value: variance * (share * (root + c * angle) + a * c), slope: share * angle + a,
      isClosedForm: true)
  }
}

// MARK: - As operators

extension Linear: ParameterFree {
  public static let name = "Identity"
  public var isExact: Bool { true }

  /// The cotangent itself.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] { cotangents }
}

extension Relu: ParameterFree {
  public static let name = "Relu"
  public func isFlat(at x: Double) -> Bool { !(x > 0) }
  public var vectorKernel: UnaryKernel? { .relu }
  public var isExact: Bool { true }
  public var codomain: Interval { Interval(0, .infinity) }
}

extension LeakyRelu: Pointwise {
  public static let name = "LeakyRelu"
  public var vectorKernel: UnaryKernel? { .leakyRelu(alpha: alpha) }
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("alpha", in: Self.name)
    self.init(alpha: try attributes.real("alpha", default: 0.01, in: Self.name))
    guard alpha.isFinite else {
      throw OperatorError(.invalidAttribute, in: Self.name, "'alpha' must be finite")
    }
  }

  public var attributes: Attributes { ["alpha": .real(alpha)] }
}

extension Double {
  /// The number as users write a parameter: `1`, not `1.0`.
  var spelled: String {
    self == rounded() && abs(self) < 1e15 ? String(Int64(self)) : String(self)
  }
}
