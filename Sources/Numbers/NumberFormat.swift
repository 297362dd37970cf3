import RealModule

/// A binary floating-point format, described by its parameters.
///
/// Every number of a format is `±f · 2^e` with `mantissaBits + 1` significant bits. All limits
/// follow from the exponent bits, the mantissa bits, the bias and the codes that are no numbers.
public struct NumberFormat: Hashable, Sendable, CustomStringConvertible {
  /// The codes that stand for no number.
  public enum SpecialCodes: Hashable, Sendable {
    /// Those of the top exponent: infinities and NaN, as IEEE 754 has it.
    case topExponent
    /// The last code of each sign, which is NaN; other codes of the top exponent are numbers.
    case last
    /// The code that −0 would have, which is NaN, so that there is one zero (`fnuz`).
    case negativeZero
    /// None: what overflows becomes the greatest number, and NaN cannot be stored.
    case none
  }

  /// The name that users write, such as `fp16`.
  public let name: String
  /// Bits of the exponent.
  public let exponentBits: Int
  /// Bits of the fraction, without the leading bit that is not stored.
  public let mantissaBits: Int
  /// What is added to an exponent before it is stored.
  public let bias: Int
  /// The codes that are no numbers.
  public let specialCodes: SpecialCodes
  /// Whether numbers are powers of two alone, without sign, zero and subnormal numbers.
  ///
  /// Such a format holds the scales of blocks; it is no format for the values of a network.
  public let holdsScales: Bool
  /// Which of its two neighbours a number becomes.
  ///
  /// To nearest, ties to even, in all formats but those of scales.
  public let rule: FloatingPointRoundingRule

  init(
    _ name: String, exponentBits: Int, mantissaBits: Int, bias: Int? = nil,
    specialCodes: SpecialCodes = .topExponent, holdsScales: Bool = false,
    rule: FloatingPointRoundingRule = .toNearestOrEven
  ) {
    self.name = name
    self.exponentBits = exponentBits
    self.mantissaBits = mantissaBits
    self.bias = bias ?? 1 << (exponentBits - 1) - 1
    self.specialCodes = specialCodes
    self.holdsScales = holdsScales
    self.rule = rule
  }

  /// IEEE 754 binary64.
  public static let fp64 = NumberFormat("fp64", exponentBits: 11, mantissaBits: 52)
  /// IEEE 754 binary32.
  public static let fp32 = NumberFormat("fp32", exponentBits: 8, mantissaBits: 23)
  /// The 19-bit input format of tensor cores: the range of fp32, the precision of fp16.
  public static let tf32 = NumberFormat("tf32", exponentBits: 8, mantissaBits: 10)
  /// bfloat16: the upper half of fp32.
  public static let bf16 = NumberFormat("bf16", exponentBits: 8, mantissaBits: 7)
  /// IEEE 754 binary16.
  public static let fp16 = NumberFormat("fp16", exponentBits: 5, mantissaBits: 10)
  /// The 8-bit format with range of the OCP specification (Micikevicius and others, 2022).
  public static let fp8E5M2 = NumberFormat("fp8_e5m2", exponentBits: 5, mantissaBits: 2)
  /// The 8-bit format with precision of the OCP specification: no infinity, one NaN of each sign.
  public static let fp8E4M3FN = NumberFormat(
    "fp8_e4m3fn", exponentBits: 4, mantissaBits: 3, specialCodes: .last)
  /// The 8-bit format with range that has one zero, one NaN and no infinity (Noune and others, 2022).
  public static let fp8E5M2FNUZ = NumberFormat(
    "fp8_e5m2fnuz", exponentBits: 5, mantissaBits: 2, bias: 16, specialCodes: .negativeZero)
  /// The 8-bit format with precision that has one zero, one NaN and no infinity.
  public static let fp8E4M3FNUZ = NumberFormat(
    "fp8_e4m3fnuz", exponentBits: 4, mantissaBits: 3, bias: 8, specialCodes: .negativeZero)
  /// The 4-bit format of the OCP specification for scaled blocks (2023): ±0, 0.5, 1, 1.5, 2, 3, 4, 6.
  public static let fp4E2M1 = NumberFormat(
    "fp4_e2m1", exponentBits: 2, mantissaBits: 1, specialCodes: .none)

  /// The 8-bit format of scales of the same specification: 2⁻¹²⁷ to 2¹²⁷, and NaN.
  ///
  /// To nearest a number halfway between two powers becomes the greater one.
  public static func fp8E8M0(rule: FloatingPointRoundingRule = .toNearestOrEven) -> NumberFormat {
    NumberFormat(
      "fp8_e8m0", exponentBits: 8, mantissaBits: 0, specialCodes: .last, holdsScales: true,
      rule: rule)
  }

  /// Every format for the values of a network, widest first; ``fp8E8M0(rule:)`` is none.
  public static let all: [NumberFormat] = [
    fp64, fp32, tf32, bf16, fp16, fp8E5M2, fp8E5M2FNUZ, fp8E4M3FN, fp8E4M3FNUZ, fp4E2M1,
  ]

  /// The format that users call `name`, or nil.
  public static func named(_ name: String) -> NumberFormat? { all.first { $0.name == name } }

  public var description: String { name }
}

extension NumberFormat {
  /// Bits of a stored number, with its sign where it has one.
  public var bitCount: Int { (holdsScales ? 0 : 1) + exponentBits + mantissaBits }

  /// Whether there are infinities.
  public var hasInfinity: Bool { specialCodes == .topExponent }

  /// Whether 0 can have the sign minus.
  public var hasNegativeZero: Bool { specialCodes != .negativeZero && !holdsScales }

  /// Bits of the significand, with the leading one.
  public var precision: Int { mantissaBits + 1 }

  /// The exponent of the smallest normal number.
  public var leastExponent: Int { (holdsScales ? 0 : 1) - bias }

  /// The exponent of the greatest number.
  public var greatestExponent: Int {
    // Without a fraction the top exponent has one code, which then is NaN.
    let isTopSpecial = hasInfinity || (specialCodes == .last && mantissaBits == 0)
    return (1 << exponentBits) - (isTopSpecial ? 2 : 1) - bias
  }

  /// The greatest finite number.
  public var greatest: Double {
    // Where the last code of the top exponent alone is NaN, one step is missing.
    let isCut = specialCodes == .last && mantissaBits > 0
    return (2 - Double.exp2(isCut ? 1 - mantissaBits : -mantissaBits)) * .exp2(greatestExponent)
  }

  /// The smallest normal number.
  public var leastNormal: Double { Double.exp2(leastExponent) }

  /// The smallest number above 0: the spacing of all subnormal numbers, where there are any.
  public var leastSubnormal: Double { Double.exp2(leastExponent - mantissaBits) }

  /// The distance from 1 to the next number.
  public var epsilon: Double { Double.exp2(-mantissaBits) }

  /// The greatest relative error of rounding to nearest: half of ``epsilon``.
  public var unitRoundoff: Double { epsilon / 2 }

  /// The greatest magnitude that rounds to 0 (to nearest, ties to even).
  ///
  /// That of fp64 lies between 0 and the smallest `Double` and reads 0.
  public var zeroThreshold: Double { leastSubnormal / 2 }

  /// The magnitude at which rounding to nearest overflows.
  ///
  /// A number at the threshold itself overflows where the last fraction is odd; in E4M3FN it is even
  /// and only greater ones overflow. What has no special codes saturates from here on. That of fp64
  /// is not a `Double` and reads infinity.
  public var overflowThreshold: Double {
    greatest + Double.exp2(greatestExponent - mantissaBits - 1)
  }

  /// Up to here every integer is a number of the format.
  public var exactIntegers: Double { Double.exp2(precision) }

  /// The distance between neighbouring numbers of the format around `value`.
  ///
  /// The spacing of the binade that holds `value`, that of the subnormal numbers near 0; NaN for a
  /// value that is not finite.
  public func ulp(of value: Double) -> Double {
    guard value.isFinite else { return .nan }
    let exponent = value == 0 ? leastExponent : max(Int(value.exponent), leastExponent)
    return Double.exp2(min(exponent, greatestExponent) - mantissaBits)
  }
}

extension Double {
  /// 2 to an integer power, exact also where the result is subnormal.
  static func exp2(_ exponent: Int) -> Double {
    Double(sign: .plus, exponent: exponent, significand: 1)
  }
}
