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
  }

  public var kind: Kind
  public var epsilon: Double

  public init(_ kind: Kind, epsilon: Double? = nil) {
    self.kind = kind
    self.epsilon = epsilon ?? kind.epsilon
  }

  public static let forms = Kind.allCases.map { kind in
    NamedForm(
      kind.rawValue, kind.summary,
      keys: [
        Key(
          "epsilon", .number(0...1), default: YAMLTree.number(kind.epsilon).scalar,
          "Added to the variance before its root is taken.")
      ])
  }

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    self.init(Kind(rawValue: fields.form.name) ?? .layer, epsilon: try fields.number("epsilon"))
  }

  public var form: String { kind.rawValue }
  public var entries: [YAMLTree.Entry] {
    epsilon == kind.epsilon ? [] : [YAMLTree.Entry("epsilon", .number(epsilon))]
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
    }
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
    }
  }
}
