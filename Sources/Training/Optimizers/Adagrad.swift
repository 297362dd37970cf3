import CKernels

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

  public var stateNames: [String] { ["sum"] }
  public var initialState: Double { initialAccumulator }

  public func rule(rate: Double, step: Int) -> UpdateRule {
    UpdateRule(EK_ADAGRAD, decayed(rate, step), weightDecay, epsilon)
  }

  public func bounds(_ facts: UpdateFacts, rate: Double, step: Int) -> UpdateBounds {
    let gradient = facts.gradient + weightDecay * facts.weight
    // s ≥ g², but for squares that are too small.
    let ratio =
      facts.isNormal(epsilon)
      ? min(gradient / epsilon, 1 + facts.leastRoot / epsilon) : .infinity
    return UpdateBounds(
      update: decayed(rate, step) * ratio,
      states: SIMD4(facts.states[0] + gradient * gradient, 0, 0, 0), largest: gradient + ratio)
  }

  private func decayed(_ rate: Double, _ step: Int) -> Double {
    rate / (1 + Double(step - 1) * rateDecay)
  }
}
