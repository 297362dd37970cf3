import ONNXMessages
import Operators
import RealModule
import Semantics
import Tensors

extension OperatorRules {
  /// Operators whose results are known when a model is read.
  static let constants: [String: Rule] = [
    "Constant": one(constant),
    "ConstantOfShape": one { context in
      let shape = Shape(try context.extents(ofInput: 0))
      guard let (tensor, type) = try context.tensor("value") else {
        return try context.builder.expand(context.builder.scalar(0), shape.extents)
      }
      guard tensor.count == 1 else { throw ModelError.invalid("value has more than one element") }
      return try context.builder.expand(
        context.builder.constant(tensor.reshaped(.scalar), type), shape.extents)
    },
    "Range": one(range),
  ]

  private static func constant(_ context: NodeContext) throws -> Operand {
    let builder = context.builder
    if let (tensor, type) = try context.tensor("value") {
      return context.isWeight && !tensor.isMask
        ? builder.parameter(context.identity, tensor, type) : builder.literal(tensor, type)
    }
    if context.hasAttribute("value_float") {
      return builder.scalar(MeantNumber.double(Float(try context.real("value_float", default: 0))))
    }
    if let numbers = context.reals("value_floats") { return builder.constant(numbers) }
    if context.hasAttribute("value_int") {
      return builder.integers([try context.wideInteger("value_int")], shape: .scalar)
    }
    if let numbers = try context.wideIntegers("value_ints") { return builder.integers(numbers) }
    if let sparse = try context.sparseTensor("sparse_value") {
      return builder.constant(sparse.tensor, sparse.type)
    }
    throw ModelError.unsupported("the constant is neither a tensor, nor numbers")
  }

  /// From a start in steps up to a limit, whose length must be known.
  private static func range(_ context: NodeContext) throws -> Operand {
    let builder = context.builder
    let type = try context.input(0).type
    if type.kind == .integer { return try integerRange(context, type) }
    let numbers = try (0..<3).map { number -> Double in
      guard let value = try context.reals(ofInput: number)?.first, value.isFinite else {
        throw ModelError.invalid("start, limit and delta must be finite numbers")
      }
      return value
    }
    guard numbers[2] != 0 else { throw ModelError.invalid("delta is 0") }
    let steps = max(0, ((numbers[1] - numbers[0]) / numbers[2]).rounded(.up))
    guard steps <= 0x1p31 else { throw ModelError.invalid("the range has \(steps) numbers") }
    let count = try Limits.shape([Int(steps)], of: "the range").count
    try Limits.room(for: count, of: "a range")
    return builder.constant((0..<count).map { numbers[0] + Double($0) * numbers[2] }, type)
  }

  /// A range of integers, whose distances need not be integers that fit.
  private static func integerRange(_ context: NodeContext, _ type: DataType) throws -> Operand {
    let numbers = try (0..<3).map { number -> Int in
      guard let value = try context.wideIntegers(ofInput: number)?.first else {
        throw ModelError.invalid("start, limit and delta must be numbers")
      }
      return value
    }
    let (start, limit, delta) = (numbers[0], numbers[1], numbers[2])
    guard delta != 0 else { throw ModelError.invalid("delta is 0") }
    guard delta > 0 ? start < limit : start > limit else {
      return context.builder.empty(type, [0])
    }
    let distance = UInt(bitPattern: delta > 0 ? limit &- start : start &- limit)
    let steps = (distance - 1) / delta.magnitude + 1
    guard steps <= UInt(Limits.integer) else {
      throw ModelError(
        .limitExceeded, "the range has \(steps) numbers", cure: "2^31 are the most")
    }
    let count = Int(steps)
    try Limits.room(for: count, of: "a range")
    return try context.builder.cast(
      context.builder.integers((0..<count).map { start &+ $0 &* delta }), to: type)
  }
}

extension NodeContext {
  func sparseTensor(_ name: String) throws -> (tensor: Tensor, type: DataType)? {
    guard let attribute = attribute(name), attribute.hasSparseTensor else { return nil }
    return try importer.dense(attribute.sparseTensor)
  }
}
