import CKernels

/// Gradients in units of past updates.
///
/// g ← g + λw; v ← ρv + (1 − ρ)g²; Δ = √(a + ε)/√(v + ε) · g; a ← ρa + (1 − ρ)Δ²; w ← w − ηΔ.
/// Zeiler (2012).
public struct Adadelta: Optimizer {
  public static let name = "adadelta"
  public static let summary = "Gradients in units of past updates."
  public static let options: [SettingsOption<Adadelta>] = [
    .number("learning_rate", \.learningRate, learningRateRange),
    .number("rho", \.rho, 0...1), .number("epsilon", \.epsilon, epsilonRange),
    .number("weight_decay", \.weightDecay, weightDecayRange),
  ]

  public var learningRate = 1.0
  /// ρ: how much of the mean squares stays in every step.
  public var rho = 0.9
  /// ε, within the roots.
  public var epsilon = 1e-6
  /// λ: the factor of the weights in the gradient.
  public var weightDecay = 0.0

  public init() {}

  public var stateNames: [String] { ["square_avg", "acc_delta"] }

  public func rule(rate: Double, step: Int) -> UpdateRule {
    UpdateRule(EK_ADADELTA, rate, weightDecay, rho, 1 - rho, epsilon)
  }

  public func bounds(_ facts: UpdateFacts, rate: Double, step: Int) -> UpdateBounds {
    let gradient = facts.gradient + weightDecay * facts.weight
    // v ≥ (1 − ρ)g², but for squares that are too small.
    let share = (1 - rho).squareRoot()
    let root = epsilon.squareRoot()
    let ratio =
      facts.isNormal(epsilon)
      ? min(gradient / root, 1 / share + facts.leastRoot / (share * root)) : .infinity
    let update = (facts.states[1] + epsilon).squareRoot() * ratio
    return UpdateBounds(
      update: rate * update,
      states: SIMD4(
        max(facts.states[0], gradient * gradient) + epsilon,
        rho * facts.states[1] + (1 - rho) * update * update, 0, 0), largest: gradient + update)
  }
}
