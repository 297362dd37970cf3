/// The mean of gradients over the root of their mean square.
///
/// g ← g + λw; m ← m + (1 − β₁)(g − m); v ← β₂v + (1 − β₂)g²;
/// w ← w − η/(1 − β₁ᵗ) · m/(√v/√(1 − β₂ᵗ) + ε) in step t = 1, 2, …, with AMSGrad the greatest v so
/// far in its place. Kingma and Ba (2015); AMSGrad: Reddi, Kale and Kumar (2018).
public struct Adam: Optimizer {
  public static let name = "adam"
  public static let summary = "The mean of gradients over the root of their mean square."
  public static let options: [SettingsOption<Adam>] = [
    .number("learning_rate", \.learningRate, learningRateRange), .decay("beta1", \.beta1),
    .decay("beta2", \.beta2), .number("epsilon", \.epsilon, epsilonRange),
    .number("weight_decay", \.weightDecay, weightDecayRange), .flag("amsgrad", \.isAMSGrad),
  ]

  public var learningRate = 1e-3
  /// β₁: how much of the mean gradient stays in every step.
  public var beta1 = 0.9
  /// β₂: how much of the mean square stays in every step.
  public var beta2 = 0.999
  /// ε, beside the root.
  public var epsilon = 1e-8
  /// λ: the factor of the weights in the gradient.
  public var weightDecay = 0.0
  /// Whether the divisor never falls.
  public var isAMSGrad = false

  public init() {}

  public var stateNames: [String] { averages.stateNames }

  public func rule(rate: Double, step: Int) -> UpdateRule {
    averages.rule(rate: rate, step: step, decay: weightDecay, loss: 0)
  }

  public func bounds(_ facts: UpdateFacts, rate: Double, step: Int) -> UpdateBounds {
    averages.bounds(facts, rate: rate, step: step, decay: weightDecay, loss: 0)
  }

  private var averages: AdamAverages {
    AdamAverages(beta1: beta1, beta2: beta2, epsilon: epsilon, isAMSGrad: isAMSGrad)
  }
}
