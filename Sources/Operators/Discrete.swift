public import Numbers
public import Semantics
public import Tensors

/// An operator whose results are integers or booleans, computed element by element.
///
/// Nothing flows back through it and its results cannot fail to be finite.
public protocol Discrete: Elementwise {}

extension Discrete {
  public func workspace(for signature: Signature) -> Int { 0 }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] { node.operands.map { _ in nil } }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    signature.results.map { _ in .unknown("integers and booleans are not followed") }
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] { [] }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    preconditionFailure("integers and booleans are finite")
  }
}

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
