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
  /// How far an output may move, against its Euclidean norm, where a change is not one of the weights.
  package var limit = 0.01
  /// When no further run of the model is to begin; nil for never.
  package var deadline: ContinuousClock.Instant?
  /// What may become of the weights.
  package var freedom = WeightFreedom()

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
    var patient = ModelPatient(
      file, model, importedWith: importing, rules: rules, endangered: [], seeds: seeds,
      filling: { _, _, _ in })
    patient.freedom = freedom
    return patient
  }
}

/// What remedies may do with weights: nothing, unless the user says so or they were never trained.
package struct WeightFreedom: Hashable, Sendable {
  /// Whether they may be drawn anew.
  package var mayRedraw = false
  /// Whether they may be multiplied.
  package var mayRescale = false

  package init() {}
}

/// A model that a remedy has edited.
package struct ModelChange {
  /// The remedy's name.
  package let remedy: String
  /// What was changed, as one sentence without a full stop.
  package let sentence: String
  package let file: ModelFile
  /// What the change promises of the outputs.
  package let promise: Promise
  package let effort: Int

  /// What a change promises of outputs where they were finite.
  package enum Promise: Hashable, Sendable {
    /// They are the same in real arithmetic.
    case equal
    /// They move by no more than the limit.
    case near
    /// Nothing: weights or functions are others.
    case none
  }

  package var isExact: Bool { promise == .equal }

  package init(
    _ remedy: some ModelRemedy, _ sentence: String, _ file: ModelFile, isExact: Bool,
    keepsOutputs: Bool = true, extraEffort: Int = 0
  ) {
    self.remedy = remedy.name
    self.sentence = sentence
    self.file = file
    promise = isExact ? .equal : keepsOutputs ? .near : .none
    effort = remedy.effort + extraEffort
  }
}

/// Every remedy for models, those that change least first.
package enum ModelRemedies {
  package static let all: [any ModelRemedy] = [
    StableLogSoftmax(), StableSoftmax(), StableLogSumExp(), StableLogSigmoid(), StableSoftplus(),
    StableSigmoid(), StableVariance(), StableLogarithm(), StableRoot(), GuardedBranch(),
    ClippedDomain(), FiniteMask(), PositiveRate(), EmptyAttentionRows(), RaisedNormEpsilon(),
    HeldMasks(), AddedEpsilon(), BoundedExponents(), SinglePrecisionNodes(), ScaledInputs(),
    BoundedLogScales(), LayerRescale(), StandardWeights(),
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
