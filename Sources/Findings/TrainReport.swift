/// What a training came to.
public struct TrainReport: Hashable, Sendable {
  /// What was trained, as it is told before the first step.
  public struct Start: Hashable, Sendable {
    /// The experiment's file, or its name.
    public var experiment: String
    /// The file that the run is kept in; nil for a run that is not.
    public var run: String?
    public var layers: Int
    public var parameters: Int
    public var samples: Int
    public var validationSamples: Int
    public var batch: Int
    public var plannedSteps: Int
    /// The first step that is made, more than 0 for a run that is gone on with.
    public var firstStep: Int
    public var optimizer: String
    public var format: String
    public var seed: UInt64
    /// Samples that were left out, since they hold numbers that are not finite.
    public var dropped: [String]
    /// What was seen to be wrong ahead of the first step.
    public var findings: [WatchedFinding] = []
    /// In which units targets, predictions and losses are, where targets are standardised.
    public var units: String?

    public init(
      experiment: String, run: String?, layers: Int, parameters: Int, samples: Int,
      validationSamples: Int, batch: Int, plannedSteps: Int, firstStep: Int, optimizer: String,
      format: String, seed: UInt64, dropped: [String]
    ) {
      self.experiment = experiment
      self.run = run
      self.layers = layers
      self.parameters = parameters
      self.samples = samples
      self.validationSamples = validationSamples
      self.batch = batch
      self.plannedSteps = plannedSteps
      self.firstStep = firstStep
      self.optimizer = optimizer
      self.format = format
      self.seed = seed
      self.dropped = dropped
    }
  }

  /// How it ended.
  public enum Ending: String, Hashable, Sendable {
    /// All steps were made.
    case finished
    /// The loss over the validation data no longer fell, as 'early_stopping' asks.
    case stoppedEarly = "stopped_early"
    /// The user stopped it.
    case stopped
    /// More steps in a row were refused than is allowed.
    case refused
  }

  public var start: Start
  public var ending: Ending
  /// Why it was ended, and what to do; nil unless it was.
  public var advice: String?
  /// Steps that were made or refused, those before the first included.
  public var steps: Int
  public var refusedSteps: Int
  public var verdict: TrainingVerdict
  public var firstLoss: Double
  /// The mean of the last tenth of the steps.
  public var lastLoss: Double
  /// That of the best constant prediction; nil where it is not known.
  public var baselineLoss: Double?
  public var losses: [Double]
  /// The loss and the share of right classes at the end, over the validation data where there are
  /// some.
  public var evaluation: (loss: Double, accuracy: Double?)? {
    get { evaluated.map { ($0.loss, $0.accuracy) } }
    set { evaluated = newValue.map { Evaluated(loss: $0.loss, accuracy: $0.accuracy) } }
  }
  /// nil where the experiment names no target, and for a run that is not finished.
  public var meetsTarget: Bool?
  /// The target beside what was reached, as words; nil where there is no target.
  public var target: String?
  public var findings: [WatchedFinding]
  public var seconds: Double
  private var evaluated: Evaluated?

  private struct Evaluated: Hashable {
    var loss: Double
    var accuracy: Double?
  }

  public init(
    start: Start, ending: Ending, advice: String?, steps: Int, refusedSteps: Int,
    verdict: TrainingVerdict,
    firstLoss: Double, lastLoss: Double, baselineLoss: Double?, losses: [Double],
    meetsTarget: Bool?, findings: [WatchedFinding], seconds: Double
  ) {
    self.start = start
    self.ending = ending
    self.advice = advice
    self.steps = steps
    self.refusedSteps = refusedSteps
    self.verdict = verdict
    self.firstLoss = firstLoss
    self.lastLoss = lastLoss
    self.baselineLoss = baselineLoss
    self.losses = losses
    self.meetsTarget = meetsTarget
    self.findings = findings
    self.seconds = seconds
  }
}

extension TrainReport.Start: JSONRepresentable {
  /// The first line of a stream of steps.
  public var json: JSON {
    .object([
      "schema": .text(TrainReport.schema), "experiment": .text(experiment), "run": .text(run),
      "layers": .integer(layers), "parameters": .integer(parameters),
      "samples": .integer(samples), "validation_samples": .integer(validationSamples),
      "batch": .integer(batch), "planned_steps": .integer(plannedSteps),
      "first_step": .integer(firstStep), "optimizer": .text(optimizer), "format": .text(format),
      "seed": .integer(Int(clamping: seed)), "dropped": .array(dropped.map { .text($0) }),
      "units": .text(units), "findings": .array(findings.map(\.json)),
    ])
  }
}

extension TrainReport: JSONRepresentable {
  public static let schema = "evenkeel.train/1"

  /// The last line of a stream of steps.
  public var json: JSON {
    .object([
      "schema": .text(Self.schema), "experiment": .text(start.experiment),
      "run": .text(start.run), "verdict": .text(verdict.rawValue),
      "ending": .text(ending.rawValue), "advice": .text(advice), "steps": .integer(steps),
      "planned_steps": .integer(start.plannedSteps), "refused_steps": .integer(refusedSteps),
      "loss": .object([
        "first": .number(firstLoss), "last": .number(lastLoss), "baseline": .number(baselineLoss),
      ]),
      "evaluation": evaluated.map {
        .object(["loss": .number($0.loss), "accuracy": .number($0.accuracy)])
      } ?? .null, "meets_target": meetsTarget.map { .boolean($0) } ?? .null,
      "target": .text(target), "findings": .array(findings.map(\.json)),
      "seconds": .number(seconds),
    ])
  }
}
