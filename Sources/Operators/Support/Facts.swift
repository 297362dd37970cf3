import Semantics
import Tensors

extension Tensor {
  /// A tensor of doubles that are all `value`.
  init(repeating value: Double, _ shape: Shape) {
    self.init([Double](repeating: value, count: shape.count), shape: shape)
  }
}

extension Cause {
  /// The first of `operands`, all of one shape, that is not finite at `element`; nil if none is.
  static func passedOn(_ element: Int, of operands: [Tensor]) -> Cause? {
    for (number, operand) in operands.enumerated() where !operand.double(at: element).isFinite {
      return .passedOn(operand: number, element: element)
    }
    return nil
  }
}
