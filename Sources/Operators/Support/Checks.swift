import Semantics
import Tensors

extension Operator {
  /// Refuses operands that are not of these kinds, in this order.
  static func check(
    _ operands: [TensorType], are kinds: ElementKind...
  ) throws(OperatorError) {
    guard operands.count == kinds.count else {
      let noun = kinds.count == 1 ? "operand" : "operands"
      throw refusal("takes \(kinds.count) \(noun), not \(operands.count)")
    }
    for (number, (operand, kind)) in zip(operands, kinds).enumerated() where operand.kind != kind {
      throw refusal("operand \(number) must be \(kind.rawValue), not \(operand)")
    }
  }

  /// The shape that all broadcast to by NumPy's rule.
  static func broadcast(_ operands: [TensorType]) throws(OperatorError) -> Shape {
    var result = Shape.scalar
    for operand in operands {
      guard let wider = result.broadcast(with: operand.shape) else {
        let shapes = operands.map(\.shape.description).joined(separator: " and ")
        throw refusal("\(shapes) do not broadcast")
      }
      result = wider
    }
    guard result.rank <= greatestRank else {
      throw refusal("handles at most \(greatestRank) axes, not \(result.rank)")
    }
    return result
  }

  static func refusal(_ message: String) -> OperatorError {
    OperatorError(.invalidShape, in: Self.name, message)
  }
}
