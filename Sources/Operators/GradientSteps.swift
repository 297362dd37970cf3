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
    if from == shape { return value }
    throw OperatorError(.unsupported, in: "ReduceSum", "\(from) to \(shape)")
  }

  /// `factor · value`.
  mutating func scaled(_ value: Value, by factor: Double) throws(OperatorError) -> Value {
    throw OperatorError(.unsupported, in: "Mul", "\(factor)")
  }
}
