import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Reals as integers with a scale and a zero point, and products of such integers.
  static let quantization: [String: Rule] = [
    "QuantizeLinear": one(quantize),
    "DequantizeLinear": one(dequantize),
    "DynamicQuantizeLinear": {
      try dynamicQuantize($0.input(0), $0.builder).map(Item.tensor)
    },
    "MatMulInteger": one { context in
      let builder = context.builder
      let a = try centred(context, 0, zeroPoint: 2, isRow: true)
      let b = try centred(context, 1, zeroPoint: 3, isRow: false)
      return try builder.cast(builder.product(a, b), to: .int32)
    },
    "QLinearMatMul": one(quantizedProduct),
    "ConvInteger": one { context in
      let x = try centred(context, 0, zeroPoint: 2, axis: nil)
      let w = try centred(context, 1, zeroPoint: 3, axis: 0)
      return try context.builder.cast(integerConvolution(context, x, w), to: .int32)
    },
    "QLinearConv": one(quantizedConvolution),
  ]

  // MARK: To and from integers

  private static func quantize(_ context: NodeContext) throws -> Operand {
    let (builder, x, scale) = (context.builder, try context.input(0), try context.input(1))
    let zero = try context.optional(2)
    let type = try zero?.type ?? context.dataType("output_dtype", default: .uint8)
    // Numbers are not divided in a type of scales.
    let own = scale.type == .float8E8M0 ? x.type : scale.type
    let precision =
      try context.integer("precision", default: 0) == 0
      ? own : context.dataType("precision", default: own)
    let divisor = try aligned(context, builder.cast(scale, to: precision), with: x)
    let quotient = try builder.divide(builder.cast(x, to: precision), divisor)
    if let format = type.format {
      let saturates = try context.flag("saturate", default: true)
      return try builder.cast(
        saturates
          ? builder.saturated(quotient, to: format)
          : builder.representable(quotient, in: format), to: type)
    }
    return try stored(
      quotient, zero.map { try aligned(context, $0, with: x) }, as: type, builder)
  }

  /// Rounded to even, moved by the zero point and held within the type.
  private static func stored(
    _ x: Operand, _ zero: Operand?, as type: DataType, _ builder: Builder
  ) throws -> Operand {
    guard let (bits, isSigned) = type.integer, bits <= 32 else {
      throw ModelError.invalid("quantises to integers of up to 32 bits, not to \(type)")
    }
    let low = isSigned ? -Double(1 << (bits - 1)) : 0
    let high = Double(1 << (isSigned ? bits - 1 : bits)) - 1
    // Far beyond what the type holds, so that the zero point still counts.
    let bounded = try builder.clip(x, -0x1p33, 0x1p33)
    var result = try builder.cast(builder.apply(Round(), bounded), to: .int64)
    if let zero { result = try builder.add(result, builder.cast(zero, to: .int64)) }
    result = try builder.apply(Max(), result, builder.scalar(low, .int64))
    return try builder.cast(
      builder.apply(Min(), result, builder.scalar(high, .int64)), to: type)
  }

  private static func dequantize(_ context: NodeContext) throws -> Operand {
    let (builder, x, scale) = (context.builder, try context.input(0), try context.input(1))
    let type =
      try context.integer("output_dtype", default: 0) == 0
      ? scale.type : context.dataType("output_dtype", default: scale.type)
    guard type != .float8E8M0 else {
      throw ModelError.invalid("scales of type \(type) need the attribute output_dtype")
    }
    var difference = x.isReal ? x : try builder.cast(x, to: .int64)
    if let zero = try context.optional(2), !x.isReal {
      difference = try builder.subtract(
        difference, builder.cast(aligned(context, zero, with: x), to: .int64))
    }
    let product = try builder.multiply(
      builder.cast(difference, to: .float),
      builder.cast(aligned(context, scale, with: x), to: .float))
    return try builder.cast(product, to: type)
  }

  /// A scale or zero point in a shape that broadcasts with x: one for all, for each place of an
  /// axis, or for each block of places.
  private static func aligned(
    _ context: NodeContext, _ parameter: Operand, with x: Operand
  ) throws -> Operand {
    let builder = context.builder
    if parameter.count == 1 { return try builder.reshape(parameter, []) }
    let axis = try context.axis(context.integer("axis", default: 1), rank: x.rank)
    let block = try context.integer("block_size", default: 0)
    if block > 0 {
      guard parameter.rank == x.rank,
        (x.shape[axis] + block - 1) / block == parameter.shape[axis],
        (0..<x.rank).allSatisfy({ $0 == axis || parameter.shape[$0] == x.shape[$0] })
      else { throw ModelError.invalid("blocks \(parameter.shape) do not fit \(x.shape)") }
      try Limits.room(for: x.shape[axis], of: "the blocks of an axis")
      return try builder.select(
        parameter, axis: axis, (0..<x.shape[axis]).map { $0 / block })
    }
    guard parameter.rank == 1, parameter.count == x.shape[axis] else {
      throw ModelError.invalid("\(parameter.shape) scales do not fit axis \(axis) of \(x.shape)")
    }
    var extents = [Int](repeating: 1, count: x.rank)
    extents[axis] = parameter.count
    return try builder.reshape(parameter, extents)
  }

  /// x in 256 steps from its least to its greatest element, of which one is 0: stored, the scale and the
  /// zero point.
  static func dynamicQuantize(_ x: Operand, _ builder: Builder) throws -> [Operand] {
    let zero = builder.scalar(0, x.type)
    let all = Array(0..<x.rank)
    let greatest = try builder.apply(
      Max(), builder.apply(ReduceMax(axes: all, keepsAxes: false), x), zero)
    let least = try builder.apply(
      Min(), builder.apply(ReduceMin(axes: all, keepsAxes: false), x), zero)
    let span = try builder.subtract(greatest, least)
    let isFlat = try builder.apply(Equal(), span, zero, as: .bool)
    let scale = try builder.divide(
      builder.choose(isFlat, builder.scalar(1, x.type), span), builder.scalar(255, x.type))
    let start = try builder.apply(
      Round(), builder.clip(builder.divide(builder.negate(least), scale), 0, 255))
    let point = try builder.cast(start, to: .uint8)
    return [try stored(builder.divide(x, scale), point, as: .uint8, builder), scale, point]
  }

  // MARK: Products

  /// An integer input less its zero point, one for all or for every row or column.
  private static func centred(
    _ context: NodeContext, _ number: Int, zeroPoint: Int, isRow: Bool
  ) throws -> Operand {
    let builder = context.builder
    let x = try builder.cast(context.input(number), to: .int64)
    guard let zero = try context.optional(zeroPoint) else { return x }
    var point = try builder.cast(zero, to: .int64)
    if point.count == 1 {
      point = try builder.reshape(point, [])
    } else if isRow, point.rank == 1 {
      point = try builder.unsqueeze(point, [1])
    }
    return try builder.subtract(x, point)
  }

  private static func centred(
    _ context: NodeContext, _ number: Int, zeroPoint: Int, axis: Int?
  ) throws -> Operand {
    let builder = context.builder
    let x = try builder.cast(context.input(number), to: .int64)
    guard let zero = try context.optional(zeroPoint) else { return x }
    var point = try builder.cast(zero, to: .int64)
    if point.count == 1 {
      point = try builder.reshape(point, [])
    } else {
      guard let axis, point.count == x.shape[axis] else {
        throw ModelError.invalid("zero points \(zero.shape) do not fit \(x.shape)")
      }
      var extents = [Int](repeating: 1, count: x.rank)
      extents[axis] = point.count
      point = try builder.reshape(point, extents)
    }
    return try builder.subtract(x, point)
  }

  /// Integers of up to nine bits convolved as reals, which is exact: of longer kernels the input is
  /// taken in two halves of its bits.
  private static func integerConvolution(
    _ context: NodeContext, _ x: Operand, _ weight: Operand
  ) throws -> Operand {
    let builder = context.builder
    let window = try WindowRule(context, x, kernel: Array(weight.shape.extents.dropFirst(2)))
    let groups = try context.integer("group", default: 1)
    let terms = weight.shape.extents.dropFirst().reduce(1, *)
    func convolve(_ part: Operand) throws -> Operand {
      try builder.cast(
        builder.convolve(
          builder.cast(part, to: .float), builder.cast(weight, to: .float), nil, window,
          groups: groups), to: .int64)
    }
    // |x|, |w| ≤ 255, so that sums of 256 products stay below 2^24.
    if terms <= 256 { return try convolve(x) }
    guard terms <= 4096 else {
      throw ModelError.unsupported("convolutions of integers with more than 4096 terms")
    }
    let low = try builder.apply(Mod(isFmod: false), x, builder.scalar(16, .int64))
    let high = try builder.divide(builder.subtract(x, low), builder.scalar(16, .int64))
    return try builder.add(builder.multiply(convolve(high), 16), convolve(low))
  }

  /// `y = round(sum · (a_scale · b_scale / y_scale)) + zero point`.
  private static func rescaled(
    _ sum: Operand, _ scales: (a: Operand, b: Operand, y: Operand), _ zero: Operand?,
    as type: DataType, _ builder: Builder
  ) throws -> Operand {
    let factor = try builder.divide(
      builder.multiply(builder.cast(scales.a, to: .float), builder.cast(scales.b, to: .float)),
      builder.cast(scales.y, to: .float))
    let product = try builder.multiply(builder.cast(sum, to: .float), factor)
    return try stored(product, zero, as: type, builder)
  }

  private static func quantizedProduct(_ context: NodeContext) throws -> Operand {
    let builder = context.builder
    func scale(_ number: Int, isRow: Bool) throws -> Operand {
      let scale = try context.input(number)
      if scale.count == 1 { return try builder.reshape(scale, []) }
      return try isRow && scale.rank == 1 ? builder.unsqueeze(scale, [1]) : scale
    }
    let a = try centred(context, 0, zeroPoint: 2, isRow: true)
    let b = try centred(context, 3, zeroPoint: 5, isRow: false)
    let zero = try context.optional(7)
    return try rescaled(
      builder.product(a, b),
      (scale(1, isRow: true), scale(4, isRow: false), scale(6, isRow: true)),
      zero.map { $0.count == 1 ? try builder.reshape($0, []) : $0 },
      as: zero?.type ?? context.input(0).type, builder)
  }

  private static func quantizedConvolution(_ context: NodeContext) throws -> Operand {
    let builder = context.builder
    let x = try centred(context, 0, zeroPoint: 2, axis: nil)
    let weight = try centred(context, 3, zeroPoint: 5, axis: 0)
    /// One for all, or one for every channel of the result.
    func perChannel(_ operand: Operand) throws -> Operand {
      try builder.reshape(
        operand,
        operand.count == 1
          ? [] : [1, operand.count] + (x.rank - 2).zeros.map { _ in 1 })
    }
    var sum = try integerConvolution(context, x, weight)
    if let bias = try context.optional(8) {
      sum = try builder.add(sum, perChannel(builder.cast(bias, to: .int64)))
    }
    let zero = try context.input(7)
    return try rescaled(
      sum,
      (perChannel(context.input(1)), perChannel(context.input(4)), perChannel(context.input(6))),
      perChannel(zero), as: zero.type, builder)
  }
}
