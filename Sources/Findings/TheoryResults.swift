/// Gaussian averages of an activation: what `evenkeel theory activation` answers.
public struct ActivationResult: Hashable, Sendable {
  public let activation: String
  /// The variance of the pre-activations.
  public let q: Double
  /// E[φ].
  public let mean: Double
  /// E[φ²].
  public let secondMoment: Double
  public let variance: Double
  /// E[φ′].
  public let meanSlope: Double
  /// E[φ′²].
  public let slopeSecondMoment: Double
  /// E[φφ″], with the deltas of kinks.
  public let curvatureTerm: Double
  /// E[φ⁴].
  public let fourthMoment: Double
  /// E[φ′⁴].
  public let slopeFourthMoment: Double
  /// 1/√E[φ²]: gives the next layer pre-activations of second moment 1.
  public let gainForward: Double
  /// 1/√E[φ′²]: keeps the second moment of the gradient.
  public let gainBackward: Double
  /// `closed_form` or `quadrature`.
  public let basis: String

  public init(
    activation: String, q: Double, mean: Double, secondMoment: Double, variance: Double,
    meanSlope: Double, slopeSecondMoment: Double, curvatureTerm: Double, fourthMoment: Double,
    slopeFourthMoment: Double, gainForward: Double, gainBackward: Double, basis: String
  ) {
    self.activation = activation
    self.q = q
    self.mean = mean
    self.secondMoment = secondMoment
    self.variance = variance
    self.meanSlope = meanSlope
    self.slopeSecondMoment = slopeSecondMoment
    self.curvatureTerm = curvatureTerm
    self.fourthMoment = fourthMoment
    self.slopeFourthMoment = slopeFourthMoment
    self.gainForward = gainForward
    self.gainBackward = gainBackward
    self.basis = basis
  }
}

/// The edge of chaos for given biases: what `evenkeel theory critical` answers.
public struct CriticalResult: Hashable, Sendable {
  /// One weight scale at which gradients neither vanish nor explode.
  public struct Point: Hashable, Sendable {
    /// σ_w, the standard deviation of a weight times √fanIn.
    public let weightDeviation: Double
    /// The fixed point of the length map; nil where every q is one.
    public let q: Double?
    /// Whether the length map is drawn back to q after a small deviation.
    public let isStable: Bool
    /// χ_q, the factor of a small deviation per layer.
    public let lengthSlope: Double
    /// `isolated`, `limit` (q → 0) or `every_q`.
    public let kind: String

    public init(
      weightDeviation: Double, q: Double?, isStable: Bool, lengthSlope: Double, kind: String
    ) {
      self.weightDeviation = weightDeviation
      self.q = q
      self.isStable = isStable
      self.lengthSlope = lengthSlope
      self.kind = kind
    }
  }

  public let activation: String
  /// σ_b.
  public let biasDeviation: Double
  /// In ascending order of q; empty where there is no edge of chaos.
  public let points: [Point]

  public init(activation: String, biasDeviation: Double, points: [Point]) {
    self.activation = activation
    self.biasDeviation = biasDeviation
    self.points = points
  }
}

/// The phase of a network and its depth scales: what `evenkeel theory depth` answers.
///
/// Numbers are nil where they do not exist: all but q if the length diverges, those of the
/// correlation if q is 0.
public struct DepthResult: Hashable, Sendable {
  public let activation: String
  public let weightDeviation: Double
  public let biasDeviation: Double
  /// `ordered`, `critical`, `chaotic` or `divergent`.
  public let phase: String
  public let q: Double
  /// χ₁.
  public let gradientFactor: Double?
  /// χ_q.
  public let lengthSlope: Double?
  /// c*.
  public let correlation: Double?
  /// C′(c*).
  public let correlationSlope: Double?
  /// ξ_q, in layers, as the next two.
  public let lengthScale: Double?
  /// ξ_c.
  public let correlationScale: Double?
  /// ξ_∇; negative where gradients grow.
  public let gradientScale: Double?

  public init(
    activation: String, weightDeviation: Double, biasDeviation: Double, phase: String, q: Double,
    gradientFactor: Double?, lengthSlope: Double?, correlation: Double?,
    correlationSlope: Double?, lengthScale: Double?, correlationScale: Double?,
    gradientScale: Double?
  ) {
    self.activation = activation
    self.weightDeviation = weightDeviation
    self.biasDeviation = biasDeviation
    self.phase = phase
    self.q = q
    self.gradientFactor = gradientFactor
    self.lengthSlope = lengthSlope
    self.correlation = correlation
    self.correlationSlope = correlationSlope
    self.lengthScale = lengthScale
    self.correlationScale = correlationScale
    self.gradientScale = gradientScale
  }
}

/// The gains of an activation at q = 1: what `evenkeel theory gains` answers.
public struct GainsResult: Hashable, Sendable {
  public let activation: String
  public let gainForward: Double
  public let gainBackward: Double
  public let gainVariance: Double
  /// PyTorch's `calculate_gain`; nil where it refuses the activation.
  public let pytorchGain: Double?
  /// χ₁ at the forward gain.
  public let gradientFactor: Double
  /// χ_q at the forward gain.
  public let lengthSlope: Double
  public let batchNormRate: Double
  public let layerNormRate: Double
  /// κ_f, the relative variance per layer of the squared norm, times the width.
  public let forwardSpread: Double
  /// κ_b, the same for gradients.
  public let backwardSpread: Double

  public init(
    activation: String, gainForward: Double, gainBackward: Double, gainVariance: Double,
    pytorchGain: Double?, gradientFactor: Double, lengthSlope: Double, batchNormRate: Double,
    layerNormRate: Double, forwardSpread: Double, backwardSpread: Double
  ) {
    self.activation = activation
    self.gainForward = gainForward
    self.gainBackward = gainBackward
    self.gainVariance = gainVariance
    self.pytorchGain = pytorchGain
    self.gradientFactor = gradientFactor
    self.lengthSlope = lengthSlope
    self.batchNormRate = batchNormRate
    self.layerNormRate = layerNormRate
    self.forwardSpread = forwardSpread
    self.backwardSpread = backwardSpread
  }
}

/// A shaped activation `γ(φ(αx + β) + δ)`: what `evenkeel theory shape` answers.
public struct ShapeResult: Hashable, Sendable {
  /// φ; for a leaky relu with the slope that was found.
  public let activation: String
  /// `dks` or `tat`.
  public let method: String
  public let depth: Int
  /// The name of the target that was used: `zeta`, `tau` or `eta`.
  public let targetName: String
  public let target: Double
  public let alpha: Double
  public let beta: Double
  public let gamma: Double
  public let delta: Double
  public let negativeSlope: Double?
  /// The largest amount by which a condition is missed.
  public let residual: Double

  public init(
    activation: String, method: String, depth: Int, targetName: String, target: Double,
    alpha: Double, beta: Double, gamma: Double, delta: Double, negativeSlope: Double?,
    residual: Double
  ) {
    self.activation = activation
    self.method = method
    self.depth = depth
    self.targetName = targetName
    self.target = target
    self.alpha = alpha
    self.beta = beta
    self.gamma = gamma
    self.delta = delta
    self.negativeSlope = negativeSlope
    self.residual = residual
  }
}
