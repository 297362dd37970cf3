/// A rule that makes updates of weights from gradients, with its settings.
///
/// Definitions are those of `torch.optim` in PyTorch 2.13, element by element.
public protocol Optimizer: NamedSettings {
  /// The rate that a schedule starts from, the first option.
  var learningRate: Double { get set }
}

/// Rates that people can ask for; the guard refuses updates that are too great for the weights.
let learningRateRange = 0.0...1e38
/// Factors of the weights in gradients.
let weightDecayRange = 0.0...1e6
/// Numbers that keep divisors from 0.
let epsilonRange = 0.0...1e6
