/// What `evenkeel check` found: predicted and measured side by side, findings and a verdict.
public struct CheckReport: Hashable, Sendable {
  public var model: Model
  public var layers: [Layer]
  public var findings: [Finding]
  /// Singular values of the input–output Jacobian, where they were asked for.
  public var spectrum: Spectrum?
  /// Work and memory of the measurement, for `--verbose`.
  public var resources: Resources

  public init(
    model: Model, layers: [Layer], findings: [Finding], spectrum: Spectrum? = nil,
    resources: Resources
  ) {
    self.model = model
    self.layers = layers
    self.findings = findings
    self.spectrum = spectrum
    self.resources = resources
  }

  /// Failing with any error, warning with any warning, healthy otherwise.
  public var verdict: Verdict {
    switch findings.map(\.severity).max() {
    case .error: .failing
    case .warning: .warning
    case .note, nil: .healthy
    }
  }
}

/// What a network is to be used for, which decides what is judged.
public enum Purpose: String, Hashable, Sendable, CaseIterable {
  /// Forward pass and gradients are judged.
  case training
  /// The forward pass is judged; gradients are shown.
  case inference
}

public enum Verdict: String, Hashable, Sendable {
  case healthy, warning, failing
}

extension CheckReport {
  public struct Model: Hashable, Sendable {
    public let path: String
    /// The number of scalar parameters.
    public let parameters: Int
    /// The number of layers.
    public let depth: Int
    public let format: String
    public let batch: Int
    public let seed: UInt64
    /// Weight seeds that were measured.
    public let draws: Int
    /// What the model was judged for.
    public let purpose: Purpose
    /// The loss, where the model ends in one.
    public let loss: Double?

    public init(
      path: String, parameters: Int, depth: Int, format: String, batch: Int, seed: UInt64,
      draws: Int, purpose: Purpose = .training, loss: Double? = nil
    ) {
      self.purpose = purpose
      self.loss = loss
      self.path = path
      self.parameters = parameters
      self.depth = depth
      self.format = format
      self.batch = batch
      self.seed = seed
      self.draws = draws
    }
  }

  /// One weighted operation with everything up to the next one.
  public struct Layer: Hashable, Sendable {
    public let index: Int
    public let name: String
    public let operators: [String]
    /// What the layer hands on, h^t.
    public let activation: Quantity
    /// ∂ℓ/∂h^t.
    public let gradient: Quantity
    /// ∂ℓ/∂W^t; only measured.
    public let weightGradient: Measured?

    public init(
      index: Int, name: String, operators: [String], activation: Quantity, gradient: Quantity,
      weightGradient: Measured?
    ) {
      self.index = index
      self.name = name
      self.operators = operators
      self.activation = activation
      self.gradient = gradient
      self.weightGradient = weightGradient
    }
  }

  /// A tensor as predicted and as measured.
  public struct Quantity: Hashable, Sendable {
    public let predicted: Predicted?
    /// Why there is no prediction.
    public let reason: String?
    public let measured: Measured?

    public init(predicted: Predicted?, reason: String? = nil, measured: Measured?) {
      self.predicted = predicted
      self.reason = reason
      self.measured = measured
    }
  }

  public struct Predicted: Hashable, Sendable {
    public let mean: Double
    public let secondMoment: Double
    /// The 95 % band of the second moment that finite width allows.
    public let low: Double
    public let high: Double
    /// `closed_form`, `quadrature` or `first_order`.
    public let basis: String

    public init(mean: Double, secondMoment: Double, low: Double, high: Double, basis: String) {
      self.mean = mean
      self.secondMoment = secondMoment
      self.low = low
      self.high = high
      self.basis = basis
    }
  }

  public struct Measured: Hashable, Sendable {
    public let mean: Double
    public let secondMoment: Double
    public let minimum: Double
    public let maximum: Double
    /// The share of elements that are 0.
    public let zeroShare: Double
    /// The number of elements that are NaN or infinite.
    public let nonFinite: Int
    /// The lowest and highest second moment over the draws, where there were several.
    public let spread: Spread?

    public init(
      mean: Double, secondMoment: Double, minimum: Double, maximum: Double, zeroShare: Double,
      nonFinite: Int, spread: Spread? = nil
    ) {
      self.mean = mean
      self.secondMoment = secondMoment
      self.minimum = minimum
      self.maximum = maximum
      self.zeroShare = zeroShare
      self.nonFinite = nonFinite
      self.spread = spread
    }
  }

  /// Second moments over several draws of the parameters.
  public struct Spread: Hashable, Sendable {
    public let low: Double
    public let median: Double
    public let high: Double

    public init(low: Double, median: Double, high: Double) {
      self.low = low
      self.median = median
      self.high = high
    }
  }

  /// Singular values of the Jacobian of the outputs of one sample in its inputs.
  public struct Spectrum: Hashable, Sendable {
    /// In descending order.
    public let singularValues: [Double]
    /// The wide-limit mean of the squared singular values, where the theory gives it.
    public let predictedMeanSquare: Double?
    /// Why there are no singular values; nil where there are.
    public let reason: String?

    public init(singularValues: [Double], predictedMeanSquare: Double?) {
      self.singularValues = singularValues
      self.predictedMeanSquare = predictedMeanSquare
      reason = nil
    }

    public init(missing reason: String) {
      singularValues = []
      predictedMeanSquare = nil
      self.reason = reason
    }
  }

  public struct Resources: Hashable, Sendable {
    public let nodes: Int
    /// Bytes of the arena that holds all intermediates.
    public let arenaBytes: Int
    /// Bytes that the intermediates would take without reuse.
    public let unsharedBytes: Int
    public let parameterBytes: Int

    public init(nodes: Int, arenaBytes: Int, unsharedBytes: Int, parameterBytes: Int) {
      self.nodes = nodes
      self.arenaBytes = arenaBytes
      self.unsharedBytes = unsharedBytes
      self.parameterBytes = parameterBytes
    }
  }
}
