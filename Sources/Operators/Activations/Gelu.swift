public import Numbers
import RealModule
public import Semantics
public import Tensors

/// x Φ(x), Φ the standard normal distribution function, or its approximation by tanh
/// (Hendrycks and Gimpel 2016).
public struct Gelu: ScalarFunction {
  /// How Φ is computed, by ONNX's names.
  public enum Approximation: String, Hashable, Sendable {
    case none
    /// Φ(x) ≈ σ(2√(2/π)(x + 0.044715x³)).
    case tanh
  }

  public let approximate: Approximation

  public init(approximate: Approximation = .none) { self.approximate = approximate }

  public var name: String { approximate == .none ? "gelu" : "gelu_tanh" }

  public func value(at x: Double) -> Double {
    // Beyond, e^{-x²/2} is 0 in double, and ∞ · 0 must not become NaN.
    if x < -40 { return 0 }
    return switch approximate {
    case .none: x * SpecialFunctions.normalDistribution(x)
    case .tanh: x > 40 ? x : x * Sigmoid().value(at: Self.argument(x).value)
    }
  }

  public func slope(at x: Double) -> Double {
    if abs(x) > 40 { return x > 0 ? 1 : 0 }
    switch approximate {
    case .none:
      return SpecialFunctions.normalDistribution(x) + x * SpecialFunctions.normalDensity(x)
    case .tanh:
      let u = Self.argument(x)
      return Sigmoid().value(at: u.value) + x * Sigmoid().slope(at: u.value) * u.slope
    }
  }

  public func curvature(at x: Double) -> Double {
    if abs(x) > 40 { return 0 }
    switch approximate {
    case .none:
      return SpecialFunctions.normalDensity(x) * (2 - x * x)
    case .tanh:
      let u = Self.argument(x)
      let (slope, curvature) = (Sigmoid().slope(at: u.value), Sigmoid().curvature(at: u.value))
      return 2 * slope * u.slope + x * (curvature * u.slope * u.slope + slope * u.curvature)
    }
  }

  /// The sigmoid's argument 2√(2/π)(x + 0.044715x³), and its derivatives.
  private static func argument(
    _ x: Double
  ) -> (value: Double, slope: Double, curvature: Double) {
    let (factor, cubic) = (2 * (2 / Double.pi).squareRoot(), 0.044715)
    return (
      factor * x * (1 + cubic * x * x), factor * (1 + 3 * cubic * x * x), factor * 6 * cubic * x
    )
  }

  public func turningPoints(in interval: Interval) -> [Double] {
    let minimum = approximate == .none ? -0.75179152469356446 : -0.75246142207101626
    return interval.contains(minimum) ? [minimum] : []
  }

  public func closedFormMoments(mean: Double, variance q: Double) -> GaussianMoments? {
    guard approximate == .none, mean == 0 else { return nil }
    let root = (1 + 2 * q).squareRoot()
    let share = 0.25 + Double.asin(q / (1 + q)) / (2 * .pi)
    let common = .pi * (1 + q) * root
    let average = q / (2 * .pi * (1 + q)).squareRoot()
    let second = q * share + q / common * q
    let cubed = 2 * Double.pi * root * root * root
    return GaussianMoments(
      mean: average, secondMoment: second, variance: second - average * average, meanSlope: 0.5,
      slopeSecondMoment: share + q / common + q / cubed,
      curvatureTerm: q / (1 + q) * ((2 + 3 * q - q * q) / (1 + q)) / cubed, isClosedForm: true)
  }
}

// MARK: - As operators

extension Gelu: Pointwise {
  public static let name = "Gelu"
  public var vectorKernel: UnaryKernel? { approximate == .none ? .gelu : .geluTanh }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("approximate", in: Self.name)
    let text = try attributes.text("approximate", default: "none", in: Self.name)
    guard let approximate = Approximation(rawValue: text) else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "'approximate' must be 'none' or 'tanh', not '\(text)'")
    }
    self.init(approximate: approximate)
  }

  public var attributes: Attributes { ["approximate": .text(approximate.rawValue)] }

  /// ±√2 for the exact form.
  public func inflections(in interval: Interval) -> [Double] {
    let place = approximate == .none ? 2.0.squareRoot() : 1.4185040087908284
    return [-place, place].filter(interval.contains)
  }
}
