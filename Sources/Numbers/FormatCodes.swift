extension NumberFormat {
  /// The number that a stored code stands for.
  ///
  /// `code` has sign, exponent and fraction in its low ``bitCount`` bits; of tf32 these are the 19
  /// bits that count.
  public func value(ofCode code: UInt64) -> Double {
    let fraction = code & (1 << UInt64(mantissaBits) - 1)
    let exponent = Int(code >> UInt64(mantissaBits) & (1 << UInt64(exponentBits) - 1))
    let isNegative = code >> UInt64(bitCount - 1) & 1 == 1
    let isTop = exponent == 1 << exponentBits - 1
    let magnitude: Double
    if isTop && hasInfinity {
      magnitude = fraction == 0 ? .infinity : .nan
    } else if isTop && fraction == 1 << UInt64(mantissaBits) - 1 {
      magnitude = .nan
    } else if exponent == 0 {
      magnitude = Double(fraction) * leastSubnormal
    } else {
      let significand = 1 + Double(fraction) * Double.exp2(-mantissaBits)
      magnitude = significand * Double.exp2(exponent - bias)
    }
    return isNegative ? -magnitude : magnitude
  }

  /// The code of `value`, rounded to the nearest number of the format, ties to even.
  ///
  /// A NaN becomes the quiet NaN of its sign.
  public func code(of value: Double, overflow: Overflow = .special) -> UInt64 {
    let rounded = rounded(value, overflow: overflow)
    let sign: UInt64 = rounded.sign == .minus ? 1 << UInt64(bitCount - 1) : 0
    let top: UInt64 = (1 << UInt64(exponentBits) - 1) << UInt64(mantissaBits)
    guard !rounded.isNaN else {
      let quiet: UInt64 = 1 << UInt64(mantissaBits - 1)
      return sign | top | (hasInfinity ? quiet : 1 << UInt64(mantissaBits) - 1)
    }
    guard rounded.isFinite else { return sign | top }
    let magnitude = rounded.magnitude
    guard magnitude >= leastNormal else { return sign | UInt64(magnitude / leastSubnormal) }
    let fraction = UInt64((magnitude.significand - 1) * Double.exp2(mantissaBits))
    let exponent = UInt64(Int(magnitude.exponent) + bias)
    return sign | exponent << UInt64(mantissaBits) | fraction
  }
}
