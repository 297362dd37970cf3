/// Adam with weight decay apart from the gradient.
///
/// w ← (1 − ηλ)w, then as ``Adam`` without λ. Loshchilov and Hutter (2019).
public struct AdamW: Optimizer {
  public static let name = "adamw"
  public static let summary = "Adam with weight decay apart from the gradient."
  public static let options: [SettingsOption<AdamW>] = [
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
  /// λ: what is taken from the weights in every step, over the rate.
  public var weightDecay = 1e-2
  /// Whether the divisor never falls.
  public var isAMSGrad = false

  public init() {}

  public var stateNames: [String] { averages.stateNames }

  public func rule(rate: Double, step: Int) -> UpdateRule {
    averages.rule(rate: rate, step: step, decay: 0, loss: rate * weightDecay)
  }

  public func bounds(_ facts: UpdateFacts, rate: Double, step: Int) -> UpdateBounds {
    averages.bounds(facts, rate: rate, step: step, decay: 0, loss: rate * weightDecay)
  }

  private var averages: AdamAverages {
    AdamAverages(beta1: beta1, beta2: beta2, epsilon: epsilon, isAMSGrad: isAMSGrad)
  }
}
