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
}
