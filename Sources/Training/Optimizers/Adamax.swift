/// The mean of gradients over their greatest magnitude, which is slowly forgotten.
///
/// g ← g + λw; m ← m + (1 − β₁)(g − m); u ← max(β₂u, |g| + ε); w ← w − η/(1 − β₁ᵗ) · m/u in step
/// t = 1, 2, …. Kingma and Ba (2015), section 7.1.
public struct Adamax: Optimizer {
  public static let name = "adamax"
  public static let summary =
    "The mean of gradients over their greatest magnitude, which is slowly forgotten."
  public static let options: [SettingsOption<Adamax>] = [
    .number("learning_rate", \.learningRate, learningRateRange), .decay("beta1", \.beta1),
    .decay("beta2", \.beta2), .number("epsilon", \.epsilon, epsilonRange),
    .number("weight_decay", \.weightDecay, weightDecayRange),
  ]

  public var learningRate = 2e-3
  /// β₁: how much of the mean gradient stays in every step.
  public var beta1 = 0.9
  /// β₂: how much of the greatest magnitude stays in every step.
  public var beta2 = 0.999
  /// ε, beside the magnitude.
  public var epsilon = 1e-8
  /// λ: the factor of the weights in the gradient.
  public var weightDecay = 0.0

  public init() {}
}
