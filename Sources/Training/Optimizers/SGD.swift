import CKernels

/// Gradient descent, with momentum where asked for.
///
/// g ← g + λw; b ← μb + (1 − d)g, in the first step b ← g; w ← w − ηb, or w − η(g + μb) with
/// Nesterov's momentum (Sutskever and others, 2013, in the form of PyTorch).
public struct SGD: Optimizer {
  public static let name = "sgd"
  public static let summary = "Gradient descent, with momentum where asked for."
  public static let options: [SettingsOption<SGD>] = [
    .number("learning_rate", \.learningRate, learningRateRange),
    .number("momentum", \.momentum, 0...1), .number("dampening", \.dampening, 0...1),
    .flag("nesterov", \.isNesterov),
    .number("weight_decay", \.weightDecay, weightDecayRange),
  ]

  public var learningRate = 1e-3
  /// μ: how much of the sum of gradients stays in every step.
  public var momentum = 0.0
  /// d: what the sum takes too little of the gradient.
  public var dampening = 0.0
  public var isNesterov = false
  /// λ: the factor of the weights in the gradient.
  public var weightDecay = 0.0

  public init() {}

  public var stateNames: [String] { momentum == 0 ? [] : ["momentum_buffer"] }

  public func rule(rate: Double, step: Int) -> UpdateRule {
    // The sum is 0 before the first step.
    UpdateRule(
      EK_SGD, rate, weightDecay, momentum, share(step), momentum == 0 ? 0 : 1,
      isNesterov ? 1 : 0)
  }

  public func bounds(_ facts: UpdateFacts, rate: Double, step: Int) -> UpdateBounds {
    let gradient = facts.gradient + weightDecay * facts.weight
    guard momentum != 0 else { return UpdateBounds(update: rate * gradient, largest: gradient) }
    let sum = momentum * facts.states[0] + share(step) * gradient
    let direction = isNesterov ? gradient + momentum * sum : sum
    return UpdateBounds(
      update: rate * direction, states: SIMD4(sum, 0, 0, 0), largest: gradient + direction)
  }

  /// What the sum takes of the gradient.
  private func share(_ step: Int) -> Double { step == 1 ? 1 : 1 - dampening }

  public func checkTogether() throws(TrainingError) {
    guard isNesterov, momentum == 0 || dampening != 0 else { return }
    throw TrainingError(
      .invalidValue, "'nesterov' of 'sgd' is 1 without momentum or with dampening",
      cure: "set 'momentum' above 0 and 'dampening' to 0")
  }
}
