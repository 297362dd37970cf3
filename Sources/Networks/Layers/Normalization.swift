public import Semantics

/// A norm with a learned scale (and shift), which start at 1 and 0.
public struct NormalizationLayer: LayerKind {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Over all elements of a sample, or of a time step.
    case layer = "layer_norm"
    /// Over the batch (and the places), per channel, with the statistics of the batch.
    case batch = "batch_norm"
    /// As `layer`, without a mean and a shift.
    case rms = "rms_norm"
    /// Over groups of channels of a sample, and the places (Wu and He 2018).
    case group = "group_norm"
  }

  public var kind: Kind
  public var epsilon: Double
  /// Groups that the channels are divided into; of no use to other kinds than `group`.
  public var groups: Int

  public init(_ kind: Kind, epsilon: Double? = nil, groups: Int = 1) {
    self.kind = kind
    self.epsilon = epsilon ?? kind.epsilon
    self.groups = kind == .group ? groups : 1
  }

  public static let forms = Kind.allCases.map { kind in
    let epsilon = Key(
      "epsilon", .number(0...1), default: YAMLTree.number(kind.epsilon).scalar,
      "Added to the variance before its root is taken.")
    guard kind == .group else { return NamedForm(kind.rawValue, kind.summary, keys: [epsilon]) }
    let groups = Key(
      "groups", .integer(1...16_777_216), isRequired: true,
      "How many groups the channels are divided into.")
    return NamedForm(
      kind.rawValue, kind.summary, keys: [groups, epsilon], shorthand: "groups",
      example: "{group_norm: 8}")
  }

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    let kind = Kind(rawValue: fields.form.name) ?? .layer
    self.init(
      kind, epsilon: try fields.number("epsilon"),
      groups: kind == .group ? try fields.integer("groups") : 1)
  }

  public var form: String { kind.rawValue }
  public var entries: [YAMLTree.Entry] {
    (kind == .group ? [YAMLTree.Entry("groups", .integer(groups))] : [])
      + (epsilon == kind.epsilon ? [] : [YAMLTree.Entry("epsilon", .number(epsilon))])
  }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    try lowering.requireFeatures(input)
    let shape = lowering.shape(of: input)
    let sample = Array(shape.dropFirst())
    switch kind {
    case .layer, .rms:
      // A time step is normalised by itself; an image as a whole.
      let normalized = sample.count == 2 ? Array(sample.suffix(1)) : sample
      lowering.noteGroup(of: normalized.reduce(1, *), spansBatch: false)
      let scale = try lowering.parameter("\(form).weight", normalized, startingAt: 1)
      let attributes: Attributes = [
        "axis": .integer(-normalized.count), "epsilon": .real(epsilon),
      ]
      if kind == .rms {
        return try lowering.append("RMSNormalization", attributes, to: [input, scale])[0]
      }
      let shift = try lowering.parameter("\(form).bias", normalized, startingAt: 0)
      return try lowering.append("LayerNormalization", attributes, to: [input, scale, shift])[0]
    case .batch:
      let channels = sample[0]
      lowering.noteGroup(of: shape.reduce(1, *) / channels, spansBatch: true)
      let scale = try lowering.parameter("\(form).weight", [channels], startingAt: 1)
      let shift = try lowering.parameter("\(form).bias", [channels], startingAt: 0)
      let isInference = lowering.purpose == .inference
      var statistics: [Value] = []
      if isInference {
        statistics = [
          try lowering.auxiliaryInput("running_mean", [channels], .runningMean),
          try lowering.auxiliaryInput("running_variance", [channels], .runningVariance),
        ]
      }
      lowering.note(
        BatchStatistics(
          name: lowering.layerName, value: input, mean: statistics.first,
          variance: statistics.last))
      return try lowering.append(
        "BatchNormalization",
        ["epsilon": .real(epsilon), "training": .integer(isInference ? 0 : 1)],
        to: [input, scale, shift] + statistics)[0]
    case .group: return try grouped(input, sample, in: &lowering)
    }
  }

  /// Groups become rows of a layer norm without parameters; scale and shift are those of channels.
  private func grouped(
    _ input: Value, _ sample: [Int], in lowering: inout Lowering
  ) throws(NetworkError) -> Value {
    let shape = lowering.shape(of: input)
    guard sample[0] % groups == 0 else {
      throw lowering.error(
        .invalidShape, "'group_norm' has \(groups) groups, and its input \(sample[0]) channels",
        cure: "give a number of groups that divides the channels")
    }
    lowering.noteGroup(of: sample.reduce(1, *) / groups, spansBatch: false)
    let channels = [1, sample[0]] + sample.dropFirst().map { _ in 1 }
    // Channels and places stay axes of their own, for a rule needs to tell them apart.
    let group = [sample[0] / groups, sample.dropFirst().reduce(1, *)]
    let rows = try lowering.reshape(input, to: [shape[0], groups] + group)
    let one = try lowering.constant(1, group)
    let normal = try lowering.append(
      "LayerNormalization", ["axis": .integer(-2), "epsilon": .real(epsilon)], to: [rows, one])[0]
    let scale = try lowering.parameter("\(form).weight", [sample[0]], startingAt: 1)
    let shift = try lowering.parameter("\(form).bias", [sample[0]], startingAt: 0)
    let scaled = try lowering.apply(
      "Mul", to: try lowering.reshape(normal, to: shape),
      try lowering.reshape(scale, to: channels))
    return try lowering.apply("Add", to: scaled, try lowering.reshape(shift, to: channels))
  }
}

extension NormalizationLayer.Kind {
  /// The default of PyTorch for layer and batch norm, and of Llama-like models for RMS norm.
  var epsilon: Double { self == .rms ? 1e-6 : 1e-5 }

  var summary: String {
    switch self {
    case .layer: "Mean 0 and variance 1 within every sample (or time step)."
    case .batch: "Mean 0 and variance 1 of every channel (first axis of a sample) within the batch."
    case .rms: "Mean square 1 within every sample (or time step)."
    case .group:
      "Mean 0 and variance 1 within groups of channels (first axis of a sample) of every sample."
    }
  }
}
