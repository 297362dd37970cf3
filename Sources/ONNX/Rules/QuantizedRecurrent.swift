import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// An LSTM of com.microsoft whose weights are integers, as ONNX Runtime's dynamic quantization
  /// writes it.
  ///
  /// Weights stand in `[directions, D, 4 · H]`, with a scale and a zero point for each direction or
  /// each of its columns. What they are multiplied by is quantized as it comes: the input of all steps
  /// together, and the state in every step.
  static func quantizedLSTM(_ context: NodeContext) throws -> [Operand] {
    let (builder, type) = (context.builder, try context.input(0).type)
    func weights(_ number: Int, scale: Int) throws -> Operand {
      let stored = try context.input(number)
      guard stored.rank == 3 else {
        throw ModelError.invalid("takes weights of three axes, not \(stored.shape)")
      }
      /// One for each direction, or for each of its columns.
      func aligned(_ operand: Operand) throws -> Operand {
        let (directions, columns) = (stored.shape[0], stored.shape[2])
        guard operand.count == directions || operand.count == directions * columns else {
          throw ModelError.invalid("scales \(operand.shape) do not fit weights \(stored.shape)")
        }
        return try builder.reshape(operand, [directions, 1, operand.count / max(1, directions)])
      }
      var reals = try builder.cast(stored, to: type)
      if let point = try context.optional(scale + 1) {
        reals = try builder.subtract(reals, builder.cast(aligned(point), to: type))
      }
      reals = try builder.multiply(reals, aligned(context.input(scale)))
      return try builder.transpose(reals, [0, 2, 1])
    }
    let rule = try RecurrentRule(
      context, gates: 4, weights: (w: weights(1, scale: 8), r: weights(2, scale: 10))
    ) { builder, x in
      let parts = try dynamicQuantize(x, builder)
      let steps = try builder.subtract(
        builder.cast(parts[0], to: x.type), builder.cast(parts[2], to: x.type))
      return try builder.multiply(steps, parts[1])
    }
    return try rule.apply(RecurrentRule.longShort)
  }
}
