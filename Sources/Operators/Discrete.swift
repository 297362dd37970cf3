import Numbers
public import Semantics

/// An operator whose results are integers or booleans, computed element by element.
///
/// Nothing flows back through it and its results cannot fail to be finite.
public protocol Discrete: Elementwise, IntegerValued {}

extension Interval {
  /// The whole numbers within, where exact results are whole and only rounding made room for more.
  var wholeNumbers: Interval {
    let least = lower.rounded(.up)
    return Interval(least, max(least, upper.rounded(.down)))
  }

  /// What members become in this many bits of two's complement: less a whole number of turns where
  /// that is the same for all, and otherwise anything that the bits hold.
  func wrapped(bits: Int, isSigned: Bool) -> Interval {
    let span = 0x1p1 * Double(sign: .plus, exponent: bits - 1, significand: 1)
    let held =
      isSigned || bits == 64
      ? Interval(-span / 2, bits == 64 ? span / 2 : span / 2 - 1) : Interval(0, span - 1)
    if held.contains(self) { return self }
    guard bits < 64, magnitude < 0x1p53 else { return held }
    let turns = [lower, upper].map { (($0 - held.lower) / span).rounded(.down) }
    guard turns[0] == turns[1] else { return held }
    return Interval(lower - turns[0] * span, upper - turns[0] * span)
  }
}
