import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Operators of the domain com.microsoft, which exporters and optimisers write.
  static let contributed: [String: Rule] = [
    "Gelu": map(Gelu()),
    "FastGelu": one { context in
      try context.builder.apply(Gelu(approximate: .tanh), biased(context))
    },
    "BiasGelu": one { try $0.builder.apply(Gelu(), biased($0)) },
    "QuickGelu": one {
      try $0.builder.swish($0.input(0), alpha: $0.decimal("alpha", default: 1.702))
    },
    "FusedMatMul": one(fusedMatMul),
    "FusedGemm": one { context in
      guard let rule = rule("", "Gemm"), case .tensor(let product) = try rule(context)[0] else {
        throw ModelError.invalid("is no product")
      }
      return try activated(context, product)
    },
    "FusedConv": one { context in
      guard let rule = rule("", "Conv"), case .tensor(var result) = try rule(context)[0] else {
        throw ModelError.invalid("is no convolution")
      }
      if let other = try context.optional(3) { result = try context.builder.add(result, other) }
      return try activated(context, result)
    },
    "LayerNormalization": { context in
      guard let rule = rule("", "LayerNormalization") else { return [] }
      return try rule(context)
    },
    "SimplifiedLayerNormalization": one { context in
      let x = try context.input(0)
      let axis = try context.axis(context.integer("axis", default: -1), rank: x.rank)
      return try context.builder.rmsNormalization(
        x, scale: context.input(1), axis: axis, epsilon: context.epsilon())
    },
    "SkipLayerNormalization": { try skipped($0, isCentred: true) },
    "SkipSimplifiedLayerNormalization": { try skipped($0, isCentred: false) },
    "Attention": { [.tensor(try packedAttention($0))] },
    "MultiHeadAttention": { [.tensor(try multiHeadAttention($0))] },
    "RotaryEmbedding": one(rotaryEmbedding),
    "DynamicQuantizeLSTM": { try quantizedLSTM($0).map(Item.tensor) },
  ]

  /// The first input with a bias, if there is one.
  private static func biased(_ context: NodeContext) throws -> Operand {
    let x = try context.input(0)
    return try context.optional(1).map { try context.builder.add(x, $0) } ?? x
  }

  private static func activated(_ context: NodeContext, _ x: Operand) throws -> Operand {
    let name = try context.text("activation", default: "")
    let parameters = context.reals("activation_params") ?? []
    let alpha = try parameters.first ?? context.decimal("activation_alpha", default: 0.01)
    let op: any Operator
    switch name {
    case "": return x
    case "Relu": op = Relu()
    case "Tanh": op = Tanh()
    case "Sigmoid": op = Sigmoid()
    case "LeakyRelu": op = LeakyRelu(alpha: alpha)
    case "Clip":
      return try context.builder.clip(x, parameters.first, parameters.dropFirst().first)
    case "HardSigmoid":
      op = HardSigmoid(alpha: alpha, beta: parameters.dropFirst().first ?? 0.5)
    default: throw ModelError.unsupported("the fused activation \(name.quotedName)")
    }
    return try context.builder.apply(op, x)
  }

  private static func fusedMatMul(_ context: NodeContext) throws -> Operand {
    let builder = context.builder
    guard try !context.flag("transBatchA"), try !context.flag("transBatchB") else {
      throw ModelError.unsupported("transBatchA and transBatchB")
    }
    let op = MatMul(
      isLeftTransposed: try context.flag("transA"), isRightTransposed: try context.flag("transB"))
    let product = try builder.apply(op, context.input(0), context.input(1))
    return try builder.multiply(product, context.decimal("alpha", default: 1))
  }

  /// Normalisation of a sum; the sum itself is the fourth output.
  private static func skipped(_ context: NodeContext, isCentred: Bool) throws -> [Item] {
    let (builder, x) = (context.builder, try context.input(0))
    var sum = try builder.add(x, context.input(1))
    if let bias = try context.optional(isCentred ? 4 : 3) { sum = try builder.add(sum, bias) }
    let epsilon = try context.epsilon(default: 1e-12)
    let axis = x.rank - 1
    let result =
      try isCentred
      ? builder.layerNormalization(
        sum, scale: context.input(2), bias: context.optional(3), axis: axis, epsilon: epsilon)
      : builder.rmsNormalization(sum, scale: context.input(2), axis: axis, epsilon: epsilon)
    guard context.outputCount > 1 else { return [.tensor(result)] }
    let mean = try builder.mean(sum, [axis])
    let centred = try builder.subtract(sum, mean)
    let variance = try builder.mean(builder.multiply(centred, centred), [axis])
    let inverse = try builder.apply(
      Reciprocal(), builder.apply(Sqrt(), builder.add(variance, epsilon)))
    return [result, mean, inverse, sum].map(Item.tensor)
  }

  // MARK: Attention

  /// Queries, keys and values by one matrix [D, 3 · H · d].
  private static func packedAttention(_ context: NodeContext) throws -> Operand {
    let (builder, x, weight) = (context.builder, try context.input(0), try context.input(1))
    let heads = try context.integer("num_heads")
    for number in [4, 6] where context.has(number) {
      throw ModelError.unsupported("a past of the keys in this operator")
    }
    var product = try builder.product(x, weight)
    if let bias = try context.optional(2) { product = try builder.add(product, bias) }
    guard product.rank == 3, let width = product.shape.extents.last else {
      throw ModelError.invalid("takes [N, T, D], not \(x.shape)")
    }
    let sizes = try context.integers("qkv_hidden_sizes") ?? [width / 3, width / 3, width / 3]
    guard sizes.count == 3, sizes.reduce(0, +) == width, sizes.allSatisfy({ $0 > 0 }) else {
      throw ModelError.invalid("the weights \(weight.shape) do not hold q, k and v")
    }
    let parts = try builder.split(product, axis: 2, sizes)
    return try dotProducts(
      context, parts, heads, keyMask: context.optional(3), bias: context.optional(5),
      isCausal: context.flag("unidirectional"))
  }

  private static func multiHeadAttention(_ context: NodeContext) throws -> Operand {
    let builder = context.builder
    guard context.has(1), context.has(2), !context.has(6), !context.has(7) else {
      throw ModelError.unsupported("packed queries, keys and values, or a past of them")
    }
    var parts = try [context.input(0), context.input(1), context.input(2)]
    guard parts.allSatisfy({ $0.rank == 3 }) else {
      throw ModelError.unsupported("queries, keys and values of other than three axes")
    }
    if let bias = try context.optional(3) {
      let sizes = parts.map { $0.shape[2] }
      guard bias.shape == [sizes.reduce(0, +)] else {
        throw ModelError.invalid("the bias \(bias.shape) does not fit q, k and v")
      }
      parts = try zip(parts, builder.split(bias, axis: 0, sizes)).map { try builder.add($0, $1) }
    }
    return try dotProducts(
      context, parts, context.integer("num_heads"), keyMask: context.optional(4),
      bias: context.optional(5), isCausal: context.flag("unidirectional"))
  }

  /// Masks hold 1 for keys that are seen, for every sample or every query of it.
  private static func dotProducts(
    _ context: NodeContext, _ parts: [Operand], _ heads: Int, keyMask: Operand?, bias: Operand?,
    isCausal: Bool
  ) throws -> Operand {
    let builder = context.builder
    var attention = AttentionRule(isCausal: isCausal)
    let scale = try context.real("scale", default: 0)
    if scale != 0 { attention.scale = scale }
    attention.mask = bias
    if let keyMask {
      let seen = try builder.cast(keyMask, to: .bool)
      switch keyMask.rank {
      case 1 where keyMask.count == parts[0].shape[0]: attention.validKeys = keyMask
      case 2: attention.mask = try builder.unsqueeze(seen, [1, 2])
      case 3: attention.mask = try builder.unsqueeze(seen, [1])
      case 4: attention.mask = seen
      default: throw ModelError.unsupported("a mask of shape \(keyMask.shape)")
      }
      if let bias, let mask = attention.mask {
        attention.mask = try builder.choose(
          mask, bias, builder.scalar(-.infinity, bias.type))
      }
    }
    let own = try parts.map { try builder.heads($0, heads) }
    return try builder.joined(attention.apply(own[0], own[1], own[2], builder).result)
  }
}
