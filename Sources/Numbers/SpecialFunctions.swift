import RealModule

/// Functions that the theory needs beyond those of the C library.
///
/// Each holds a relative error of a few units of 1e-15 over its whole range unless it says otherwise;
/// near a zero of the function that is an absolute error.
public enum SpecialFunctions {
  /// The standard normal density n(x).
  public static func normalDensity(_ x: Double) -> Double {
    0.398942280401432677939946059934 * exponentialOfSquare(x / 2.0.squareRoot(), sign: .minus)
  }

  /// The standard normal distribution function Φ(x), with full relative accuracy in the left tail.
  public static func normalDistribution(_ x: Double) -> Double {
    0.5 * Double.erfc(-x / 2.0.squareRoot())
  }

  /// The scaled complementary error function exp(x²) erfc(x); it neither under- nor overflows for
  /// positive x.
  public static func scaledComplementaryError(_ x: Double) -> Double {
    guard x >= 10 else {
      return exponentialOfSquare(x, sign: .plus) * Double.erfc(x)
    }
    // Asymptotic series: at x = 10 the terms fall below 1e-17 after the ninth.
    let r = 1 / (2 * x * x)
    var (term, sum) = (1.0, 1.0)
    for k in 1...12 {
      term *= -Double(2 * k - 1) * r
      sum += term
    }
    return sum / (x * Double.pi.squareRoot())
  }

  /// exp(±x²), with the rounding error of x² put back: for x = 20 it would cost 4e-14.
  private static func exponentialOfSquare(_ x: Double, sign: FloatingPointSign) -> Double {
    let square = x * x
    let factor = Double(signOf: sign == .plus ? 1 : -1, magnitudeOf: 1)
    let main = Double.exp(factor * square)
    guard main > 0, main.isFinite else { return main }
    let rest = (-square).addingProduct(x, x)
    return main * (1 + factor * rest)
  }

  /// The inverse of erfc: the x with erfc(x) = y, for y in [0, 2]; ±∞ at the ends, NaN outside.
  public static func inverseComplementaryError(_ y: Double) -> Double {
    guard y >= 0, y <= 2 else { return .nan }
    if y == 0 { return .infinity }
    if y > 1 { return -inverseComplementaryError(2 - y) }
    // Abramowitz and Stegun 26.2.23 is within 5e-4; Halley's method triples the digits per step.
    let t = (-2 * Double.log(y / 2)).squareRoot()
    let numerator = 2.515517 + t * (0.802853 + t * 0.010328)
    let denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    var x = max(0, (t - numerator / denominator) / 2.0.squareRoot())
    for _ in 0..<4 {
      let excess =
        y > 0.5
        ? ((1 - y) - Double.erf(x)) * Double.exp(x * x)
        : scaledComplementaryError(x) - Double.exp(x * x + Double.log(y))
      let step = Double.pi.squareRoot() / 2 * excess
      x += step / (1 - x * step)
    }
    return x
  }
}
