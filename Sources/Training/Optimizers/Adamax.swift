import CKernels
import RealModule

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

  public var stateNames: [String] { ["exp_avg", "exp_inf"] }

  public func rule(rate: Double, step: Int) -> UpdateRule {
    UpdateRule(
      EK_ADAMAX, rate / (1 - .pow(beta1, step)), weightDecay, 1 - beta1, beta2, epsilon)
  }

  public func bounds(_ facts: UpdateFacts, rate: Double, step: Int) -> UpdateBounds {
    let gradient = facts.gradient + weightDecay * facts.weight
    let mean = max(facts.states[0], gradient)
    let foreign = beta1 * facts.foreign
    // From |m| ≤ Ku follows the same in the next step for this K, as β₂u and |g| are at most the
    // next u; what was in m before is forgotten with β₁.
    let slack = 1 + 8 * facts.unit / (1 - beta1)
    let ratio = beta1 < beta2 ? slack * (1 - beta1) / (1 - beta1 / beta2) : .infinity
    let bound =
      facts.isNormal(epsilon)
      ? min(mean / epsilon, ratio + foreign / epsilon) : .infinity
    return UpdateBounds(
      update: rate / (1 - .pow(beta1, step)) * bound,
      states: SIMD4(mean, max(facts.states[1], gradient + epsilon), 0, 0), foreign: foreign,
      largest: facts.states[0] + gradient + bound)
  }
}
