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

  public func checkTogether() throws(TrainingError) {
    guard isNesterov, momentum == 0 || dampening != 0 else { return }
    throw TrainingError(
      .invalidValue, "'nesterov' of 'sgd' is 1 without momentum or with dampening",
      cure: "set 'momentum' above 0 and 'dampening' to 0")
  }
}
