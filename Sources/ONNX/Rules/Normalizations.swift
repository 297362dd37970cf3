import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Operators that bring values to mean 0 and variance 1.
  static let normalizations: [String: Rule] = [
    "BatchNormalization": { try batchNormalization($0).map(Item.tensor) },
    "LayerNormalization": { try layerNormalization($0).map(Item.tensor) },
    "RMSNormalization": one { context in
      let x = try context.input(0)
      let axis = try context.axis(context.integer("axis", default: -1), rank: x.rank)
      return try context.builder.rmsNormalization(
        x, scale: context.input(1), axis: axis, epsilon: context.epsilon())
    },
    "InstanceNormalization": one(instanceNormalization),
    "GroupNormalization": one(groupNormalization),
    "LRN": one(localResponse),
    "MeanVarianceNormalization": one { context in
      let x = try context.input(0)
      let axes = try context.axes(context.integers("axes") ?? [0, 2, 3], rank: x.rank)
      let builder = context.builder
      let centred = try builder.subtract(x, builder.mean(x, axes))
      let variance = try builder.mean(builder.power(centred, 2), axes)
      let deviation = try builder.apply(Sqrt(), variance)
      return try builder.divide(centred, builder.add(deviation, 1e-9))
    },
  ]

  /// By the statistics of the batch in training, else by those that are given.
  private static func batchNormalization(_ context: NodeContext) throws -> [Operand] {
    let (builder, x) = (context.builder, try context.input(0))
    let epsilon = try context.epsilon()
    let parameters = try (1...4).map { try builder.cast(context.input($0), to: x.type) }
    guard x.rank >= 2, parameters.allSatisfy({ $0.count == x.shape[1] }) else {
      throw ModelError.invalid("the parameters do not fit the channels of \(x.shape)")
    }
    let flat = try parameters.map { try builder.reshape($0, [x.shape[1]]) }
    // Until version 14 the number of outputs said which mode is meant.
    let stated = try context.flag("training_mode")
    let isTest = try context.flag("is_test")
    let isTraining =
      stated || context.importer.options.isTraining
      || (context.opset < 14 && !isTest
        && (1..<context.outputCount).contains { context.wantsOutput($0) })
    guard isTraining else {
      let op = BatchNormalization(isTraining: false, epsilon: epsilon)
      return try builder.append(op, to: [x] + flat)
    }
    let result = try builder.append(
      BatchNormalization(isTraining: true, epsilon: epsilon), to: [x, flat[0], flat[1]])[0]
    guard context.outputCount > 1 else { return [result] }
    let momentum = try context.decimal("momentum", default: 0.9)
    let axes = (0..<x.rank).filter { $0 != 1 }
    let mean = try builder.mean(x, axes, keepsAxes: true)
    let centred = try builder.subtract(x, mean)
    let variance = try builder.mean(builder.power(centred, 2), axes, keepsAxes: false)
    func running(_ old: Operand, _ new: Operand) throws -> Operand {
      try builder.add(
        builder.multiply(old, momentum),
        builder.multiply(builder.reshape(new, [x.shape[1]]), 1 - momentum))
    }
    let outputs = [result, try running(flat[2], mean), try running(flat[3], variance)]
    // Until version 14 the statistics of the batch followed.
    return try outputs + [builder.reshape(mean, [x.shape[1]]), variance]
  }

  private static func layerNormalization(_ context: NodeContext) throws -> [Operand] {
    let (builder, x) = (context.builder, try context.input(0))
    let axis = try context.axis(context.integer("axis", default: -1), rank: x.rank)
    let epsilon = try context.epsilon()
    let result = try builder.layerNormalization(
      x, scale: context.optional(1), bias: context.optional(2), axis: axis, epsilon: epsilon)
    guard context.outputCount > 1 else { return [result] }
    // Outputs that training keeps: mean and 1 / standard deviation.
    let axes = Array(axis..<x.rank)
    let mean = try builder.mean(x, axes)
    let centred = try builder.subtract(x, mean)
    let variance = try builder.mean(builder.power(centred, 2), axes)
    let deviation = try builder.apply(Sqrt(), builder.add(variance, epsilon))
    return [result, mean, try builder.apply(Reciprocal(), deviation)]
  }

  /// Every channel of every sample is normalised by itself.
  private static func instanceNormalization(_ context: NodeContext) throws -> Operand {
    let x = try context.input(0)
    guard x.rank >= 2 else { throw ModelError.invalid("takes [N, C, …], not \(x.shape)") }
    return try context.builder.groupNormalization(
      x, groups: x.shape[1], scale: context.input(1), bias: context.input(2),
      epsilon: context.epsilon())
  }

  /// Groups of channels; before version 21 scale and bias were those of groups.
  private static func groupNormalization(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let groups = try context.integer("num_groups")
    guard x.rank >= 2, groups > 0, x.shape[1] % groups == 0 else {
      throw ModelError.invalid("\(groups) groups do not divide the channels of \(x.shape)")
    }
    func perChannel(_ parameter: Operand) throws -> Operand {
      guard parameter.count == groups, groups != x.shape[1] else { return parameter }
      let width = x.shape[1] / groups
      let rows = try builder.expand(builder.reshape(parameter, [groups, 1]), [groups, width])
      return try builder.reshape(rows, [x.shape[1]])
    }
    return try builder.groupNormalization(
      x, groups: groups, scale: perChannel(context.input(1)), bias: perChannel(context.input(2)),
      epsilon: context.epsilon())
  }

  /// `x / (bias + alpha / size · Σ x²)^beta` over neighbouring channels.
  private static func localResponse(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let size = try context.integer("size")
    guard x.rank >= 2, size > 0 else { throw ModelError.invalid("size must be above 0") }
    let channels = x.shape[1]
    let (below, above) = ((size - 1) / 2, size / 2)
    try Limits.room(for: channels, channels, of: "which channels are neighbours")
    let neighbours = (0..<channels * channels).map { place -> Double in
      let distance = place % channels - place / channels
      return distance >= -below && distance <= above ? 1 : 0
    }
    let matrix = builder.constant(neighbours, x.type, shape: [channels, channels])
    let sum = try builder.product(matrix, alongAxis: 1, of: builder.power(x, 2))
    let alpha = try context.decimal("alpha", default: 0.0001) / Double(size)
    let base = try builder.add(
      builder.multiply(sum, alpha), context.decimal("bias", default: 1))
    return try builder.divide(x, builder.power(base, context.decimal("beta", default: 0.75)))
  }
}

extension Builder {
  private func ones(_ x: Operand, _ extents: some Sequence<Int>) throws -> Operand {
    try expand(scalar(1, x.type), Array(extents))
  }

  func layerNormalization(
    _ x: Operand, scale: Operand?, bias: Operand?, axis: Int, epsilon: Double
  ) throws -> Operand {
    let extents = Array(x.shape.extents[axis...])
    func fits(_ parameter: Operand) -> Bool { parameter.shape.extents == extents }
    let own = try scale.flatMap { fits($0) ? $0 : nil } ?? ones(x, extents)
    var operands = [x, try cast(own, to: x.type)]
    if let bias, fits(bias), scale.map(fits) ?? true {
      operands.append(try cast(bias, to: x.type))
    }
    var result = try append(LayerNormalization(axis: axis, epsilon: epsilon), to: operands)[0]
    // Parameters of another shape are broadcast.
    if let scale, !fits(scale) { result = try multiply(result, cast(scale, to: x.type)) }
    if let bias, operands.count == 2 { result = try add(result, cast(bias, to: x.type)) }
    return result
  }

  func rmsNormalization(
    _ x: Operand, scale: Operand?, axis: Int, epsilon: Double
  ) throws -> Operand {
    let extents = Array(x.shape.extents[axis...])
    let fits = scale.map { $0.shape.extents == extents } ?? false
    let own = try fits ? scale ?? x : ones(x, extents)
    let result = try apply(
      RMSNormalization(axis: axis, epsilon: epsilon), x, cast(own, to: x.type))
    guard let scale, !fits else { return result }
    return try multiply(result, cast(scale, to: x.type))
  }

  /// Layer normalisation of groups of channels, then scale and bias of every channel.
  func groupNormalization(
    _ x: Operand, groups: Int, scale: Operand, bias: Operand, epsilon: Double
  ) throws -> Operand {
    let channels = x.shape[1]
    guard scale.count == channels, bias.count == channels else {
      throw ModelError.invalid("scale \(scale.shape) and bias \(bias.shape) do not fit \(x.shape)")
    }
    // Channels and places stay axes of their own, for a rule needs to tell them apart.
    let places = x.shape.extents.dropFirst(2).reduce(1, *)
    let rows = try reshape(x, [x.shape[0], groups, channels / groups, places])
    let normal = try layerNormalization(rows, scale: nil, bias: nil, axis: 2, epsilon: epsilon)
    let own = [1, channels] + (x.rank - 2).zeros.map { _ in 1 }
    return try add(
      multiply(
        reshape(normal, x.shape.extents), reshape(cast(scale, to: x.type), own)),
      reshape(cast(bias, to: x.type), own))
  }
}
