import RealModule

/// A binary floating-point format, described by its parameters.
///
/// Every number of a format is `±f · 2^e` with `mantissaBits + 1` significant bits. All limits
/// follow from the exponent bits, the mantissa bits and the use of the top exponent.
public struct NumberFormat: Hashable, Sendable, CustomStringConvertible {
  /// The name that users write, such as `fp16`.
  public let name: String
  /// Bits of the exponent.
  public let exponentBits: Int
  /// Bits of the fraction, without the leading bit that is not stored.
  public let mantissaBits: Int
  /// Whether the top exponent is kept for infinities and NaN, as IEEE 754 has it.
  ///
  /// Otherwise (E4M3FN) the top exponent holds numbers and only its last code is NaN.
  public let hasInfinity: Bool

  init(_ name: String, exponentBits: Int, mantissaBits: Int, hasInfinity: Bool = true) {
    self.name = name
    self.exponentBits = exponentBits
    self.mantissaBits = mantissaBits
    self.hasInfinity = hasInfinity
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
  /// The 8-bit format with precision of the OCP specification: no infinity, one NaN.
  public static let fp8E4M3FN = NumberFormat(
    "fp8_e4m3fn", exponentBits: 4, mantissaBits: 3, hasInfinity: false)

  /// Every format, widest first.
  public static let all: [NumberFormat] = [fp64, fp32, tf32, bf16, fp16, fp8E5M2, fp8E4M3FN]

  /// The format that users call `name`, or nil.
  public static func named(_ name: String) -> NumberFormat? { all.first { $0.name == name } }

  public var description: String { name }
}

extension NumberFormat {
  /// Bits of a stored number, with its sign.
  public var bitCount: Int { 1 + exponentBits + mantissaBits }

  /// What is added to an exponent before it is stored.
  public var bias: Int { 1 << (exponentBits - 1) - 1 }

  /// Bits of the significand, with the leading one.
  public var precision: Int { mantissaBits + 1 }

  /// The exponent of the smallest normal number.
  public var leastExponent: Int { 1 - bias }

  /// The exponent of the greatest number.
  public var greatestExponent: Int { hasInfinity ? bias : bias + 1 }

  /// The greatest finite number.
  public var greatest: Double {
    // Without infinities the last code of the top exponent is NaN, so one step is missing.
    let missing = Double.exp2(hasInfinity ? -mantissaBits : 1 - mantissaBits)
    return (2 - missing) * Double.exp2(greatestExponent)
  }

  /// The smallest normal number.
  public var leastNormal: Double { Double.exp2(leastExponent) }

  /// The smallest number above 0: the spacing of all subnormal numbers.
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
  /// With infinities a number at the threshold itself overflows; without (E4M3FN) it still rounds
  /// to ``greatest`` and only greater ones overflow. That of fp64 is not a `Double` and reads
  /// infinity.
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
