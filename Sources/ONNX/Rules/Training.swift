import ONNXMessages
import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Operators of the domain ai.onnx.preview.training: one step of an optimiser, and gradients.
  static let training: [String: Rule] = [
    "Adam": { try updates($0, states: 2, adam) },
    "Adagrad": { try updates($0, states: 1, adagrad) },
    "Momentum": { try updates($0, states: 1, momentum) },
    "Gradient": gradient,
  ]

  /// A tensor and what belongs to it, while one step changes them.
  private struct Updated {
    var tensor: Operand
    let gradient: Operand
    var states: [Operand]
  }

  /// Applies a step to every tensor: inputs are rate, count, tensors, gradients and states, each
  /// kind for all tensors; outputs are tensors and states.
  private static func updates(
    _ context: NodeContext, states: Int,
    _ step: (NodeContext, inout Updated, _ rate: Operand, _ count: Operand) throws -> Void
  ) throws -> [Item] {
    let builder = context.builder
    let inputs = try context.allInputs()
    let kinds = 2 + states
    guard inputs.count > 2, (inputs.count - 2) % kinds == 0, inputs[1].kind == .integer else {
      throw ModelError.invalid(
        "takes rate, count, and \(kinds) tensors for each that is optimised, not "
          + "\(inputs.count) inputs")
    }
    let number = (inputs.count - 2) / kinds
    var all: [Updated] = []
    for place in 0..<number {
      func part(_ kind: Int) -> Operand { inputs[2 + kind * number + place] }
      var updated = Updated(
        tensor: part(0), gradient: part(1), states: (0..<states).map { part(2 + $0) })
      let type = updated.tensor.type
      let others = [updated.gradient] + updated.states
      guard type.kind == .real,
        others.allSatisfy({ $0.shape == updated.tensor.shape && $0.type == type })
      else { throw ModelError.invalid("gradients and states must have the type of their tensor") }
      try step(
        context, &updated, builder.cast(builder.reshape(inputs[0], []), to: type),
        builder.cast(builder.reshape(inputs[1], []), to: type))
      all.append(updated)
    }
    let results = all.map(\.tensor) + (0..<states).flatMap { state in all.map { $0.states[state] } }
    return results.map(Item.tensor)
  }

  /// The gradient with that of half the squared norm, times a coefficient.
  private static func regularised(_ context: NodeContext, _ updated: Updated) throws -> Operand {
    let coefficient = try context.decimal("norm_coefficient", default: 0)
    guard coefficient != 0 else { return updated.gradient }
    return try context.builder.add(
      context.builder.multiply(updated.tensor, coefficient), updated.gradient)
  }

  /// Kingma and Ba (2015), algorithm 1, with ε outside of the correction of the second state.
  private static func adam(
    _ context: NodeContext, _ updated: inout Updated, rate: Operand, count: Operand
  ) throws {
    let builder = context.builder
    let alpha = try context.decimal("alpha", default: 0.9)
    let beta = try context.decimal("beta", default: 0.999)
    let gradient = try regularised(context, updated)
    func average(_ old: Operand, _ share: Double, _ new: Operand) throws -> Operand {
      try builder.add(builder.multiply(old, share), builder.multiply(new, 1 - share))
    }
    let first = try average(updated.states[0], alpha, gradient)
    let second = try average(updated.states[1], beta, builder.multiply(gradient, gradient))
    /// `1 − share^count`.
    func missing(_ share: Double) throws -> Operand {
      try builder.subtract(
        builder.scalar(1, count.type),
        builder.apply(Pow(), builder.scalar(share, count.type), count))
    }
    let isLater = try builder.apply(Greater(), count, builder.scalar(0, count.type), as: .bool)
    // A step without any before it is not corrected, and must not divide by 0.
    let divisor = try builder.choose(isLater, missing(alpha), builder.scalar(1, count.type))
    let correction = try builder.divide(builder.apply(Sqrt(), missing(beta)), divisor)
    let own = try builder.choose(isLater, builder.multiply(rate, correction), rate)
    let root = try builder.add(
      builder.apply(Sqrt(), second), context.decimal("epsilon", default: 1e-6))
    let moved = try builder.subtract(
      updated.tensor, builder.multiply(own, builder.divide(first, root)))
    let after = try context.decimal("norm_coefficient_post", default: 0)
    updated.tensor = try builder.multiply(moved, 1 - after)
    updated.states = [first, second]
  }

  /// Duchi, Hazan and Singer (2011), with a rate that falls with the count.
  private static func adagrad(
    _ context: NodeContext, _ updated: inout Updated, rate: Operand, count: Operand
  ) throws {
    let builder = context.builder
    let decay = try context.decimal("decay_factor", default: 0)
    let gradient = try regularised(context, updated)
    let own = try builder.divide(rate, builder.add(builder.multiply(count, decay), 1))
    let sum = try builder.add(updated.states[0], builder.multiply(gradient, gradient))
    let root = try builder.add(
      builder.apply(Sqrt(), sum), context.decimal("epsilon", default: 1e-6))
    updated.tensor = try builder.subtract(
      updated.tensor, builder.divide(builder.multiply(own, gradient), root))
    updated.states = [sum]
  }

  /// Polyak's momentum (1964) or Nesterov's; the first gradient has the weight 1.
  private static func momentum(
    _ context: NodeContext, _ updated: inout Updated, rate: Operand, count: Operand
  ) throws {
    let builder = context.builder
    let alpha = try context.decimal("alpha", default: 0)
    let beta = try context.decimal("beta", default: 1)
    let mode = try context.text("mode", default: "standard")
    guard mode == "standard" || mode == "nesterov" else {
      throw ModelError.invalid("attribute mode has the unknown value \(mode.quotedName)")
    }
    let gradient = try regularised(context, updated)
    let isLater = try builder.apply(Greater(), count, builder.scalar(0, count.type), as: .bool)
    let weight = try builder.choose(
      isLater, builder.scalar(beta, count.type), builder.scalar(1, count.type))
    let velocity = try builder.add(
      builder.multiply(updated.states[0], alpha), builder.multiply(weight, gradient))
    let direction =
      try mode == "standard"
      ? velocity : builder.add(gradient, builder.multiply(velocity, alpha))
    updated.tensor = try builder.subtract(updated.tensor, builder.multiply(rate, direction))
    updated.states = [velocity]
  }

  /// The gradient of a tensor named in an attribute, of the sum of its elements, at the tensors that
  /// it depends on.
  private static func gradient(_ context: NodeContext) throws -> [Item] {
    let names = context.texts("xs") ?? []
    let given = names + (context.texts("zs") ?? [])
    guard let name = context.word("y"), !names.isEmpty else {
      throw ModelError.invalid("attributes xs and y must name tensors")
    }
    guard Array(context.node.input) == given else {
      throw ModelError.unsupported("gradients elsewhere than at the tensors of xs and zs")
    }
    guard case .tensor(let y)? = context.importer.item(name) else {
      throw ModelError.invalid("nothing computes \(name.quotedName), the tensor to differentiate")
    }
    let targets = try names.indices.map { try context.input($0) }
    return try context.builder.gradients(of: y, withRespectTo: targets).map(Item.tensor)
  }
}
