package import CKernels

/// What becomes of a result beyond the greatest number of a format.
public enum Overflow: Hashable, Sendable {
  /// Infinity, or NaN where the format has no infinity, as arithmetic does it; the greatest number
  /// where it has neither.
  case special
  /// The greatest number, also for infinities, as saturating casts do it.
  case saturates
}

extension NumberFormat {
  /// `value` rounded to a number of the format by its ``rule``: to the nearest, ties to even.
  ///
  /// NaN stays NaN, also where the format cannot hold it, and a zero keeps its sign where the format
  /// has both. In a format of scales a negative number becomes NaN, and so does 0 unless it saturates.
  public func rounded(_ value: Double, overflow: Overflow = .special) -> Double {
    guard value.isFinite else { return nonFinite(value, overflow) }
    guard self != .fp64 else { return value }
    let spacing = ulp(of: value)
    let magnitude = (value.magnitude / spacing).rounded(rule) * spacing
    return finished(magnitude, like: value, overflow)
  }

  /// `value` rounded to a number of the format by its ``rule``: to the nearest, ties to even.
  public func rounded(_ value: Float, overflow: Overflow = .special) -> Float {
    // A number of a format no wider than fp32 is exact in both; fp64 changes nothing.
    Float(rounded(Double(value), overflow: overflow))
  }

  /// `value` rounded to one of its two neighbours, up in magnitude with the probability that is its
  /// relative position between them.
  ///
  /// The probability is rounded down to a multiple of 2⁻³², as `random` has 32 bits, so that what is
  /// smaller than 2⁻³² spacings is always rounded down.
  public func stochasticallyRounded(
    _ value: Double, random: UInt32, overflow: Overflow = .special
  ) -> Double {
    guard value.isFinite else { return nonFinite(value, overflow) }
    guard self != .fp64 else { return value }
    let spacing = ulp(of: value)
    let position = value.magnitude / spacing
    let whole = position.rounded(.down)
    // Beyond the greatest number the position has no fraction below 1 to speak of.
    let fraction = position - whole
    let isUp = Double(random) < (fraction * 0x1p32).rounded(.down)
    return finished((isUp ? whole + 1 : whole) * spacing, like: value, overflow)
  }

  private func finished(_ magnitude: Double, like value: Double, _ overflow: Overflow) -> Double {
    if holdsScales { return scale(magnitude, like: value, overflow) }
    let limited: Double
    if magnitude <= greatest {
      limited = magnitude
    } else {
      switch overflow {
      case .special: limited = hasInfinity ? .infinity : specialCodes == .none ? greatest : .nan
      case .saturates: limited = greatest
      }
    }
    let keepsSign = limited != 0 || hasNegativeZero
    return value.sign == .minus && keepsSign ? -limited : limited
  }

  /// A power of two, or NaN where there is none to round to.
  private func scale(_ magnitude: Double, like value: Double, _ overflow: Overflow) -> Double {
    if value < 0 { return .nan }
    // Without a zero the least power of two is the nearest to all that is smaller.
    let hasLeast = overflow == .saturates || (value > 0 && rule != .down)
    if magnitude < leastNormal { return hasLeast ? leastNormal : .nan }
    return magnitude <= greatest ? magnitude : overflow == .saturates ? greatest : .nan
  }

  private func nonFinite(_ value: Double, _ overflow: Overflow) -> Double {
    value.isNaN ? value : finished(.infinity, like: value, overflow)
  }
}

extension NumberFormat {
  /// The format as the rounding kernels need it; fp64 is as fp32 to them.
  ///
  /// They know no formats of scales.
  package func kernelFormat(_ overflow: Overflow) -> ek_format {
    precondition(!holdsScales, "the kernels round numbers with a sign and a zero")
    let exceedsSingle = self == .fp64
    let top = Float(exceedsSingle ? NumberFormat.fp32.greatest : greatest)
    let special: Float = hasInfinity ? .infinity : specialCodes == .none ? top : .nan
    // Formats with the exponents of fp32 have their subnormal numbers where fp32 has them.
    let isNarrower = leastExponent > NumberFormat.fp32.leastExponent
    return ek_format(
      shift: UInt32(exceedsSingle ? 0 : NumberFormat.fp32.mantissaBits - mantissaBits),
      least_normal: isNarrower ? Float(leastNormal).bitPattern : 0,
      quantum: isNarrower ? Float(leastSubnormal) : 0,
      greatest: top.bitPattern,
      overflow: (overflow == .saturates && !exceedsSingle ? top : special).bitPattern,
      zero_sign: hasNegativeZero ? 0x8000_0000 : 0)
  }
}
