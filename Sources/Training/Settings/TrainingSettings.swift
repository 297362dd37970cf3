public import Numbers

/// Everything that a training is asked to do with a network and data.
public struct TrainingSettings: Sendable {
  public var optimizer: any Optimizer = SGD()
  public var schedule = LearningRatePlan()
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

  public init() {}

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
    try optimizer.check()
    try schedule.schedule.check()
    try precision.lossScaling?.check()
    try clipping?.check()
    for treatment in treatments { try treatment.check() }
  }
}
