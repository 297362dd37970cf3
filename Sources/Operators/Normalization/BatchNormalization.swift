public import Numbers
public import Semantics
public import Tensors

/// Batch normalisation (Ioffe and Szegedy 2015) of every channel of [N, C, …].
///
/// In training the operands are x, scale [C] and bias [C], and the statistics are those of the
/// batch, the variance being the biased one. Otherwise mean [C] and variance [C] follow.
public struct BatchNormalization: Normalization {
  public static let name = "BatchNormalization"

  public let form: NormalizationForm
  /// Whether the statistics are taken from the batch.
  public let isTraining: Bool

  public init(isTraining: Bool, epsilon: Double = 1e-5) {
    form = NormalizationForm(.batch, epsilon: epsilon)
    self.isTraining = isTraining
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("epsilon", "training", in: Self.name)
    form = try NormalizationForm(.batch, attributes: attributes, in: Self.name)
    isTraining = try Self.flag("training", of: attributes)
  }

  public var attributes: Attributes {
    var attributes = form.attributes
    attributes["training"] = .integer(isTraining ? 1 : 0)
    return attributes
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try normalizedTypes(of: operands, counts: isTraining ? 3...3 : 5...5)
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    if isTraining { return normalize(operands, into: results[0], T.self) }
    let layout = form.layout(operands[0].shape)
    let x = operands[0].elements(as: T.self)
    let (scale, bias) = (operands[1].elements(as: T.self), operands[2].elements(as: T.self))
    let (mean, variance) = (operands[3].elements(as: T.self), operands[4].elements(as: T.self))
    let y = results[0].elements(as: T.self)
    for channel in 0..<layout.groups {
      let factor = scale[channel] / (variance[channel] + T(form.epsilon)).squareRoot()
      layout.forEach(channel) { i, k in y[i] = (x[i] - mean[k]) * factor + bias[k] }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    if isTraining { return try normalizationGradient(of: cotangents, at: node, in: &graph) }
    guard let cotangent = cotangents[0] else { return node.operands.map { _ in nil } }
    let shape = graph.type(of: node.operands[0]).shape
    let channels = [shape[1]] + Array(repeating: 1, count: shape.rank - 2)
    func column(_ value: Value) throws(OperatorError) -> Value {
      try graph.reshaped(value, to: channels)
    }
    func total(_ value: Value) throws(OperatorError) -> Value {
      try graph.reshaped(try graph.summed(value, to: Shape(channels)), to: [shape[1]])
    }
    let (scale, mean, variance) = (node.operands[1], node.operands[3], node.operands[4])
    let shifted = try graph.apply(Add(), variance, graph.apply(Constant(form.epsilon)))
    let factor = try graph.apply(Reciprocal(), graph.apply(Sqrt(), shifted))
    let normalized = try graph.apply(
      Mul(), graph.apply(Sub(), node.operands[0], column(mean)), column(factor))
    let dbias = try total(cotangent)
    let dscale = try total(try graph.apply(Mul(), cotangent, normalized))
    let slope = try graph.apply(Mul(), scale, factor)
    // y depends on the variance as scale · x̂ does, whose derivative is −x̂ / 2(variance + ε).
    let half = try graph.apply(
      Mul(), graph.apply(Mul(), dscale, scale), graph.apply(Constant(-0.5)))
    return [
      try graph.apply(Mul(), cotangent, column(slope)), dscale, dbias,
      try graph.apply(Neg(), graph.apply(Mul(), dbias, slope)),
      try graph.apply(Div(), half, shifted),
    ]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    if isTraining {
      let normalized = form.normalized(operands[0], in: signature.operands[0].shape)
      return [.sum(.product(normalized, operands[1]), operands[2])]
    }
    let (x, mean, variance) = (operands[0], operands[3], operands[4])
    guard variance.mean + form.epsilon > 0 else {
      return [.unknown("the variance of the running statistics is not known to be positive")]
    }
    var centred = Moments.sum(x, mean.scaled(by: -1))
    centred = centred.scaled(by: 1 / (variance.mean + form.epsilon).squareRoot())
    var result = Moments.sum(.product(centred, operands[1]), operands[2])
    if variance.variance > 0 { result.basis = max(result.basis, .firstOrder) }
    return [result]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let layout = form.layout(shape)
    var intervals = Array(repeating: Interval(0), count: shape.count)
    for channel in 0..<layout.groups {
      var elements: [Interval] = []
      if isTraining {
        elements = layout.normalized(operands[0].intervals, channel, form).elements.reversed()
      }
      layout.forEach(channel) { i, k in
        let normalized =
          isTraining
          ? elements.removeLast()
          : (operands[0].intervals[i] - operands[3].intervals[k]) * factor(operands[4].intervals[k])
        intervals[i] = normalized * operands[1].intervals[k] + operands[2].intervals[k]
      }
    }
    return [Bounds(intervals, shape: shape)]
  }

  /// 1/√(variance + ε) over the variances for which it is defined.
  private func factor(_ variance: Interval) -> Interval {
    let shifted = variance + Interval(form.epsilon)
    let upper = 1 / max(shifted.lower, 0).squareRoot()
    return Interval(min(1 / max(shifted.upper, 0).squareRoot(), upper), upper).widened(ulps: 4)
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    if isTraining { return trainingHazards(for: operands, in: signature, format: format) }
    guard let members = operands.members(in: format), let variance = members[4].intervals.first
    else { return [] }
    var hazards: [Hazard] = []
    if Float(variance.lower) + Float(form.epsilon) < 0 {
      hazards.append(
        Hazard(
          .undefined, "a variance below -epsilon has no square root.",
          witness: members.prefix(4).map(\.nearestToZero) + [members[4].tensor(\.lower)]))
    }
    // The greatest deviation, scale and bias, over the smallest admissible variance.
    let witness = [
      members[0].tensor(\.upper), members[1].tensor(\.upper), members[2].tensor(\.upper),
      members[3].tensor(\.lower), members[4].nearestToZero,
    ]
    return hazards
      + overflowHazard(
        witness, in: signature, format: format,
        "deviations from the running mean, scaled, are too great for \(format.name).")
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    if isTraining {
      return trainingCause(ofElement: element, operands: operands)
    }
    let channel = form.layout(operands[0].shape).group(of: element)
    let places =
      [Place(operand: 0, element: element)] + (1...4).map { Place(operand: $0, element: channel) }
    if let cause = Cause.passedOn(places, of: operands) { return cause }
    let shifted = operands[4].double(at: channel) + form.epsilon
    if shifted < 0 {
      return .produced(
        .squareRootOfNegative,
        explanation: "the variance of channel \(channel) + ε is \(shifted.told)")
    }
    if shifted == 0 {
      return .produced(
        .divisionByZero, explanation: "the variance of channel \(channel) + ε is 0")
    }
    return .produced(
      .overflowOfProduct, explanation: "the scaled deviation of channel \(channel) overflows")
  }
}
