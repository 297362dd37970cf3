public import Experiments
public import Findings
import Training
public import Trials

/// One kind of change to an experiment that may make its training succeed: one remedy, one file.
public protocol ExperimentRemedy: Sendable {
  /// The name that users read, such as `lower_learning_rate`.
  var name: String { get }

  /// What was wrong where the change is all that was needed; nil where that says nothing.
  var cause: RootCause? { get }

  /// How much of the user's work is changed, from 1 for a number to 4 for the network's structure.
  var effort: Int { get }

  /// The changes to try, the most promising first; none where there is nothing to change.
  func amendments(for patient: Patient) -> [Amendment]
}

/// A training that failed, and what it showed.
public struct Patient: Sendable {
  public let experiment: Experiment
  public let symptoms: Symptoms
  public let outcome: TrialOutcome
  /// Up to which rate gradient descent is stable where it was last healthy; nil where that is not
  /// known.
  public let stableRate: Double?

  public init(
    _ experiment: Experiment, _ symptoms: Symptoms, _ outcome: TrialOutcome,
    stableRate: Double? = nil
  ) {
    self.experiment = experiment
    self.symptoms = symptoms
    self.outcome = outcome
    self.stableRate = stableRate
  }

  /// The rules whose findings hold as warnings or errors.
  public var rules: Set<RuleName> { Set(outcome.standingRules) }

  /// Whether the run was ended since nothing finite came out any more.
  public var isRefused: Bool {
    if case .refused? = outcome.ending { true } else { false }
  }
}

/// An experiment with one thing changed.
public struct Amendment: Sendable {
  /// The remedy's name.
  public let remedy: String
  public let cause: RootCause?
  /// What was changed, as a sentence without a full stop that a person can follow by hand.
  public let sentence: String
  public let experiment: Experiment
  public let effort: Int
  /// Whether only a run from its first step shows what the change does.
  public let needsNewStart: Bool

  init(
    _ remedy: some ExperimentRemedy, _ sentence: String, _ experiment: Experiment,
    needsNewStart: Bool = false, extraEffort: Int = 0
  ) {
    self.remedy = remedy.name
    cause = remedy.cause
    self.sentence = sentence
    self.experiment = experiment
    effort = remedy.effort + extraEffort
    self.needsNewStart = needsNewStart
  }
}

extension Patient {
  /// The experiment after a change.
  func changed(_ change: (inout Experiment) -> Void) -> Experiment {
    var experiment = experiment
    change(&experiment)
    return experiment
  }
}

/// Every remedy for a training, those that change least first.
public enum ExperimentRemedies {
  public static let all: [any ExperimentRemedy] = [
    DropBadRows(), LeaveOutRows(), FirstLabel(), OutputActivationRemoval.probabilities,
    OutputActivationRemoval.function, StandardizeTargets(), RemoveWeightDecay(), RemovePenalty.l2,
    RemovePenalty.l1, RemoveSchedule(), RemoveWarmup(), UsualOptimizerSettings(), RemoveDropout(),
    RemoveNoise(), LargerBatch(), RemoveEmptyNorms(), ReadLabels(),
    StableLoss(), OptimizerEpsilon(), NormEpsilon(), RemoveClipping(),
    GlobalNormClip(), StandardizeInputs(), ExactLayers(),
    SinglePrecision(), BrainFloat(), DynamicLossScale(),
    MasterWeights(), LearningRateChange(), StandardInit(), OrthogonalInit(), LSUVInit(),
    ForgetGateBias(),
    RecurrentInit(), Warmup(), AdamOptimizer(), GradientScaleNormalization(), BatchSize(),
    ActivationReplacement(), ShapedActivation(), NormInsertion(), BranchScale(), ResidualWrapping(),
    LongerRun(), Nonlinearity(), MoreUnits(),
  ]

  /// All changes of all remedies.
  public static func amendments(for patient: Patient) -> [Amendment] {
    all.flatMap { $0.amendments(for: patient) }
  }
}
