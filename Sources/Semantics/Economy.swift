public import Tensors

// What an operator says of itself so that an execution can do with less work and less memory.

/// An operator whose only result has the elements of its only operand in their order.
///
/// An execution may let both lie in one place.
public protocol View: Operator {}

/// An operator whose only result is the sum of its two operands.
///
/// Where one of them is computed by an ``Accumulating`` operator for nothing else, an execution may
/// let that operator add to the other operand in place.
public protocol Addition: Operator {}

/// An operator that can add its only result to what the elements of a tensor hold.
public protocol Accumulating: Operator {
  /// Whether it can for operands of these types.
  func canAccumulate(in signature: Signature) -> Bool

  /// Adds what the value rule computes to `results`.
  func addValue<T: Scalar>(of operands: [Tensor], to results: [Tensor], workspace: Elements<T>)
}
