public import RealModule

/// A floating-point type that a graph can be executed in: `Float`, or `Double` for reference.
///
/// Every product is reached through these members, so that an operator states its value once for
/// both.
public protocol Scalar: Element, BinaryFloatingPoint, Real where RawSignificand: FixedWidthInteger {
  /// `c = alpha · op(a) · op(b)`, plus `c` where `accumulate`; row-major, without gaps.
  ///
  /// op(a) is `[m, k]`, op(b) `[k, n]` and `c` `[m, n]`; a transposed operand lies as `[k, m]` or
  /// `[n, k]`. A bias of `[n]` is added to every row. An empty sum is 0, and NaN and infinities propagate as IEEE 754 says.
  static func multiply(
    _ a: Elements<Self>, _ b: Elements<Self>, into c: Elements<Self>, rows m: Int, columns n: Int,
    inner k: Int, transposeA: Bool, transposeB: Bool, alpha: Self, accumulate: Bool,
    bias: Elements<Self>?)
}

extension Scalar {
  /// How elements of a kind lie in memory when reals are of this type.
  public static func elementType(of kind: ElementKind) -> ElementType {
    switch kind {
    case .real: elementType
    case .integer: .int64
    case .boolean: .bool
    }
  }
}

extension Float: Scalar {}
extension Double: Scalar {}
