public import Numbers

/// Everything that a training is asked to do with a network and data.
public struct TrainingSettings: Sendable {
  public var optimizer: any Optimizer = SGD()
  public var schedule = LearningRatePlan()
  /// Factors of the learning rate in single layers.
  public var layerRates: [LayerRate] = []
  /// Samples in a batch.
  public var batch = 32
  /// Batches whose mean gradient makes one update.
  public var accumulation = 1
  public var duration = Duration.steps(1000)
  public var precision = Precision()
  public var clipping: (any Clipping)?
  /// What else is done to gradients, in this order, before they are clipped.
  public var treatments: [any GradientTreatment] = []
  /// Of the weights as they start, the order of samples, masks and noise.
  public var seed: UInt64 = 0
  public var guarding = Guarding()
  public var snapshots = Snapshots()
  /// What counts as success; nil where nothing is said.
  public var target: Target?
  /// Steps between two looks at the validation data; 0 for the end of every epoch.
  public var validationInterval = 0
  /// When a run ends before its last step since it becomes no better; nil for never.
  public var earlyStopping: EarlyStopping?
  /// Of which weights the mean is validated in place of the last ones; nil for none.
  public var averaging: WeightAveraging?

  public init() {}

  /// A factor of the learning rate for some layers; 0 leaves their weights as they start.
  public struct LayerRate: Hashable, Sendable {
    public var layers: [String]
    public var factor: Double

    public init(_ layers: [String], factor: Double) {
      (self.layers, self.factor) = (layers, factor)
    }
  }

  /// The end of a run whose loss over the validation data no longer falls (Prechelt 1998).
  public struct EarlyStopping: Hashable, Sendable {
    /// Evaluations in a row without a better one after which the run ends.
    public var patience: Int
    /// By how much the loss must fall to be better.
    public var leastChange = 0.0

    public init(patience: Int, leastChange: Double = 0) {
      (self.patience, self.leastChange) = (patience, leastChange)
    }
  }

  /// A mean over the weights after each step.
  public struct WeightAveraging: Hashable, Sendable {
    /// How much of the mean stays in every step, or nil for the mean of all steps alike.
    ///
    /// Polyak and Juditsky (1992), and Izmailov and others (2018).
    public var decay: Double?
    /// The share of the run that is made before the mean begins.
    public var start = 0.0

    public init(decay: Double? = nil, start: Double = 0) {
      (self.decay, self.start) = (decay, start)
    }
  }

  /// How long a run goes on.
  public enum Duration: Hashable, Sendable {
    case steps(Int)
    /// Times through the data.
    case epochs(Int)

    /// Steps of a run over `samples`.
    public func steps(samples: Int, batch: Int, accumulation: Int) -> Int {
      switch self {
      case .steps(let steps): steps
      case .epochs(let epochs): max(1, epochs * (samples / batch) / accumulation)
      }
    }
  }

  /// The number formats of a run.
  public struct Precision: Hashable, Sendable {
    /// What activations, cotangents and the weights that the network reads are rounded to.
    public var format = NumberFormat.fp32
    /// What the backward pass is rounded to, where that is another format.
    public var backwardFormat: NumberFormat?
    /// Whether weights are kept and updated in single precision beside the rounded ones.
    public var keepsMasters = true
    /// How the loss is scaled; nil for not at all.
    public var lossScaling: LossScaling?
    /// Layers that compute in single precision, forward and backward, whatever the format; `loss` is what
    /// comes behind the last layer.
    public var exactLayers: [String] = []

    public init() {}
  }

  /// What is done where a step cannot be made, since something in it is not finite.
  public struct Guarding: Hashable, Sendable {
    /// Refused steps in a row after which the run ends.
    ///
    /// Steps that a dynamic loss scale has yet to find its place for count as well.
    public var maxSkipped = 20
    /// Whether the last snapshot is taken up again at that point, once, instead of ending.
    public var rollsBack = false

    public init() {}
  }

  /// When weights and states are kept.
  public struct Snapshots: Hashable, Sendable {
    /// Steps between two; 0 for the first and last step alone.
    public var every = 100
    /// How many are kept beside the first; 0 for all.
    public var kept = 0

    public init() {}
  }

  /// What a run must reach to be called a success.
  public enum Target: Hashable, Sendable {
    /// The mean loss of the last tenth of the steps is at most this.
    case loss(Double)
    /// It is at most this share of the loss in the first step.
    case lossRatio(Double)
    /// The share of right classes in the validation data, or else the training data.
    case accuracy(Double)

    /// Whether it is about classes.
    public var isAccuracy: Bool { if case .accuracy = self { true } else { false } }
  }
}

extension TrainingSettings {
  /// Checks every number, as settings may be written in Swift.
  ///
  /// - Throws: ``TrainingError`` for the first that is out of its range.
  public func check() throws(TrainingError) {
    func require(_ holds: Bool, _ problem: String, _ cure: String) throws(TrainingError) {
      guard holds else { throw TrainingError(.invalidValue, problem, cure: cure) }
    }
    try require(batch >= 1, "'batch' is \(batch)", "give at least 1")
    try require(accumulation >= 1, "'accumulation' is \(accumulation)", "give at least 1")
    switch duration {
    case .steps(let count), .epochs(let count):
      try require(count >= 1, "a run of \(count) steps or epochs", "give at least 1")
    }
    try require(
      precision.format != .fp64 && precision.backwardFormat != .fp64, "'format' is fp64",
      "training computes in single precision or narrower formats")
    try require(
      guarding.maxSkipped >= 0, "'max_skipped' is \(guarding.maxSkipped)", "give at least 0")
    try require(snapshots.every >= 0, "'every' is \(snapshots.every)", "give at least 0")
    try require(snapshots.kept >= 0, "'keep' is \(snapshots.kept)", "give at least 0")
    try require(validationInterval >= 0, "'validate' is negative", "give at least 0")
    switch target {
    case .loss(let value): try require(value.isFinite, "the target is \(value)", "give a number")
    case .lossRatio(let value), .accuracy(let value):
      try require(value > 0 && value <= 1, "the target is \(value)", "give a share up to 1")
    case nil: break
    }
    for rate in layerRates {
      try require(
        (0...1e6).contains(rate.factor), "the factor of a layer's rate is \(rate.factor)",
        "give a number from 0 to 1,000,000")
    }
    if let earlyStopping {
      try require(
        earlyStopping.patience >= 1, "'patience' is \(earlyStopping.patience)", "give at least 1")
      try require(
        earlyStopping.leastChange >= 0 && earlyStopping.leastChange.isFinite,
        "'least_change' is \(earlyStopping.leastChange)", "give a number of at least 0")
    }
    if let averaging {
      try require(
        (0...1).contains(averaging.start), "'start' of the mean is \(averaging.start)",
        "give a share of the run, from 0 to 1")
      try require(
        averaging.decay.map { $0 >= 0 && $0 < 1 } ?? true,
        "'decay' of the mean is \(averaging.decay ?? 0)", "give a number from 0 to less than 1")
    }
    try optimizer.check()
    try schedule.schedule.check()
    try precision.lossScaling?.check()
    try clipping?.check()
    for treatment in treatments { try treatment.check() }
  }
}
