public import Numbers
import RealModule

/// The gains of an activation: factors of the standard deviation of weights N(0, 1/fan) that keep
/// a quantity from layer to layer, at unit variance of the pre-activations.
///
/// Forward and backward gains agree for homogeneous activations only (linear, relu, leaky relu).
public struct Gains: Hashable, Sendable {
  public let activation: String
  public let moments: ActivationMoments

  /// The gains of `activation`; the variance at which they are taken is 1.
  public init(of activation: any ScalarFunction) throws(TheoryError) {
    self.activation = activation.name
    moments = try ActivationMoments(of: activation, q: 1)
  }

  private var second: GaussianMoments { moments.second }

  /// 1/√E[φ²]: keeps the second moment of the pre-activations.
  public var forward: Double { 1 / second.secondMoment.squareRoot() }

  /// 1/√E[φ′²]: keeps the second moment of the gradient.
  public var backward: Double { 1 / second.slopeSecondMoment.squareRoot() }

  /// 1/√Var[φ]: keeps the second moment if the weights of each unit sum to 0 (NFNets).
  public var variance: Double { 1 / second.variance.squareRoot() }

  /// χ₁ at the forward gain: the growth of the gradient's second moment per layer.
  ///
  /// It is the growth per layer of an MLP with LayerNorm as well.
  public var layerNormRate: Double { second.slopeSecondMoment / second.secondMoment }

  /// χ_q at the forward gain: the factor by which a deviation of the length grows per layer.
  public var lengthSlope: Double {
    (second.slopeSecondMoment + second.curvatureTerm) / second.secondMoment
  }

  /// E[φ′²]/Var[φ]: the growth of the gradient's second moment per layer of an MLP with BatchNorm
  /// and large batches.
  ///
  /// At least 1, and 1 for linear activations only (Yang et al. 2019).
  public var batchNormRate: Double { second.slopeSecondMoment / second.variance }

  /// What PyTorch's `nn.init.calculate_gain` returns; nil where it refuses the activation.
  public var pytorch: Double? {
    if activation.hasPrefix("leaky_relu(") { return forward }
    let table = [
      "linear": 1, "sigmoid": 1, "tanh": 5.0 / 3, "relu": 2.0.squareRoot(), "selu": 0.75,
    ]
    return table[activation]
  }
}
