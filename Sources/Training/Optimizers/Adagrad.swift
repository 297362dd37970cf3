/// Gradients over the root of the sum of all their squares.
///
/// g ← g + λw; s ← s + g², from s₀ on; w ← w − η/(1 + (t − 1)δ) · g/(√s + ε) in step t = 1, 2, ….
/// Duchi, Hazan and Singer (2011).
public struct Adagrad: Optimizer {
  public static let name = "adagrad"
  public static let summary = "Gradients over the root of the sum of all their squares."
  public static let options: [SettingsOption<Adagrad>] = [
    .number("learning_rate", \.learningRate, learningRateRange),
    .number("lr_decay", \.rateDecay, 0...1e6),
    .number("weight_decay", \.weightDecay, weightDecayRange),
    .number("initial_accumulator", \.initialAccumulator, 0...1e30),
    .number("epsilon", \.epsilon, epsilonRange),
  ]

  public var learningRate = 1e-2
  /// δ: what every step adds to the divisor of the rate.
  public var rateDecay = 0.0
  /// λ: the factor of the weights in the gradient.
  public var weightDecay = 0.0
  /// s₀.
  public var initialAccumulator = 0.0
  /// ε, beside the root.
  public var epsilon = 1e-10

  public init() {}
}
