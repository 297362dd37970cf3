import Semantics
import Tensors

/// Steps that many gradient rules take.
extension GraphWriting {
  /// `value` in another shape of the same count.
  mutating func reshaped(_ value: Value, to extents: [Int]) throws(OperatorError) -> Value {
    if type(of: value).shape.extents == extents { return value }
    return try apply(Reshape(to: extents), value)
  }

  /// `value` summed over the axes along which `shape` was broadcast to it.
  mutating func summed(_ value: Value, to shape: Shape) throws(OperatorError) -> Value {
    let from = type(of: value).shape
    let added = from.rank - shape.rank
    let stretched = (0..<shape.rank).filter { shape[$0] == 1 && from[$0 + added] != 1 }
    var sum = value
    if added > 0 { sum = try apply(ReduceSum(axes: Array(0..<added), keepsAxes: false), sum) }
    if !stretched.isEmpty { sum = try apply(ReduceSum(axes: stretched, keepsAxes: true), sum) }
    return sum
  }

  /// `factor · value`.
  mutating func scaled(_ value: Value, by factor: Double) throws(OperatorError) -> Value {
    if factor == 1 { return value }
    return try apply(Mul(), value, apply(Constant(factor)))
  }
}
