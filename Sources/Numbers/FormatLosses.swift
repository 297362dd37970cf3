import RealModule

/// What becomes of normally distributed numbers when they are stored in a format.
///
/// Probabilities for one number x ~ N(0, s²), rounded to nearest with ties to even.
public struct FormatLosses: Hashable, Sendable {
  /// P(x becomes 0) = erf(m / (2√2 s)), m the smallest subnormal number.
  public let zero: Double
  /// P(x becomes a subnormal number).
  public let subnormal: Double
  /// P(x becomes 0) on hardware that flushes subnormal numbers to 0.
  public let zeroWhenFlushed: Double
  /// P(x overflows) = erfc(T / (√2 s)), T the overflow threshold.
  public let overflow: Double
}

extension NumberFormat {
  /// The losses of x ~ N(0, s²) in this format.
  ///
  /// `deviation` is the standard deviation s > 0; with a loss scale S, give S·s.
  public func losses(ofNormalWith deviation: Double) -> FormatLosses {
    precondition(deviation > 0, "the standard deviation must be positive")
    let width = 2.0.squareRoot()
    // Quotients first: halving the smallest subnormal number of fp64 would give 0.
    let half = leastSubnormal / deviation / 2
    let zero = half / width
    let normal = leastNormal / deviation
    let subnormal = (normal - half) / width
    return FormatLosses(
      zero: .erf(zero), subnormal: Double.normalMass(from: zero, to: subnormal),
      zeroWhenFlushed: .erf(normal / width),
      overflow: .erfc(overflowThreshold / deviation / width))
  }

  /// The greatest loss scale at which no more than `probability` is spent on any of `count` numbers
  /// of N(0, s²) overflowing: T / (s · Φ⁻¹(1 − ε/2N)).
  public func largestLossScale(
    deviation: Double, count: Double, probability: Double
  ) -> Double {
    precondition(deviation > 0 && count >= 1 && probability > 0 && probability < 1)
    // Exceeding on both sides: ε/N is shared by two tails. 1 − (1−ε)^(1/N) is the exact share.
    let share = -Double.expMinusOne(Double.log(onePlus: -probability) / count)
    return overflowThreshold / (deviation * -normalQuantile(share / 2))
  }
}

extension Double {
  /// The probability that any of `count` independent events of probability `self` happens.
  ///
  /// `1 − (1−p)^N`, without the cancellation of that form.
  public func ofAny(of count: Double) -> Double {
    -Double.expMinusOne(count * Double.log(onePlus: -self))
  }

  /// erf(b) − erf(a) for 0 ≤ a ≤ b, accurate also where both are close to 1.
  static func normalMass(from a: Double, to b: Double) -> Double {
    a > 0.5 ? erfc(a) - erfc(b) : erf(b) - erf(a)
  }
}

/// Where common functions leave a format: the exact function, then one rounding to nearest.
public struct SaturationThresholds: Hashable, Sendable {
  /// exp(x) overflows from here on.
  public let expOverflows: Double
  /// exp(x) rounds to 0 up to here.
  public let expVanishes: Double
  /// exp(x) is below the smallest normal number below here.
  public let expSubnormal: Double
  /// sigmoid(x) rounds to 1 from here on.
  public let sigmoidSaturates: Double
  /// tanh(x) rounds to 1 from here on.
  public let tanhSaturates: Double
  /// x² overflows from this magnitude on.
  public let squareOverflows: Double
  /// x² rounds to 0 up to this magnitude.
  public let squareVanishes: Double
  /// 1/x overflows up to this magnitude.
  public let reciprocalOverflows: Double
  /// 1 + x rounds to 1 up to here, for x ≥ 0.
  public let increment: Double
  /// A sum of ones stops growing here.
  public let sumOfOnes: Double
}

extension NumberFormat {
  /// Where exp, sigmoid, tanh, squares, reciprocals and sums leave this format.
  public var saturation: SaturationThresholds {
    let two = Double.log(2)
    let precision = Double(precision)
    // Powers of two that no Double holds are handled by their logarithms.
    let top =
      overflowThreshold.isFinite
      ? overflowThreshold / Double.exp2(greatestExponent) : 2 - unitRoundoff
    let vanishing = Double(leastExponent - mantissaBits - 1)
    return SaturationThresholds(
      expOverflows: .log(top) + Double(greatestExponent) * two,
      expVanishes: vanishing * two,
      expSubnormal: Double(leastExponent) * two,
      sigmoidSaturates: .log(.exp2(precision + 1) - 1),
      tanhSaturates: .log(.exp2(precision + 2) - 1) / 2,
      squareOverflows: (top * 2).squareRoot() * .exp2(Double(greatestExponent - 1) / 2),
      squareVanishes: .exp2(vanishing / 2),
      reciprocalOverflows: 1 / top * Double.exp2(-greatestExponent),
      increment: unitRoundoff,
      sumOfOnes: exactIntegers)
  }
}
