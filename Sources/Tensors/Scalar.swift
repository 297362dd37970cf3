public import RealModule

/// A floating-point type that a graph can be executed in: `Float`, or `Double` for reference.
///
/// Every product and vector kernel is reached through these members, so that an operator states
/// its value once for both.
public protocol Scalar: Element, BinaryFloatingPoint, Real where RawSignificand: FixedWidthInteger {
}
extension Float: Scalar {}
extension Double: Scalar {}
