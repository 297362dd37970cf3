package import CKernels
import RealModule

/// Random numbers that each depend on a seed, a name and an index alone.
///
/// Any element can be had without those before it, so a tensor filled by many threads, in parts, or
/// again during a replay has the same bytes. The generator is Philox4x32-10 (Salmon, Moraes, Dror
/// and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011).
public struct RandomStream: Hashable, Sendable {
  /// What the seed and the name come to.
  public let key: UInt64
  /// A number that sets apart streams of the same seed and name, such as a training step.
  public let substream: UInt32

  /// The stream of a tensor called `name`.
  public init(seed: UInt64, name: String) {
    let hash = Self.fnv1a(name)
    // One block mixes both, so that neighbouring seeds and similar names have unrelated keys.
    let block = Philox.block(
      counter: SIMD4(
        UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32),
        UInt32(truncatingIfNeeded: hash), UInt32(truncatingIfNeeded: hash >> 32)),
      key: 0x6576_656e_6b65_656c)
    self.init(key: UInt64(block[1]) << 32 | UInt64(block[0]), substream: 0)
  }

  private init(key: UInt64, substream: UInt32) {
    self.key = key
    self.substream = substream
  }

  /// The stream of the same seed and name with another number; costs nothing.
  public func substream(_ number: UInt32) -> RandomStream {
    RandomStream(key: key, substream: number)
  }

  /// The stream as the kernels need it.
  package var kernelStream: ek_stream { ek_stream(key: key, substream: substream) }

  /// The 64-bit FNV-1a hash of the UTF-8 bytes: the same in every run, which `Hasher` is not.
  static func fnv1a(_ name: String) -> UInt64 {
    name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}

extension RandomStream {
  /// 32 random bits: independent of the other draws at the same index.
  public func word(at index: Int) -> UInt32 {
    block(index / 4, domain: 0)[index % 4]
  }

  /// The words at indices 4·`index` to 4·`index` + 3, for the price of one.
  public func words(ofBlock index: Int) -> SIMD4<UInt32> { block(index, domain: 0) }

  /// 64 random bits, from which ``uniform(at:)`` and the normal numbers of the index are made.
  public func bits(at index: Int) -> UInt64 {
    let block = block(index / 2, domain: 1)
    let low = index % 2 * 2
    return UInt64(block[low + 1]) << 32 | UInt64(block[low])
  }

  /// A number in [0, 1): a multiple of 2⁻⁵³.
  public func uniform(at index: Int) -> Double { Double(bits(at: index) >> 11) * 0x1p-53 }

  /// An integer from 0 up to but not including `bound`, which must be positive.
  ///
  /// Multiply and shift; no value is off its fair share by more than `bound` · 2⁻⁶⁴.
  public func integer(at index: Int, below bound: Int) -> Int {
    precondition(bound > 0, "the bound must be positive")
    return Int(UInt64(bound).multipliedFullWidth(by: bits(at: index)).high)
  }

  /// A standard normal number, by the inverse of the distribution function.
  ///
  /// Its uniform number has 52 bits, so the tails end at ±8.13, beyond which lies a probability of
  /// 4e-16.
  public func normal(at index: Int) -> Double { normal(at: index, within: .everything) }

  /// A standard normal number under the condition that it lies in ±`bound`, which must be positive.
  ///
  /// Exact: the same uniform number, mapped to the part of the distribution inside the bounds. Its
  /// standard deviation is less than 1; ``deviation(ofNormalTruncatedAt:)`` tells how much.
  public func truncatedNormal(at index: Int, bound: Double) -> Double {
    normal(at: index, within: Truncation(at: bound))
  }

  /// √(1 − 2a·n(a)/erf(a/√2)): the standard deviation of a standard normal number truncated at ±a.
  public static func deviation(ofNormalTruncatedAt a: Double) -> Double {
    // n(a), the density, written without the overflow of a².
    let density = Double.exp(-a * a / 2) / (2 * Double.pi).squareRoot()
    guard a < 0x1p500 else { return 1 }
    return (1 - 2 * a * density / .erf(a / 2.0.squareRoot())).squareRoot()
  }

  /// The indices below `count` in random order (Fisher and Yates).
  public func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, integer(at: last, below: last + 1))
    }
    return order
  }

  private func normal(at index: Int, within part: Truncation) -> Double {
    let cell = Int64(bits(at: index) >> 12) - 1 << 51
    let centred = (Double(cell) + 0.5) * 0x1p-52
    let quantile = ek_normal_quantile(
      centred * part.mass, part.below + (0.5 - centred.magnitude) * part.mass)
    return min(max(quantile, -part.bound), part.bound)
  }

  private func block(_ number: Int, domain: UInt32) -> SIMD4<UInt32> {
    precondition(number >= 0, "indices count from 0")
    let low = UInt32(truncatingIfNeeded: number)
    let high = UInt32(truncatingIfNeeded: number >> 32)
    return Philox.block(counter: SIMD4(low, high, substream, domain), key: key)
  }
}

/// The part of the normal law that lies in ±`bound`.
package struct Truncation: Sendable {
  /// The probability of the part.
  package let mass: Double
  /// The probability below the part.
  package let below: Double
  package let bound: Double

  package static let everything = Truncation(mass: 1, below: 0, bound: .infinity)

  private init(mass: Double, below: Double, bound: Double) {
    self.mass = mass
    self.below = below
    self.bound = bound
  }

  package init(at bound: Double) {
    precondition(bound > 0, "the bound must be positive")
    let scaled = bound / 2.0.squareRoot()
    self.init(mass: .erf(scaled), below: .erfc(scaled) / 2, bound: bound)
  }

  package var kernelTruncation: ek_truncation {
    ek_truncation(mass: mass, below: below, bound: bound)
  }
}

/// The generator behind ``RandomStream``.
enum Philox {
  /// Ten rounds of Philox4x32 on a counter.
  static func block(counter: SIMD4<UInt32>, key: UInt64) -> SIMD4<UInt32> {
    var c = counter
    var k = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
    for _ in 0..<10 {
      let a = UInt64(0xD251_1F53) * UInt64(c[0])
      let b = UInt64(0xCD9E_8D57) * UInt64(c[2])
      c = SIMD4(
        UInt32(b >> 32) ^ c[1] ^ k.0, UInt32(truncatingIfNeeded: b),
        UInt32(a >> 32) ^ c[3] ^ k.1, UInt32(truncatingIfNeeded: a))
      k.0 &+= 0x9E37_79B9
      k.1 &+= 0xBB67_AE85
    }
    return c
  }
}
