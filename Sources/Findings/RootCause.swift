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
  /// What the network ends in: an activation that cannot give what the loss asks for.
  case outputActivation = "output_activation"
  /// A norm that has nothing to take its statistics over.
  case normalization
  case batchSize = "batch_size"
  case weightDecay = "weight_decay"
  /// A penalty on the weights in the gradients: L1 or L2.
  case regularization
  /// How the learning rate changes over the run, a warm-up included.
  case schedule
  case tooFewSteps = "too_few_steps"
  case dropout
  /// Noise that is added to gradients.
  case gradientNoise = "gradient_noise"
  /// Momentum, betas and the like.
  case optimizerSettings = "optimizer_settings"
  /// Targets whose scale or tails are far from what the output starts with.
  case targetScale = "target_scale"
  /// Classes that are numbered otherwise than they are read, or of which there is only one.
  case labels
  /// A target that says nothing about this training.
  case successTarget = "success_target"
  /// What was learned does not hold for samples that were not trained on.
  case generalization
  /// The samples that the network is judged by are of another kind than those it is trained on.
  case dataShift = "data_shift"
  /// The features do not tell the targets, or not as well as the target asks.
  case unpredictableTargets = "unpredictable_targets"
  /// The network is too small, or of too simple a kind, for the task.
  case capacity
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
    case .outputActivation: "the activation at the output"
    case .normalization: "a norm over too few numbers"
    case .batchSize: "the batch size"
    case .weightDecay: "the weight decay"
    case .regularization: "the L1 or L2 penalty"
    case .schedule: "the schedule of the learning rate"
    case .tooFewSteps: "too few steps"
    case .dropout: "the dropout"
    case .gradientNoise: "the noise added to gradients"
    case .optimizerSettings: "the settings of the optimiser"
    case .targetScale: "the scale of the targets"
    case .labels: "the labels"
    case .successTarget: "the target that was set"
    case .generalization: "what was learned does not generalise"
    case .dataShift: "the validation data differ from the training data"
    case .unpredictableTargets: "the features do not tell the targets"
    case .capacity: "the network cannot represent the task"
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
    case .generalization, .dataShift, .unpredictableTargets, .capacity, .tooFewSteps, .seed,
      .successTarget:
      false
    default: true
    }
  }
}
