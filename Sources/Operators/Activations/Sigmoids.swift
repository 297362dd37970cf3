public import Numbers
import RealModule
public import Tensors

/// σ(x) = 1/(1 + e⁻ˣ).
public struct Sigmoid: ScalarFunction {
  public init() {}

  public var name: String { "sigmoid" }

  public func value(at x: Double) -> Double {
    let e = Double.exp(-abs(x))
    return (x < 0 ? e : 1) / (1 + e)
  }

  /// σ(x)σ(−x), which keeps its digits where σ rounds to 1.
  public func slope(at x: Double) -> Double {
    let e = Double.exp(-abs(x))
    return e / ((1 + e) * (1 + e))
  }

  public func curvature(at x: Double) -> Double { -slope(at: x) * Double.tanh(x / 2) }
}

/// 4σ(x) − 2 = 2 tanh(x/2): a sigmoid that looks like the identity at 0.
public struct ScaledSigmoid: ScalarFunction {
  public init() {}

  public var name: String { "scaled_sigmoid" }
  public func value(at x: Double) -> Double { 2 * Double.tanh(x / 2) }
  public func slope(at x: Double) -> Double { 4 * Sigmoid().slope(at: x) }
  public func curvature(at x: Double) -> Double { 4 * Sigmoid().curvature(at: x) }
}

/// The hyperbolic tangent.
public struct Tanh: ScalarFunction {
  public init() {}

  public var name: String { "tanh" }
  public func value(at x: Double) -> Double { Double.tanh(x) }

  /// 1/cosh²(x) = 4σ(2x)σ(−2x), without the cancellation of 1 − tanh².
  public func slope(at x: Double) -> Double { 4 * Sigmoid().slope(at: 2 * x) }
  public func curvature(at x: Double) -> Double { -2 * Double.tanh(x) * slope(at: x) }
}

/// x/(1 + |x|).
public struct Softsign: ScalarFunction {
  public init() {}

  public var name: String { "softsign" }

  public func value(at x: Double) -> Double {
    x.isInfinite ? Double(signOf: x, magnitudeOf: 1) : x / (1 + abs(x))
  }

  public func slope(at x: Double) -> Double {
    let r = 1 / (1 + abs(x))
    return r * r
  }

  public func curvature(at x: Double) -> Double {
    let r = 1 / (1 + abs(x))
    return Double(signOf: -x, magnitudeOf: 2 * r * r * r)
  }

  /// Only φ″ jumps, from 2 to −2.
  public var kinks: [Kink] { [Kink(at: 0)] }
}

/// The error function.
public struct Erf: ScalarFunction {
  public init() {}

  public var name: String { "erf" }
  public func value(at x: Double) -> Double { Double.erf(x) }

  public func slope(at x: Double) -> Double {
    2.0.squareRoot() * 2 * SpecialFunctions.normalDensity(x * 2.0.squareRoot())
  }

  public func curvature(at x: Double) -> Double { abs(x) > 40 ? 0 : -2 * x * slope(at: x) }

  public func closedFormMoments(mean: Double, variance q: Double) -> GaussianMoments? {
    guard mean == 0 else { return nil }
    let second = 2 / .pi * Double.asin(2 * q / (1 + 2 * q))
    let root = (1 + 4 * q).squareRoot()
    return GaussianMoments(
      mean: 0, secondMoment: second, variance: second,
      meanSlope: 2 / (.pi * (1 + 2 * q)).squareRoot(), slopeSecondMoment: 4 / .pi / root,
      curvatureTerm: -8 * q / (.pi * (1 + 2 * q) * root), isClosedForm: true)
  }

  /// The arc-sine kernel of Williams (1997).
  public func closedFormPair(variance q: Double, correlation c: Double) -> GaussianPair? {
    let overlap = 2 * q * c
    return GaussianPair(
      value: 2 / .pi * Double.asin(overlap / (1 + 2 * q)),
      slope: 4 / .pi / ((1 + 2 * q - overlap) * (1 + 2 * q + overlap)).squareRoot(),
      isClosedForm: true)
  }
}

// MARK: - As operators

extension Sigmoid: ParameterFree {
  public static let name = "Sigmoid"
  public var vectorKernel: UnaryKernel? { .sigmoid }
  public var codomain: Interval { Interval(0, 1) }
  public func inflections(in interval: Interval) -> [Double] {
    interval.contains(0) ? [0] : []
  }
}

extension ScaledSigmoid: ParameterFree {
  public static let name = "ScaledSigmoid"
  public var vectorKernel: UnaryKernel? { .scaledSigmoid }
  public var codomain: Interval { Interval(-2, 2) }
  public func inflections(in interval: Interval) -> [Double] {
    interval.contains(0) ? [0] : []
  }
}

extension Tanh: ParameterFree {
  public static let name = "Tanh"
  public var vectorKernel: UnaryKernel? { .tanh }
  public var codomain: Interval { Interval(-1, 1) }
  public func inflections(in interval: Interval) -> [Double] {
    interval.contains(0) ? [0] : []
  }
}

extension Softsign: ParameterFree {
  public static let name = "Softsign"
  public var vectorKernel: UnaryKernel? { .softsign }
  public var codomain: Interval { Interval(-1, 1) }
  public func inflections(in interval: Interval) -> [Double] {
    interval.contains(0) ? [0] : []
  }
}

extension Erf: ParameterFree {
  public static let name = "Erf"
  public var vectorKernel: UnaryKernel? { .erf }
  public var codomain: Interval { Interval(-1, 1) }
  public func inflections(in interval: Interval) -> [Double] {
    interval.contains(0) ? [0] : []
  }
}
