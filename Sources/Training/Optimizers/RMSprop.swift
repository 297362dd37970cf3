import CKernels

/// Gradients over the root of their mean square.
///
/// g ← g + λw; v ← αv + (1 − α)g²; Δ = g/(√v + ε), centred g/(√(v − ḡ²) + ε) with
/// ḡ ← ḡ + (1 − α)(g − ḡ); with momentum b ← μb + Δ and w ← w − ηb, otherwise w ← w − ηΔ.
/// Tieleman and Hinton (2012); centred: Graves (2013). Where rounding takes v − ḡ² below 0, 0 stands
/// for it; PyTorch gives NaN there.
public struct RMSprop: Optimizer {
  public static let name = "rmsprop"
  public static let summary = "Gradients over the root of their mean square."
  public static let options: [SettingsOption<RMSprop>] = [
    .number("learning_rate", \.learningRate, learningRateRange),
    .number("alpha", \.alpha, 0...1), .number("epsilon", \.epsilon, epsilonRange),
    .number("momentum", \.momentum, 0...1), .flag("centered", \.isCentered),
    .number("weight_decay", \.weightDecay, weightDecayRange),
  ]

  public var learningRate = 1e-2
  /// α: how much of the mean square stays in every step.
  public var alpha = 0.99
  /// ε, beside the root.
  public var epsilon = 1e-8
  /// μ: how much of the sum of updates stays in every step.
  public var momentum = 0.0
  /// Whether the mean square is taken about the mean.
  public var isCentered = false
  /// λ: the factor of the weights in the gradient.
  public var weightDecay = 0.0

  public init() {}

  public var stateNames: [String] {
    ["square_avg"] + (isCentered ? ["grad_avg"] : []) + (momentum > 0 ? ["momentum_buffer"] : [])
  }

  public func rule(rate: Double, step: Int) -> UpdateRule {
    UpdateRule(
      EK_RMSPROP, rate, weightDecay, alpha, 1 - alpha, epsilon, momentum, isCentered ? 1 : 0,
      momentum > 0 ? 1 : 0)
  }

  public func bounds(_ facts: UpdateFacts, rate: Double, step: Int) -> UpdateBounds {
    let gradient = facts.gradient + weightDecay * facts.weight
    var states = facts.states
    states[0] = max(states[0], gradient * gradient)
    // v ≥ (1 − α)g², but for squares that are too small.
    let share = (1 - alpha).squareRoot()
    let own = isCentered ? .infinity : 1 / share + facts.leastRoot / (share * epsilon)
    var update = facts.isNormal(epsilon) ? min(gradient / epsilon, own) : .infinity
    if isCentered { states[1] = max(states[1], gradient) }
    let largest = gradient + update + (isCentered ? gradient + states[1] * states[1] : 0)
    if momentum > 0 {
      let place = isCentered ? 2 : 1
      states[place] = momentum * states[place] + update
      update = states[place]
    }
    return UpdateBounds(update: rate * update, states: states, largest: largest + update)
  }
}
