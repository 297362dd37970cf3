/// A rule that makes updates of weights from gradients, with its settings.
///
/// Definitions are those of `torch.optim` in PyTorch 2.13, element by element.
public protocol Optimizer: NamedSettings {
  /// The rate that a schedule starts from, the first option.
  var learningRate: Double { get set }
  /// The names of the numbers that are kept for every weight, as PyTorch calls them.
  var stateNames: [String] { get }
  /// What these are before the first step.
  var initialState: Double { get }

  /// The rule of a step, counted from 1.
  func rule(rate: Double, step: Int) -> UpdateRule

  /// Bounds of what the rule computes, for the magnitudes that are known.
  ///
  /// Rounding of single operations is accounted for by who asks.
  func bounds(_ facts: UpdateFacts, rate: Double, step: Int) -> UpdateBounds
}

extension Optimizer {
  public var initialState: Double { 0 }

  /// The usual settings with a learning rate.
  public init(learningRate: Double) {
    self.init()
    self.learningRate = learningRate
  }
}

/// Rates that people can ask for; the guard refuses updates that are too great for the weights.
let learningRateRange = 0.0...1e38
/// Factors of the weights in gradients.
let weightDecayRange = 0.0...1e6
/// Numbers that keep divisors from 0.
let epsilonRange = 0.0...1e6
