import Numbers
public import Semantics

/// An operator whose results are integers or booleans, computed element by element.
///
/// Nothing flows back through it and its results cannot fail to be finite.
public protocol Discrete: Elementwise, IntegerValued {}

extension Interval {
  /// What members become in this many bits of two's complement: themselves where all fit, and
  /// otherwise anything that the bits hold.
  func wrapped(bits: Int, isSigned: Bool) -> Interval {
    let span = 0x1p1 * Double(sign: .plus, exponent: bits - 1, significand: 1)
    let held =
      isSigned || bits == 64
      ? Interval(-span / 2, bits == 64 ? span / 2 : span / 2 - 1) : Interval(0, span - 1)
    return held.contains(self) ? self : held
  }
}
