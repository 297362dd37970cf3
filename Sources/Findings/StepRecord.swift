/// What one training step did, and how healthy the network was in it.
public struct StepRecord: Hashable, Sendable {
  /// Counted from 0.
  public var step: Int
  /// The mean loss over the batch before the update, without regularisation.
  public var loss: Double
  /// The learning rate that the schedule gave.
  public var learningRate: Double
  /// The norm of all gradients together before clipping, unscaled.
  public var gradientNorm: Double
  /// What clipping multiplied the gradients by, 1 where it left them; nil without clipping.
  public var clipCoefficient: Double?
  /// The parameter with the largest share of the norm that was clipped.
  public var clipDominant: String?
  /// The loss scale of the step; nil without loss scaling.
  public var lossScale: Double?
  /// Why the step was refused; nil when its update was made.
  public var refusal: Refusal?
  /// The time that the step took.
  public var seconds: Double
  /// In the order of the network.
  public var layers: [LayerHealth]
  /// In the order of the network.
  public var parameters: [ParameterHealth]

  public init(
    step: Int, loss: Double, learningRate: Double, gradientNorm: Double,
    clipCoefficient: Double? = nil, clipDominant: String? = nil, lossScale: Double? = nil,
    refusal: Refusal? = nil, seconds: Double = 0, layers: [LayerHealth] = [],
    parameters: [ParameterHealth] = []
  ) {
    self.step = step
    self.loss = loss
    self.learningRate = learningRate
    self.gradientNorm = gradientNorm
    self.clipCoefficient = clipCoefficient
    self.clipDominant = clipDominant
    self.lossScale = lossScale
    self.refusal = refusal
    self.seconds = seconds
    self.layers = layers
    self.parameters = parameters
  }
}

extension StepRecord {
  /// Why no update was made: the first tensor that was not finite.
  public struct Refusal: Hashable, Sendable {
    /// What held the tensor.
    public enum Place: String, Hashable, Sendable, CaseIterable {
      case input, weight, activation, loss, cotangent, gradient, update, state
    }

    public var place: Place
    /// The name of the tensor, such as `layers.3`.
    public var tensor: String
    public var nanCount: Int
    public var infinityCount: Int

    public init(place: Place, tensor: String, nanCount: Int, infinityCount: Int) {
      self.place = place
      self.tensor = tensor
      self.nanCount = nanCount
      self.infinityCount = infinityCount
    }
  }

  /// A layer's output h^t and its cotangent ∂ℓ/∂h^t in one step.
  public struct LayerHealth: Hashable, Sendable {
    public var name: String
    public var activation: TensorHealth
    /// Unscaled; nil where the layer has no gradient.
    public var gradient: TensorHealth?
    /// The share of elements in the flat part of the activation; nil where there is none.
    public var saturatedShare: Double?

    public init(
      name: String, activation: TensorHealth, gradient: TensorHealth?,
      saturatedShare: Double? = nil
    ) {
      self.name = name
      self.activation = activation
      self.gradient = gradient
      self.saturatedShare = saturatedShare
    }
  }

  /// A parameter, its gradient and its update in one step.
  public struct ParameterHealth: Hashable, Sendable {
    public var name: String
    /// After the update.
    public var weight: TensorHealth
    /// Unscaled, before clipping.
    public var gradient: TensorHealth
    /// The change that was asked for; nil when the step was refused.
    public var update: TensorHealth?
    /// The share of updates, of those that are not 0, below half the spacing of numbers at the
    /// weight, so that they are lost; nil when the step was refused.
    public var lostShare: Double?

    public init(
      name: String, weight: TensorHealth, gradient: TensorHealth, update: TensorHealth? = nil,
      lostShare: Double? = nil
    ) {
      self.name = name
      self.weight = weight
      self.gradient = gradient
      self.update = update
      self.lostShare = lostShare
    }

    /// The root mean square of the update over that of the weights.
    public var updateRatio: Double? {
      update.map { ($0.secondMoment / weight.secondMoment).squareRoot() }
    }
  }

  /// A tensor of one step in numbers; moments are of its finite elements.
  public struct TensorHealth: Hashable, Sendable {
    public var mean: Double
    /// The mean of squares, 0 for a tensor without finite elements.
    public var secondMoment: Double
    public var minimum: Double
    public var maximum: Double
    /// The share of elements that are 0.
    public var zeroShare: Double
    /// NaN and infinities.
    public var nonFiniteCount: Int

    public init(
      mean: Double, secondMoment: Double, minimum: Double, maximum: Double, zeroShare: Double,
      nonFiniteCount: Int
    ) {
      self.mean = mean
      self.secondMoment = secondMoment
      self.minimum = minimum
      self.maximum = maximum
      self.zeroShare = zeroShare
      self.nonFiniteCount = nonFiniteCount
    }
  }
}
