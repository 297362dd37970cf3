import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Losses of classes.
  static let losses: [String: Rule] = [
    "NegativeLogLikelihoodLoss": one { context in
      try likelihoodLoss(
        context, context.input(0), labels: context.input(1), weight: context.optional(2))
    },
    "SoftmaxCrossEntropyLoss": { context in
      let x = try context.input(0)
      guard x.rank >= 2 else { throw ModelError.invalid("takes [N, C, …], not \(x.shape)") }
      let logs = try context.builder.apply(LogSoftmax(axis: 1), x)
      let loss = try likelihoodLoss(
        context, logs, labels: context.input(1), weight: context.optional(2))
      return [.tensor(loss), .tensor(logs)]
    },
  ]

  /// `−weight[label] · logs[label]`, and their sum or weighted mean.
  ///
  /// Nothing of an ignored label is read, and nothing flows back to it.
  private static func likelihoodLoss(
    _ context: NodeContext, _ logs: Operand, labels: Operand, weight: Operand?
  ) throws -> Operand {
    let builder = context.builder
    let expected = [logs.shape[0]] + logs.shape.extents.dropFirst(2)
    guard logs.rank >= 2, labels.shape.extents == expected, labels.kind == .integer else {
      throw ModelError.invalid("labels \(labels.shape) do not fit \(logs.shape)")
    }
    let classes = logs.shape[1]
    let ignored =
      context.hasAttribute("ignore_index") ? try context.wideInteger("ignore_index") : nil
    let zero = builder.scalar(0, logs.type)
    var ignorance: Operand?
    var own = try builder.cast(labels, to: .int64)
    if let ignored {
      let isIgnored = try builder.apply(
        Equal(), own, builder.integers([ignored], shape: .scalar), as: .bool)
      own = try builder.choose(isIgnored, builder.scalar(0, .int64), own)
      ignorance = isIgnored
    }
    own = try builder.wrapped(own, extent: classes)
    let places = try builder.flatPlaces(
      of: builder.unsqueeze(own, [1]), along: 1, in: logs.shape)
    var factor = try ignorance.map {
      try builder.cast(builder.apply(Not(), $0, as: .bool), to: logs.type)
    }
    if let weight {
      guard weight.shape == [classes] else {
        throw ModelError.invalid("weights \(weight.shape) do not fit \(classes) classes")
      }
      let chosen = try builder.take(weight, own)
      factor = try ignorance.map { try builder.choose($0, zero, chosen) } ?? chosen
    }
    let loss = try builder.negate(
      builder.reshape(builder.take(logs, places), labels.shape.extents))
    func counted() throws -> Operand {
      let weighted =
        try weight == nil ? loss : factor.map { try builder.multiply(loss, $0) } ?? loss
      return try ignorance.map { try builder.choose($0, zero, weighted) } ?? weighted
    }
    let axes = Array(0..<loss.rank)
    switch try context.text("reduction", default: "mean") {
    case "none": return try counted()
    case "sum": return try builder.sum(counted(), axes, keepsAxes: false)
    case "mean":
      guard let factor else { return try builder.mean(loss, axes, keepsAxes: false) }
      return try builder.apply(WeightedMean(), loss, factor)
    case let text:
      throw ModelError.invalid("attribute reduction has the unknown value \(text.quotedName)")
    }
  }
}
