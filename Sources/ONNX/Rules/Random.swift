import Numbers
import ONNXMessages
import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Random numbers, drawn once when a model is read and from the node's seed or its name.
  static let random: [String: Rule] = [
    "RandomNormal": one { try draw($0, nil, isNormal: true) },
    "RandomUniform": one { try draw($0, nil, isNormal: false) },
    "RandomNormalLike": one { try draw($0, $0.input(0), isNormal: true) },
    "RandomUniformLike": one { try draw($0, $0.input(0), isNormal: false) },
    "Bernoulli": one(bernoulli),
    "Multinomial": one(multinomial),
    "Dropout": { try dropout($0).map(Item.tensor) },
  ]

  private static func draw(
    _ context: NodeContext, _ like: Operand?, isNormal: Bool
  ) throws -> Operand {
    let shape = try like?.shape ?? Limits.shape(context.integers("shape") ?? [], of: "the result")
    let type = try context.dataType("dtype", default: like?.type ?? .float)
    guard type.kind == .real else { throw ModelError.invalid("draws reals, not \(type)") }
    let (first, second) =
      try
      (isNormal
      ? (context.real("mean", default: 0), context.real("scale", default: 1))
      : (context.real("low", default: 0), context.real("high", default: 1)))
    guard first.isFinite, second.isFinite, isNormal ? second >= 0 : first <= second else {
      throw ModelError.invalid("cannot draw between \(first) and \(second)")
    }
    try Limits.room(for: shape.count, of: "random numbers")
    let tensor = Tensor(zeros: shape, .float64)
    let elements = tensor.elements(as: Double.self)
    let stream = try context.stream
    if isNormal {
      elements.fillNormal(from: stream, mean: first, deviation: second)
    } else {
      guard first < second else {
        return try context.builder.expand(context.builder.scalar(first, type), shape.extents)
      }
      elements.fillUniform(from: stream, low: first, high: second)
    }
    return context.builder.constant(tensor, type)
  }

  /// 1 with the probability that every element is.
  private static func bernoulli(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    try Limits.room(for: x.count, of: "random numbers")
    let draws = Tensor(zeros: x.shape, .float64)
    let stream = try context.stream
    draws.elements(as: Double.self).fillUniform(from: stream)
    let isBelow = try builder.apply(Less(), builder.constant(draws, x.type), x, as: .bool)
    return try builder.cast(isBelow, to: context.dataType("dtype", default: x.type))
  }

  /// Classes drawn with the probabilities that rows of logarithms have.
  private static func multinomial(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    guard x.rank == 2, x.shape[1] > 0 else {
      throw ModelError.invalid("takes [N, classes], not \(x.shape)")
    }
    let samples = try context.integer("sample_size", default: 1)
    let type = try context.dataType("dtype", default: .int32)
    _ = try Limits.shape([x.shape[0], samples, x.shape[1]], of: "the draws")
    try Limits.room(for: x.shape[0], samples, of: "random numbers")
    let draws = Tensor(zeros: [x.shape[0], samples, 1], .float64)
    let stream = try context.stream
    draws.elements(as: Double.self).fillUniform(from: stream)
    // The class whose cumulated probability is the first above the draw.
    let probabilities = try builder.apply(Softmax(axis: 1), x)
    let cumulated = try builder.apply(
      CumulativeSum(axis: 1, exclusive: false, reverse: false), probabilities)
    let below = try builder.apply(
      LessOrEqual(), builder.unsqueeze(cumulated, [1]), builder.constant(draws, x.type), as: .bool)
    let count = try builder.sum(
      builder.cast(below, to: .int64), [2], keepsAxes: false)
    let last = builder.scalar(Double(x.shape[1] - 1), .int64)
    return try builder.cast(builder.apply(Min(), count, last), to: type)
  }

  /// The operand itself, or in training with elements left out, and which were kept.
  private static func dropout(_ context: NodeContext) throws -> [Operand] {
    let (builder, x) = (context.builder, try context.input(0))
    let ratio =
      try context.opset < 12
      ? context.decimal("ratio", default: 0.5)
      : context.reals(ofInput: 1)?.first.map { Double("\(Float($0))") ?? $0 } ?? 0.5
    // An explicit mode is obeyed; without one the caller decides.
    let isTraining =
      try (context.opset >= 12 ? context.optional(2) : nil).map {
        try builder.known($0).doubles.first != 0
      }
      ?? context.importer.options.isTraining
    // Before version 10 the mask has the type of the operand.
    let maskType: DataType = context.opset < 10 ? x.type : .bool
    let ones = try builder.expand(builder.scalar(1, maskType), x.shape.extents)
    guard isTraining, ratio != 0 else { return [x, ones] }
    guard ratio >= 0, ratio < 1 else { throw ModelError.invalid("ratio \(ratio) is not in [0, 1)") }
    let op = Dropout(ratio: ratio, isTraining: true, seed: try context.seed)
    guard context.outputCount > 1 else { return [try builder.apply(op, x)] }
    let mask = try builder.apply(op, builder.expand(builder.scalar(1, x.type), x.shape.extents))
    return [try builder.multiply(x, mask), try builder.cast(mask, to: maskType)]
  }
}

extension NodeContext {
  /// A seed from the attribute, or from the name of the node.
  var seed: Int {
    get throws {
      let isWhole = attribute("seed").map { $0.type == .int } ?? false
      let stated = try isWhole ? Double(wideInteger("seed")) : real("seed", default: 0)
      let text = hasAttribute("seed") ? "\(stated)" : identity
      // FNV-1a.
      let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01b3
      }
      return Int(hash >> 1)
    }
  }

  var stream: RandomStream {
    get throws { RandomStream(seed: UInt64(try seed), name: "ONNX") }
  }
}
