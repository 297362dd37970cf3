import CKernels
public import Numbers

/// What one pass over the elements of a tensor tells of its health.
///
/// Moments and extremes are those of the finite elements; NaN and infinities are counted apart.
/// Summaries merge in any order: counts exactly, moments up to rounding in double (relative errors
/// near 1e-15 per merge). A summary holds no references, so a step can keep one for every tensor
/// without allocating.
public struct Summary: Sendable {
  private var raw = ek_summary()

  /// The summary of nothing.
  public init() { unsafe ek_summary_init(&raw) }

  /// The summary of these elements, which must be of a floating-point type.
  public init<T: Scalar>(of elements: Elements<T>) {
    self.init()
    add(elements)
  }

  /// Forgets everything.
  public mutating func clear() { unsafe ek_summary_clear(&raw) }

  /// Adds elements; the same elements in the same calls give the same bytes.
  public mutating func add<T: Scalar>(_ elements: Elements<T>) {
    if let singles = elements as? Elements<Float> {
      unsafe ek_summary_add_f32(&raw, singles.pointer, singles.count)
    } else if let doubles = elements as? Elements<Double> {
      unsafe ek_summary_add_f64(&raw, doubles.pointer, doubles.count)
    } else {
      preconditionFailure("a scalar is a Float or a Double")
    }
  }

  /// Adds what another summary has seen: `a.merge(b)` gives what `b.merge(a)` gives.
  ///
  /// The mean is that of both, the squares follow Chan, Golub and LeVeque (1983).
  public mutating func merge(_ other: Summary) {
    unsafe withUnsafePointer(to: other.raw) { unsafe ek_summary_merge(&raw, $0) }
  }

  /// How many elements are NaN or infinite: all that a step needs to know whether it is healthy.
  public static func nonFiniteCount<T: Scalar>(of elements: Elements<T>) -> Int {
    if let singles = elements as? Elements<Float> {
      return Int(unsafe ek_count_non_finite_f32(singles.pointer, singles.count))
    }
    guard let doubles = elements as? Elements<Double> else {
      preconditionFailure("a scalar is a Float or a Double")
    }
    return Int(unsafe ek_count_non_finite_f64(doubles.pointer, doubles.count))
  }
}

extension Summary {
  /// All elements.
  public var count: Int { Int(raw.count) }
  /// Elements that are 0 or −0.
  public var zeros: Int { Int(raw.zeros) }
  /// Elements that are NaN.
  public var nanCount: Int { Int(raw.nans) }
  /// Elements that are +∞.
  public var positiveInfinities: Int { Int(raw.positive_infinities) }
  /// Elements that are −∞.
  public var negativeInfinities: Int { Int(raw.negative_infinities) }
  /// Elements that are NaN or infinite.
  public var nonFinite: Int { nanCount + positiveInfinities + negativeInfinities }
  /// Elements that are neither NaN nor infinite.
  public var finiteCount: Int { count - nonFinite }

  /// The mean; NaN when no element is finite.
  public var mean: Double { finiteCount == 0 ? .nan : raw.mean }

  /// The sum of squared distances from the mean.
  ///
  /// Infinite where doubles are so great that it is no `Double`; of `Float` it never is.
  public var centredSquares: Double { raw.centred_squares }

  /// The mean squared distance from the mean; NaN when no element is finite.
  ///
  /// It is the variance of these elements, not an estimate for what they were drawn from.
  public var variance: Double { raw.centred_squares / Double(finiteCount) }

  /// The mean of the squares, mean² + variance; NaN when no element is finite.
  public var secondMoment: Double { mean * mean + variance }

  /// The square root of ``secondMoment``.
  public var rootMeanSquare: Double { secondMoment.squareRoot() }

  /// The smallest element; NaN when no element is finite.
  public var minimum: Double { finiteCount == 0 ? .nan : raw.minimum }

  /// The greatest element; NaN when no element is finite.
  public var maximum: Double { finiteCount == 0 ? .nan : raw.maximum }

  /// The greatest magnitude; NaN when no element is finite.
  public var greatestMagnitude: Double { max(minimum.magnitude, maximum.magnitude) }

  /// The share of zeros among all elements; NaN when there are none.
  public var zeroShare: Double { Double(zeros) / Double(count) }
}

/// The shares of the finite elements that a number format would change beyond rounding.
public struct FormatShares: Hashable, Sendable {
  /// Magnitudes that overflow.
  public let overflow: Double
  /// Magnitudes that become subnormal numbers, with less precision.
  public let subnormal: Double
  /// Elements other than 0 that become 0.
  public let zero: Double
}

extension Summary {
  /// The exponents that are told apart; elements with others count at the ends.
  public static let exponents = -150...128

  /// How many finite elements x have 2ᵉ ≤ |x| < 2ᵉ⁺¹.
  ///
  /// From −149 to 127 every number of fp32 has its own exponent, subnormal numbers too. Smaller
  /// doubles are counted at −150 and greater ones at 128.
  public func count(exponent: Int) -> Int {
    guard Self.exponents.contains(exponent) else { return 0 }
    return unsafe withUnsafeBytes(of: raw.exponents) { bytes in
      let bins = unsafe bytes.bindMemory(to: UInt64.self)
      return Int(unsafe bins[exponent - Self.exponents.lowerBound])
    }
  }

  /// What storing the elements in `format` would lose, to nearest; NaN when none is finite.
  ///
  /// The bins decide: all limits of a format but one are powers of two, so only elements that a
  /// half unit in the last place separates from them are counted on the wrong side. The overflow
  /// threshold lies within a bin, whose numbers are taken to be spread evenly over it, unless the
  /// extremes tell that none reaches it. For fp64 all shares are 0 as far as bins tell.
  public func shares(in format: NumberFormat) -> FormatShares {
    let total = Double(finiteCount)
    guard format != .fp64 else {
      let nothing = total == 0 ? Double.nan : 0
      return FormatShares(overflow: nothing, subnormal: nothing, zero: nothing)
    }
    let vanishing = format.leastExponent - format.mantissaBits - 1
    return FormatShares(
      overflow: overflowCount(in: format) / total,
      subnormal: Double(counts(from: vanishing, below: format.leastExponent)) / total,
      zero: Double(counts(from: Self.exponents.lowerBound, below: vanishing)) / total)
  }

  private func counts(from low: Int, below high: Int) -> Int {
    guard low < high else { return 0 }
    return (low..<high).reduce(0) { $0 + count(exponent: $1) }
  }

  private func overflowCount(in format: NumberFormat) -> Double {
    let threshold = format.overflowThreshold
    guard greatestMagnitude >= threshold else { return finiteCount == 0 ? .nan : 0 }
    let split = format.greatestExponent
    let beyond = counts(from: split + 1, below: Self.exponents.upperBound + 1)
    let width = Double(sign: .plus, exponent: split, significand: 1)
    let part = Double(count(exponent: split)) * (2 - threshold / width)
    return Double(beyond) + (beyond == 0 ? max(part, 1) : part)
  }
}

/// A fixed number of summaries that threads fill at the same time, each its own.
///
/// `@unchecked Sendable`: whoever shares work out gives every thread other slots.
@safe public final class SummarySlots: @unchecked Sendable {
  private let slots: UnsafeMutableBufferPointer<Summary>

  public init(count: Int) {
    unsafe slots = .allocate(capacity: count)
    unsafe slots.initialize(repeating: Summary())
  }

  deinit { unsafe slots.deallocate() }

  public subscript(slot: Int) -> Summary { unsafe slots[checked(slot)] }

  /// Empties a slot.
  public func clear(_ slot: Int) { unsafe slots[checked(slot)].clear() }

  /// Adds elements to a slot.
  public func add<T: Scalar>(_ elements: Elements<T>, to slot: Int) {
    unsafe slots[checked(slot)].add(elements)
  }

  /// Adds the elements of a tensor of reals to a slot.
  public func add(_ tensor: Tensor, to slot: Int) {
    if tensor.elementType == .float32 {
      add(tensor.elements(as: Float.self), to: slot)
    } else {
      add(tensor.elements(as: Double.self), to: slot)
    }
  }

  /// Adds what one slot has seen to another.
  public func merge(_ other: Int, into slot: Int) {
    unsafe slots[checked(slot)].merge(slots[checked(other)])
  }

  private func checked(_ slot: Int) -> Int {
    precondition(unsafe slots.indices.contains(slot), "slot out of range")
    return slot
  }
}
