package import CKernels

/// What becomes of a result beyond the greatest number of a format.
public enum Overflow: Hashable, Sendable {
  /// Infinity, or NaN where the format has no infinity, as arithmetic does it.
  case special
  /// The greatest number, also for infinities, as saturating casts do it.
  case saturates
}

extension NumberFormat {
  /// `value` rounded to the nearest number of the format, ties to even.
  ///
  /// NaN stays NaN, and a zero keeps its sign.
  public func rounded(_ value: Double, overflow: Overflow = .special) -> Double {
    guard value.isFinite else { return nonFinite(value, overflow) }
    guard value != 0, self != .fp64 else { return value }
    let spacing = ulp(of: value)
    let magnitude = (value.magnitude / spacing).rounded(.toNearestOrEven) * spacing
    return finished(magnitude, like: value, overflow)
  }

  /// `value` rounded to the nearest number of the format, ties to even.
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
    guard value != 0, self != .fp64 else { return value }
    let spacing = ulp(of: value)
    let position = value.magnitude / spacing
    let whole = position.rounded(.down)
    // Beyond the greatest number the position has no fraction below 1 to speak of.
    let fraction = position - whole
    let isUp = Double(random) < (fraction * 0x1p32).rounded(.down)
    return finished((isUp ? whole + 1 : whole) * spacing, like: value, overflow)
  }

  private func finished(_ magnitude: Double, like value: Double, _ overflow: Overflow) -> Double {
    let limited: Double
    if magnitude <= greatest {
      limited = magnitude
    } else {
      switch overflow {
      case .special: limited = hasInfinity ? .infinity : .nan
      case .saturates: limited = greatest
      }
    }
    return value.sign == .minus ? -limited : limited
  }

  private func nonFinite(_ value: Double, _ overflow: Overflow) -> Double {
    value.isNaN ? value : finished(.infinity, like: value, overflow)
  }
}

extension NumberFormat {
  /// The format as the rounding kernels need it; fp64 is as fp32 to them.
  package func kernelFormat(_ overflow: Overflow) -> ek_format {
    let exceedsSingle = self == .fp64
    let top = Float(exceedsSingle ? NumberFormat.fp32.greatest : greatest)
    let special: Float = hasInfinity ? .infinity : .nan
    // Formats with the exponents of fp32 have their subnormal numbers where fp32 has them.
    let isNarrower = leastExponent > NumberFormat.fp32.leastExponent
    return ek_format(
      shift: UInt32(exceedsSingle ? 0 : NumberFormat.fp32.mantissaBits - mantissaBits),
      least_normal: isNarrower ? Float(leastNormal).bitPattern : 0,
      quantum: isNarrower ? Float(leastSubnormal) : 0,
      greatest: top.bitPattern,
      overflow: (overflow == .saturates && !exceedsSingle ? top : special).bitPattern)
  }
}
