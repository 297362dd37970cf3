import Numbers
import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Sums, products and what else broadcasts reals and integers.
  static let arithmetic: [String: Rule] = [
    "Add": pair(Add()), "Sub": pair(Sub()), "Mul": one(product), "Div": pair(Div()),
    "Pow": one(pow), "Mod": one(mod),
    "Sum": one { try reduced($0) { try $0.add($1, $2) } },
    "Max": one { try reduced($0) { try $0.apply(Max(), $1, $2) } },
    "Min": one { try reduced($0) { try $0.apply(Min(), $1, $2) } },
    "Mean": one { context in
      let sum = try reduced(context) { try $0.add($1, $2) }
      return try context.builder.multiply(sum, 1 / Double(context.inputs.count))
    },
    "Identity": { [try $0.item(0)] },
    "Where": one { try $0.builder.choose($0.input(0), $0.input(1), $0.input(2)) },
  ]

  /// Comparisons and logic.
  static let comparisons: [String: Rule] = [
    "Less": judge(Less()), "Greater": judge(Greater()), "LessOrEqual": judge(LessOrEqual()),
    "GreaterOrEqual": judge(GreaterOrEqual()), "Equal": judge(Equal()),
    "And": judge(And()), "Or": judge(Or()), "Xor": judge(Xor()),
    "Not": one { try $0.builder.apply(Not(), $0.input(0), as: .bool) },
    "IsNaN": one { try $0.builder.apply(IsNaN(), $0.input(0), as: .bool) },
    "IsInf": one { context in
      let op = IsInf(
        detectsPositive: try context.flag("detect_positive", default: true),
        detectsNegative: try context.flag("detect_negative", default: true))
      return try context.builder.apply(op, context.input(0), as: .bool)
    },
  ]

  /// Operators on the bits of integers.
  static let bits: [String: Rule] = [
    "BitwiseAnd": pair(BitwiseAnd()), "BitwiseOr": pair(BitwiseOr()),
    "BitwiseXor": pair(BitwiseXor()),
    "BitwiseNot": one { try $0.builder.wrapped($0.builder.apply(BitwiseNot(), $0.input(0))) },
    "BitShift": one { context in
      let x = try context.input(0)
      guard let (bits, isSigned) = x.type.integer else {
        throw ModelError.invalid("moves the bits of integers, not of \(x.type)")
      }
      let direction = try context.text("direction", default: "")
      guard direction == "LEFT" || direction == "RIGHT" else {
        throw ModelError.invalid("attribute direction must be LEFT or RIGHT")
      }
      let shift = BitShift(isLeft: direction == "LEFT", bits: bits, isSigned: isSigned)
      return try context.builder.apply(shift, x, context.input(1))
    },
  ]

  /// A number times itself is a square, whose moments and bounds are those of no other product.
  private static func product(_ context: NodeContext) throws -> Operand {
    let (a, b) = try (context.input(0), context.broadcast(1))
    if a.isReal, context.builder.areSame(a, b) { return try context.builder.power(a, 2) }
    return try context.builder.multiply(a, b)
  }

  private static func judge(_ op: some Operator) -> Rule {
    one { try $0.builder.apply(op, $0.input(0), $0.broadcast(1), as: .bool) }
  }

  /// All inputs combined one after another, with broadcasting.
  private static func reduced(
    _ context: NodeContext, _ combine: (Builder, Operand, Operand) throws -> Operand
  ) throws -> Operand {
    let inputs = try context.allInputs()
    guard var result = inputs.first else { throw ModelError.invalid("has no inputs") }
    for input in inputs.dropFirst() { result = try combine(context.builder, result, input) }
    return result
  }

  /// The power has the type of the base; a known integer exponent of a real base is exact.
  private static func pow(_ context: NodeContext) throws -> Operand {
    let (builder, x, exponent) = (context.builder, try context.input(0), try context.broadcast(1))
    if x.isReal {
      if let number = exponent.contents?.doubles.first, exponent.count == 1,
        x.shape.broadcast(with: exponent.shape) == x.shape
      {
        return try builder.root(of: x, exponent: number)
      }
      return try builder.apply(Pow(), x, builder.cast(exponent, to: x.type))
    }
    if exponent.isReal {
      let power = try builder.apply(Pow(), builder.cast(x, to: exponent.type), exponent)
      return try builder.cast(power, to: x.type)
    }
    return try builder.wrapped(builder.apply(Pow(), x, exponent))
  }

  private static func mod(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let isFmod = try context.flag("fmod")
    return try builder.wrapped(builder.apply(Mod(isFmod: isFmod), x, context.input(1)))
  }
}

extension Builder {
  /// `x` repeated to the shape that it has together with another operand.
  func expanded(_ x: Operand, with other: Operand) throws -> Operand {
    guard let shape = x.shape.broadcast(with: other.shape) else {
      throw ModelError.invalid("the shapes \(x.shape) and \(other.shape) do not broadcast")
    }
    return try expand(x, shape.extents)
  }
}
