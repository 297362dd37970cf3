package import Findings

/// Every remedy for models, those that change least first.
package enum ModelRemedies {
  package static let all: [any ModelRemedy] = [
    StableLogSoftmax(), StableSoftmax(), StableLogSumExp(), StableLogSigmoid(), StableSoftplus(),
    EmptyAttentionRows(), RaisedNormEpsilon(), HeldMasks(), AddedEpsilon(), BoundedExponents(),
    SinglePrecisionNodes(), ScaledInputs(), BoundedLogScales(), LayerRescale(), StandardWeights(),
    ActivationGainWeights(), OrthogonalWeights(), ScaledSigmoidNodes(),
  ]

  /// The remedies for findings of any of the rules.
  package static func answering(_ rules: Set<RuleName>) -> [any ModelRemedy] {
    all.filter { !$0.answers.isDisjoint(with: rules) }
  }
}

extension Set<RuleName> {
  /// What the sizes of weights decide; never a NaN, a domain or a format.
  static let spread: Set<RuleName> = [
    .explodingGradient, .vanishingGradient, .explodingActivation, .vanishingActivation,
    .saturatedUnits,
  ]
}
