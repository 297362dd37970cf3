import RealModule

extension SpecialFunctions {
  /// The digamma function ψ(x) = Γ′(x)/Γ(x); NaN at 0 and the negative integers.
  public static func digamma(_ x: Double) -> Double {
    if x <= 0 {
      guard x != x.rounded() else { return .nan }
      // ψ(1 − x) − ψ(x) = π cot πx
      let remainder = x - x.rounded()
      return digamma(1 - x) - .pi / Double.tan(.pi * remainder)
    }
    var (x, sum) = (x, 0.0)
    while x < 10 {
      sum -= 1 / x
      x += 1
    }
    let r = 1 / (x * x)
    // B_{2k}/2k
    let coefficients: [Double] = [
      1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160,
    ]
    let tail = coefficients.reversed().reduce(0) { ($0 + $1) * r }
    return sum + Double.log(x) - 0.5 / x - tail
  }

  /// The trigamma function ψ′(x), for x > 0; NaN elsewhere.
  public static func trigamma(_ x: Double) -> Double {
    guard x > 0 else { return .nan }
    var (x, sum) = (x, 0.0)
    while x < 10 {
      sum += 1 / (x * x)
      x += 1
    }
    let r = 1 / (x * x)
    // B_{2k}
    let coefficients: [Double] = [
      1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510,
    ]
    let tail = coefficients.reversed().reduce(0) { ($0 + $1) * r }
    return sum + (1 + tail) / x + 0.5 * r
  }

  /// The regularised lower incomplete gamma function P(a, x), for a > 0 and x ≥ 0.
  ///
  /// Needs about √a steps where x is near a.
  public static func lowerGamma(_ a: Double, _ x: Double) -> Double {
    guard a > 0, x >= 0 else { return .nan }
    if x == 0 { return 0 }
    if x == .infinity { return 1 }
    return x < a + 1 ? lowerGammaSeries(a, x) : 1 - upperGammaFraction(a, x)
  }

  /// The regularised upper incomplete gamma function Q(a, x) = 1 − P(a, x), for a > 0 and x ≥ 0.
  public static func upperGamma(_ a: Double, _ x: Double) -> Double {
    guard a > 0, x >= 0 else { return .nan }
    if x == 0 { return 1 }
    if x == .infinity { return 0 }
    return x < a + 1 ? 1 - lowerGammaSeries(a, x) : upperGammaFraction(a, x)
  }

  /// P(a, x) = xᵃe⁻ˣ/Γ(a+1) · Σ xᵏ/((a+1)…(a+k)).
  private static func lowerGammaSeries(_ a: Double, _ x: Double) -> Double {
    var (term, sum, k) = (1.0, 1.0, a)
    repeat {
      k += 1
      term *= x / k
      sum += term
    } while term > sum * 1e-17
    return sum * gammaDensityFactor(a, x) / a
  }

  /// Q(a, x) by Legendre's continued fraction, evaluated from the front (Lentz 1976).
  private static func upperGammaFraction(_ a: Double, _ x: Double) -> Double {
    var b = x + 1 - a
    var c = 1 / Double.leastNormalMagnitude
    var d = 1 / b
    var h = d
    var i = 1.0
    while true {
      let numerator = -i * (i - a)
      b += 2
      d = numerator * d + b
      if abs(d) < .leastNormalMagnitude { d = .leastNormalMagnitude }
      c = b + numerator / c
      if abs(c) < .leastNormalMagnitude { c = .leastNormalMagnitude }
      d = 1 / d
      let factor = d * c
      h *= factor
      if abs(factor - 1) < 1e-16 || i > 1e8 { break }
      i += 1
    }
    return h * gammaDensityFactor(a, x)
  }

  /// xᵃ e⁻ˣ / Γ(a), without the cancellation of `a ln x − x − ln Γ(a)` for large a.
  private static func gammaDensityFactor(_ a: Double, _ x: Double) -> Double {
    guard a > 10 else { return Double.exp(a * Double.log(x) - x - Double.logGamma(a)) }
    let r = 1 / (a * a)
    let stirling =
      (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188))))) / a
    let deviation = (x - a) / a
    return (a / (2 * .pi)).squareRoot() * Double.exp(a * logOnePlusMinus(deviation) - stirling)
  }

  /// ln(1 + u) − u, by its series where the two nearly cancel.
  private static func logOnePlusMinus(_ u: Double) -> Double {
    guard abs(u) < 0.1 else { return Double.log(onePlus: u) - u }
    var (power, sum, k) = (-u * u, 0.0, 2.0)
    while abs(power) > 1e-40 {
      sum += power / k
      if abs(power / k) < abs(sum) * 1e-18 { break }
      power *= -u
      k += 1
    }
    return sum
  }
}
