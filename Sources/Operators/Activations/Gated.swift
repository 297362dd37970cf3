public import Numbers
import RealModule
public import Tensors

/// x σ(x), also called swish.
public struct Silu: ScalarFunction {
  public init() {}

  public var name: String { "silu" }

  public func value(at x: Double) -> Double {
    // e^x is 0 in double there, and -∞ · 0 must not become NaN.
    x < -800 ? 0 : x * Sigmoid().value(at: x)
  }

  public func slope(at x: Double) -> Double {
    if abs(x) > 800 { return x > 0 ? 1 : 0 }
    return Sigmoid().value(at: x) * (1 + x * Sigmoid().value(at: -x))
  }

  public func curvature(at x: Double) -> Double {
    if abs(x) > 800 { return 0 }
    return Sigmoid().slope(at: x) * (2 - x * Double.tanh(x / 2))
  }

  /// The minimum lies at −1 − W(1/e), W the Lambert function.
  public func turningPoints(in interval: Interval) -> [Double] {
    let minimum = -1.2784645427610738
    return interval.contains(minimum) ? [minimum] : []
  }
}

/// x tanh(ln(1 + eˣ)) (Misra 2019).
public struct Mish: ScalarFunction {
  public init() {}

  public var name: String { "mish" }

  public func value(at x: Double) -> Double { x < -800 ? 0 : x * Gate(at: x).value }

  public func slope(at x: Double) -> Double {
    if abs(x) > 800 { return x > 0 ? 1 : 0 }
    let gate = Gate(at: x)
    return gate.value + x * gate.slope
  }

  public func curvature(at x: Double) -> Double {
    if abs(x) > 800 { return 0 }
    let gate = Gate(at: x)
    return 2 * gate.slope + x * gate.curvature
  }

  public func turningPoints(in interval: Interval) -> [Double] {
    let minimum = -1.1924312145154952
    return interval.contains(minimum) ? [minimum] : []
  }

  /// t(x) = tanh(ln(1 + eˣ)) = w(w + 2)/D with w = eˣ, D = w² + 2w + 2, and its derivatives.
  ///
  /// All is written in e^{−|x|}, so that nothing overflows and 1 − t² does not cancel.
  private struct Gate {
    let value: Double
    let slope: Double
    let curvature: Double

    init(at x: Double) {
      let e = Double.exp(-abs(x))
      let isPositive = x >= 0
      // D/w² for positive x, D otherwise.
      let d = isPositive ? 1 + 2 * e + 2 * e * e : e * e + 2 * e + 2
      value = isPositive ? (1 + 2 * e) / d : e * (e + 2) / d
      slope = isPositive ? 4 * (1 + e) * (e / d) * (e / d) : 4 * e * (1 + e) / (d * d)
      // t″ = t′ · (ln t′)′, with t′ = 4w(1 + w)/D².
      let ratio = isPositive ? (1 + e) / d : e * (1 + e) / d
      curvature = slope * (1 + (isPositive ? 1 : e) / (1 + e) - 4 * ratio)
    }
  }
}

// MARK: - As operators

extension Silu: ParameterFree {
  public static let name = "Silu"
  public var vectorKernel: UnaryKernel? { .silu }
  public func inflections(in interval: Interval) -> [Double] {
    [-2.3993572805154677, 2.3993572805154677].filter(interval.contains)
  }
}

extension Mish: ParameterFree {
  public static let name = "Mish"
  public var vectorKernel: UnaryKernel? { .mish }
  public func inflections(in interval: Interval) -> [Double] {
    [-2.2563763963607931, 1.4905711794854284].filter(interval.contains)
  }
}
