import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Functions of every element.
  static let pointwise: [String: Rule] = [
    "Relu": map(Relu(), integers: { try $0.apply(Max(), $1, $0.scalar(0, $1.type)) }),
    "LeakyRelu": one { try $0.apply(LeakyRelu(alpha: $0.decimal("alpha", default: 0.01))) },
    "PRelu": one(prelu),
    "ThresholdedRelu": one {
      try $0.apply(ThresholdedRelu(alpha: $0.decimal("alpha", default: 1)))
    },
    "Elu": one { try $0.apply(Elu(alpha: $0.decimal("alpha", default: 1))) },
    "Celu": one { try $0.apply(Celu(alpha: $0.decimal("alpha", default: 1))) },
    "Selu": one {
      // Attributes are singles; those of the definition are meant where they are its singles.
      let standard = $0.opset < 6 ? Selu(alpha: 1.6732, gamma: 1.0507) : Selu()
      let alpha = try $0.real("alpha", default: standard.alpha)
      let gamma = try $0.real("gamma", default: standard.gamma)
      return try $0.apply(
        Selu(
          alpha: Float(alpha) == Float(standard.alpha) ? standard.alpha : alpha,
          gamma: Float(gamma) == Float(standard.gamma) ? standard.gamma : gamma))
    },
    "Gelu": one(gelu),
    "Swish": one { try $0.builder.swish($0.input(0), alpha: $0.decimal("alpha", default: 1)) },
    "SwiGLU": one { try gated($0, alpha: $0.decimal("alpha", default: 1)) },
    "Mish": map(Mish()),
    "Sigmoid": map(Sigmoid()),
    "HardSigmoid": one {
      try $0.apply(
        HardSigmoid(
          alpha: $0.decimal("alpha", default: 0.2), beta: $0.decimal("beta", default: 0.5)))
    },
    "HardSwish": map(HardSwish()),
    "Shrink": one(shrink),
    "Softplus": map(Softplus()),
    "Softsign": map(Softsign()),
    "Tanh": map(Tanh()), "Erf": map(Erf()), "Exp": map(Exp()), "Log": map(Log()),
    "Sqrt": one { try $0.builder.root(of: $0.input(0), exponent: 0.5) },
    "Reciprocal": map(Reciprocal()),
    "Sin": map(Sin()), "Cos": map(Cos()), "Tan": map(Tan()),
    "Asin": map(Asin()), "Acos": map(Acos()), "Atan": map(Atan()),
    "Sinh": map(Sinh()), "Cosh": map(Cosh()),
    "Asinh": map(Asinh()), "Acosh": map(Acosh()), "Atanh": map(Atanh()),
    "Floor": map(Floor()), "Ceil": map(Ceil()), "Round": map(Round()),
    "Neg": one { try $0.builder.negate($0.input(0)) },
    "Abs": map(Abs(), integers: { try $0.wrapped($0.apply(Max(), $1, $0.negate($1))) }),
    "Sign": map(
      Sign(),
      integers: { builder, x in
        let zero = builder.scalar(0, x.type)
        let above = try builder.cast(builder.apply(Greater(), x, zero, as: .bool), to: x.type)
        let below = try builder.cast(builder.apply(Less(), x, zero, as: .bool), to: x.type)
        return try builder.subtract(above, below)
      }),
    "Clip": one(clip),
  ]

  /// An operator on reals, and what does the same for integers.
  private static func map(
    _ op: some Operator,
    integers: @escaping @Sendable (Builder, Operand) throws -> Operand
  ) -> Rule {
    one { context in
      let x = try context.input(0)
      return try x.isReal ? context.builder.apply(op, x) : integers(context.builder, x)
    }
  }

  /// `max(x, 0) + slope · min(x, 0)`, for integers as well.
  private static func prelu(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    var slope = try context.input(1)
    if context.opset < 7, slope.rank == 1, slope.count > 1, x.rank > 2 {
      slope = try builder.reshape(slope, [slope.count] + (x.rank - 2).zeros.map { _ in 1 })
    }
    let zero = builder.scalar(0, x.type)
    let isAbove = try builder.apply(Less(), x, zero, as: .bool)
    return try builder.choose(isAbove, builder.multiply(slope, x), builder.expanded(x, with: slope))
  }

  private static func gelu(_ context: NodeContext) throws -> Operand {
    let text = try context.text("approximate", default: "none")
    guard let form = Gelu.Approximation(rawValue: text) else {
      throw ModelError.invalid("attribute approximate must be none or tanh")
    }
    return try context.apply(Gelu(approximate: form))
  }

  private static func shrink(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let shrink = Shrink(
      bias: try context.decimal("bias", default: 0),
      lambd: try context.decimal("lambd", default: 0.5))
    if x.isReal { return try builder.apply(shrink, x) }
    return try builder.cast(
      builder.apply(shrink, builder.cast(x, to: .double)), to: x.type)
  }

  /// Limits that are constants become attributes, others stay operands.
  private static func clip(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    if context.opset < 11 {
      let least = context.hasAttribute("min") ? try context.real("min", default: 0) : nil
      let greatest = context.hasAttribute("max") ? try context.real("max", default: 0) : nil
      return try limited(x, least, greatest, builder)
    }
    let limits = try (context.optional(1), context.optional(2))
    if x.isReal, let (least, greatest) = known(limits, builder) {
      return try limited(x, least, greatest, builder)
    }
    var result = x
    if let least = limits.0 { result = try builder.apply(Max(ties: .first), result, scalar(least)) }
    if let greatest = limits.1 {
      result = try builder.apply(Min(ties: .first), result, scalar(greatest))
    }
    return result

    func scalar(_ limit: Operand) throws -> Operand { try builder.reshape(limit, []) }
  }

  private static func limited(
    _ x: Operand, _ least: Double?, _ greatest: Double?, _ builder: Builder
  ) throws -> Operand {
    // Where the limits cross, the upper one wins.
    if let least, let greatest, least > greatest {
      return try builder.clip(x, greatest, greatest)
    }
    // Between 0 and 6 it is relu6, whose slope is 0 at both.
    return try builder.clip(x, least, greatest, isOpen: least == 0 && greatest == 6)
  }

  private static func known(
    _ limits: (Operand?, Operand?), _ builder: Builder
  ) -> (Double?, Double?)? {
    var numbers: [Double?] = []
    for limit in [limits.0, limits.1] {
      guard let limit else {
        numbers.append(nil)
        continue
      }
      guard limit.contents != nil, let number = try? builder.known(limit).doubles.first,
        !number.isNaN
      else { return nil }
      numbers.append(number)
    }
    return (numbers[0], numbers[1])
  }
}

extension NodeContext {
  /// An operator applied to the first input.
  func apply(_ op: some Operator) throws -> Operand { try builder.apply(op, input(0)) }

  /// The number that is meant: 0.01 rather than 0.0099999998.
  func decimal(_ name: String, default fallback: Double) throws -> Double {
    try epsilon(name, default: fallback)
  }
}
