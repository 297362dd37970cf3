import CKernels
import RealModule

/// What Adam and AdamW share.
struct AdamAverages {
  let beta1: Double
  let beta2: Double
  let epsilon: Double
  let isAMSGrad: Bool

  var stateNames: [String] {
    ["exp_avg", "exp_avg_sq"] + (isAMSGrad ? ["max_exp_avg_sq"] : [])
  }

  /// The rule with `decay` the factor of the weights in the gradient, and `loss` the share of the
  /// weights that is taken away apart from it.
  func rule(rate: Double, step: Int, decay: Double, loss: Double) -> UpdateRule {
    UpdateRule(
      EK_ADAM, rate / (1 - .pow(beta1, step)), decay, 1 - beta1, beta2, 1 - beta2, epsilon,
      1 / (1 - .pow(beta2, step)).squareRoot(), loss, isAMSGrad ? 1 : 0)
  }

  /// The update is at most η√(1 − β₂ᵗ)/(1 − β₁ᵗ) times the greatest |m|/√v, whatever ε is.
  ///
  /// From m² ≤ Kv follows the same in the next step for
  /// K = (1 − β₁)²/((1 − β₂)(1 − β₁²/β₂)), by (a + b)² ≤ a²/p + b²/(1 − p) with p = β₁²/β₂. What was in
  /// m before is forgotten with β₁, and what v lacks for squares that are too small is less than the
  /// smallest normal number over 1 − β₂.
  func bounds(
    _ facts: UpdateFacts, rate: Double, step: Int, decay: Double, loss: Double
  ) -> UpdateBounds {
    let gradient = facts.gradient + decay * facts.weight
    var states = facts.states
    let largest = states[0] + gradient
    states[0] = max(states[0], gradient)
    states[1] = max(states[1], gradient * gradient)
    if isAMSGrad { states[2] = max(states[2], states[1]) }
    let foreign = beta1 * facts.foreign
    var update = Double.infinity
    if facts.isNormal(epsilon) {
      let missing = facts.leastRoot / (1 - beta2).squareRoot()
      let root = (1 - .pow(beta2, step)).squareRoot()
      update = min(
        states[0] / epsilon, ratio(facts.unit) * (root + missing / epsilon) + foreign / epsilon)
    }
    update *= rate / (1 - .pow(beta1, step))
    return UpdateBounds(
      update: update + loss * facts.weight, states: states, foreign: foreign,
      largest: largest + update)
  }

  /// √K, with room for the rounding errors of as many steps as averages remember.
  private func ratio(_ unit: Double) -> Double {
    let slack = 1 + 8 * unit * (1 / (1 - beta1) + 1 / (1 - beta2))
    guard beta1 * beta1 < beta2, slack < 2 else { return .infinity }
    let square = (1 - beta1) * (1 - beta1) / ((1 - beta2) * (1 - beta1 * beta1 / beta2))
    return slack * square.squareRoot()
  }
}
