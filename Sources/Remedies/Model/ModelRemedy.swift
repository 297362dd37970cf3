package import Findings
package import ONNX
package import Semantics
package import Tensors

/// One kind of change to an ONNX model that may cure a finding: one remedy, one file.
package protocol ModelRemedy: Sendable {
  /// The name that users read, such as `log_softmax`.
  var name: String { get }

  /// The rules whose findings it may cure.
  var answers: Set<RuleName> { get }

  /// How much it changes: the search tries what changes least first.
  var effort: Int { get }

  /// The changes that it offers, those that change least first; empty where there is nothing to change.
  func changes(of patient: ModelPatient) -> [ModelChange]
}

/// A model with what a check found of it.
package struct ModelPatient {
  package let file: ModelFile
  package let model: ImportedModel
  /// The rules that found something.
  package let rules: Set<RuleName>
  /// Nodes that can meet an operand outside of their domain, or did.
  package let endangered: Set<ModelPlace>
  /// The seeds of inputs that it is to be healthy for; the first is also that of new weights.
  package let seeds: [UInt64]
  let importing: ImportOptions
  /// Fills an input, as given or as drawn from a seed.
  let fill: (Value, Tensor, UInt64) -> Void

  package init(
    _ file: ModelFile, _ model: ImportedModel, importedWith importing: ImportOptions,
    rules: Set<RuleName>, endangered: Set<ModelPlace>, seeds: [UInt64],
    filling fill: @escaping (Value, Tensor, UInt64) -> Void
  ) {
    self.file = file
    self.model = model
    self.importing = importing
    self.rules = rules
    self.endangered = endangered
    self.seeds = seeds
    self.fill = fill
  }

  /// The same patient after an edit; nil where it cannot be imported then.
  ///
  /// Its inputs are not those of the old graph, so that nothing is filled.
  func edited(_ file: ModelFile) -> ModelPatient? {
    guard let model = try? ImportedModel(file, importing) else { return nil }
    return ModelPatient(
      file, model, importedWith: importing, rules: rules, endangered: [], seeds: seeds,
      filling: { _, _, _ in })
  }
}

/// A model that a remedy has edited.
package struct ModelChange {
  /// The remedy's name.
  package let remedy: String
  /// What was changed, as one sentence without a full stop.
  package let sentence: String
  package let file: ModelFile
  /// Whether the outputs are the same in real arithmetic.
  package let isExact: Bool
  package let effort: Int

  package init(
    _ remedy: some ModelRemedy, _ sentence: String, _ file: ModelFile, isExact: Bool,
    extraEffort: Int = 0
  ) {
    self.remedy = remedy.name
    self.sentence = sentence
    self.file = file
    self.isExact = isExact
    effort = remedy.effort + extraEffort
  }
}

/// Every remedy for models, those that change least first.
package enum ModelRemedies {
  package static let all: [any ModelRemedy] = [
    StableLogSoftmax(), StableSoftmax(), StableLogSumExp(), StableLogSigmoid(), StableSoftplus(),
    StableSigmoid(), StableVariance(), StableLogarithm(), StableRoot(), GuardedBranch(),
    ClippedDomain(), FiniteMask(), PositiveRate(), RaisedNormEpsilon(), AddedEpsilon(),
    SinglePrecisionNodes(), LayerRescale(), StandardWeights(),
    ActivationGainWeights(), OrthogonalWeights(), ScaledSigmoidNodes(),
  ]

  /// The remedies for findings of any of the rules.
  package static func answering(_ rules: Set<RuleName>) -> [any ModelRemedy] {
    all.filter { !$0.answers.isDisjoint(with: rules) }
  }
}
