import Numbers
import RealModule

/// Scalar functions written out here, so that the rules are tested without the operators.
struct Function: ScalarFunction {
  let name: String
  let kinks: [Kink]
  private let valueRule: @Sendable (Double) -> Double
  private let slopeRule: @Sendable (Double) -> Double

  init(
    _ name: String, kinks: [Kink] = [], value: @escaping @Sendable (Double) -> Double,
    slope: @escaping @Sendable (Double) -> Double
  ) {
    self.name = "test_" + name
    self.kinks = kinks
    valueRule = value
    slopeRule = slope
  }

  func value(at x: Double) -> Double { valueRule(x) }
  func slope(at x: Double) -> Double { slopeRule(x) }
  func curvature(at x: Double) -> Double {
    (slopeRule(x + 1e-4) - slopeRule(x - 1e-4)) / 2e-4
  }

  static let identity = Function("identity", value: { $0 }, slope: { _ in 1 })
  static let relu = Function(
    "relu", kinks: [Kink(at: 0, slopeJump: 1)], value: { max(0, $0) }, slope: { $0 > 0 ? 1 : 0 })
  static let tanh = Function(
    "tanh", value: { Double.tanh($0) },
    slope: { 1 / (Double.cosh(min(abs($0), 300)) * Double.cosh(min(abs($0), 300))) })
  static let scaledSigmoid = Function(
    "scaled_sigmoid", value: { 2 * Double.tanh($0 / 2) },
    slope: { 1 / (Double.cosh(min(abs($0), 300) / 2) * Double.cosh(min(abs($0), 300) / 2)) })
  static let gelu = Function(
    "gelu", value: { $0 * SpecialFunctions.normalDistribution($0) },
    slope: { SpecialFunctions.normalDistribution($0) + $0 * SpecialFunctions.normalDensity($0) })
  static let erf = Function(
    "erf", value: { Double.erf($0) },
    slope: { 2 / Double.pi.squareRoot() * Double.exp(-$0 * $0) })
}
