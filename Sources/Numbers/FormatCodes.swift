extension NumberFormat {
  /// The number that a stored code stands for.
  ///
  /// `code` has sign, exponent and fraction in its low ``bitCount`` bits; of tf32 these are the 19
  /// bits that count.
  public func value(ofCode code: UInt64) -> Double {
    let fraction = code & (1 << UInt64(mantissaBits) - 1)
    let exponent = Int(code >> UInt64(mantissaBits) & (1 << UInt64(exponentBits) - 1))
    let isNegative = !holdsScales && code >> UInt64(bitCount - 1) & 1 == 1
    let isTop = exponent == 1 << exponentBits - 1
    let isLast = isTop && fraction == 1 << UInt64(mantissaBits) - 1
    let magnitude: Double
    switch specialCodes {
    case .topExponent where isTop: magnitude = fraction == 0 ? .infinity : .nan
    case .last where isLast: magnitude = .nan
    case .negativeZero where isNegative && exponent == 0 && fraction == 0: return .nan
    case _ where exponent == 0 && !holdsScales: magnitude = Double(fraction) * leastSubnormal
    default:
      let significand = 1 + Double(fraction) * Double.exp2(-mantissaBits)
      magnitude = significand * Double.exp2(exponent - bias)
    }
    return isNegative ? -magnitude : magnitude
  }

  /// The code of `value`, rounded to a number of the format by its ``rule``.
  ///
  /// A NaN becomes the quiet NaN of its sign, or the only NaN; in a format without NaN it becomes
  /// the zero of the other sign, as hardware and formats leave that open.
  public func code(of value: Double, overflow: Overflow = .special) -> UInt64 {
    let rounded = rounded(value, overflow: overflow)
    let sign: UInt64 =
      holdsScales || rounded.sign == .plus ? 0 : 1 << UInt64(bitCount - 1)
    let top: UInt64 = (1 << UInt64(exponentBits) - 1) << UInt64(mantissaBits)
    guard !rounded.isNaN else {
      switch specialCodes {
      case .topExponent: return sign | top | 1 << UInt64(mantissaBits - 1)
      case .last: return sign | top | (1 << UInt64(mantissaBits) - 1)
      case .negativeZero: return 1 << UInt64(bitCount - 1)
      case .none: return sign ^ 1 << UInt64(bitCount - 1)
      }
    }
    guard rounded.isFinite else { return sign | top }
    let magnitude = rounded.magnitude
    guard magnitude >= leastNormal else { return sign | UInt64(magnitude / leastSubnormal) }
    let fraction = UInt64((magnitude.significand - 1) * Double.exp2(mantissaBits))
    let exponent = UInt64(Int(magnitude.exponent) + bias)
    return sign | exponent << UInt64(mantissaBits) | fraction
  }
}
