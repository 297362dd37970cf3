public import Numbers
import RealModule
public import Tensors

/// ln(1 + eˣ).
public struct Softplus: ScalarFunction {
  public init() {}

  public var name: String { "softplus" }

  /// max(x, 0) + ln(1 + e^{−|x|}), which neither overflows nor cancels.
  public func value(at x: Double) -> Double {
    (x < 0 ? 0 : x) + Double.log(onePlus: Double.exp(-abs(x)))
  }

  public func slope(at x: Double) -> Double { Sigmoid().value(at: x) }
  public func curvature(at x: Double) -> Double { Sigmoid().slope(at: x) }
}

// MARK: - As operators

extension Softplus: ParameterFree {
  public static let name = "Softplus"
  public var vectorKernel: UnaryKernel? { .softplus }
  public var codomain: Interval { Interval(0, .infinity) }
}
