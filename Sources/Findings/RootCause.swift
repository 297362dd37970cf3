/// What a failure of training comes from in the end.
public enum RootCause: String, Hashable, Sendable, CaseIterable {
  case initialization, activation
  case learningRate = "learning_rate"
  /// Depth without residual connections or normalisation.
  case depth
  case numberFormat = "number_format"
  case lossFormulation = "loss_formulation"
  case data
  case missingEpsilon = "missing_epsilon"
  /// Clipping that is set wrongly.
  case clipping
  /// What was learned does not hold for samples that were not trained on.
  case generalization
  /// The samples that the network is judged by are of another kind than those it is trained on.
  case dataShift = "data_shift"
  /// The features do not tell the targets, or not as well as the target asks.
  case unpredictableTargets = "unpredictable_targets"
  /// The network is too small, or of too simple a kind, for the task.
  case capacity
  case tooFewSteps = "too_few_steps"
  /// Another seed alone makes the training succeed.
  case seed

  /// The cause as a phrase for people.
  public var phrase: String {
    switch self {
    case .initialization: "the initialisation"
    case .activation: "the activation"
    case .learningRate: "the learning rate"
    case .depth: "the depth without residual connections or normalisation"
    case .numberFormat: "the number format"
    case .lossFormulation: "the formulation of the loss"
    case .data: "the data"
    case .missingEpsilon: "a missing epsilon"
    case .clipping: "the clipping"
    case .generalization: "what was learned does not generalise"
    case .dataShift: "the validation data differ from the training data"
    case .unpredictableTargets: "the features do not tell the targets"
    case .capacity: "the network cannot represent the task"
    case .tooFewSteps: "too few steps"
    case .seed: "the draw of the seed"
    }
  }

  /// Whether remedies are known that may cure it.
  public var isCurable: Bool {
    switch self {
    case .generalization, .dataShift, .unpredictableTargets: false
    default: true
    }
  }

  /// Whether it is a fault of numbers: of scales, rates, formats and the like.
  ///
  /// The others are answers too: nothing numerical is wrong then.
  public var isNumerical: Bool {
    switch self {
    case .generalization, .dataShift, .unpredictableTargets, .capacity, .tooFewSteps, .seed: false
    default: true
    }
  }
}
