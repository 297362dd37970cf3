public import Experiments
public import Findings
import Networks
public import Training
public import Watching

/// A run of an experiment: trained step by step, watched, and judged at its end.
///
/// A sequence of steps, of which each tells its record and what the watch says of it. Used by one
/// thread at a time.
public final class Trial: Sequence, IteratorProtocol {
  public let experiment: Experiment
  public let trainer: Trainer
  public let subject: WatchSubject
  /// What the watch has seen so far.
  public private(set) var watch: Watch
  /// The loss of every step that was made here, in order.
  public private(set) var losses: [Double] = []
  /// What the run showed of itself so far.
  public private(set) var symptoms: Symptoms

  /// A step that was made, and what the watch tells of it.
  public struct Step {
    public let record: StepRecord
    public let events: [WatchEvent]
    /// The loss over the validation data, where it was measured after this step.
    public let evaluation: Evaluation?
  }

  /// Lays everything out and fills the weights.
  ///
  /// - Throws: `InputError` when the data does not fit the network, or the network cannot be built.
  public init(_ experiment: Experiment, _ samples: ExperimentData) throws(InputError) {
    self.experiment = experiment
    do {
      trainer = try Trainer(
        experiment.network, data: samples.training, validation: samples.validation,
        settings: experiment.training)
    } catch let error as NetworkError {
      throw InputError(error.description)
    } catch let error as TrainingError {
      throw InputError(file: experiment.path, error.description)
    } catch {
      throw InputError(file: experiment.path, "\(error)")
    }
    subject = WatchSubject(experiment, trainer, samples.training)
    symptoms = Symptoms(samples)
    watch = Watch(subject, thresholds: experiment.thresholds)
    losses.reserveCapacity(Swift.min(trainer.plannedSteps, 1 << 20))
  }

  /// Reads the samples as well.
  ///
  /// - Throws: `InputError` with the file and line of what is wrong.
  public convenience init(
    _ experiment: Experiment, keepsNonFinite: Bool = false
  ) throws(InputError) {
    try self.init(experiment, try experiment.samples(keepsNonFinite: keepsNonFinite))
  }

  /// Makes one step.
  ///
  /// - Returns: what it did; nil when the run has ended.
  public func next() -> Step? {
    let before = trainer.lastEvaluation
    guard let record = trainer.next() else { return nil }
    losses.append(record.loss)
    symptoms.observe(record)
    let evaluation = trainer.lastEvaluation
    return Step(
      record: record, events: watch.observe(record),
      evaluation: evaluation == before ? nil : evaluation)
  }

  /// Goes on from a snapshot of this very run, with the records that were made before it.
  ///
  /// - Parameters:
  ///   - snapshot: of this experiment.
  ///   - records: those of the steps before it, in order.
  /// - Throws: ``TrainingError`` when the snapshot is of another network or optimiser.
  public func resume(
    at snapshot: TrainingSnapshot, after records: some Sequence<StepRecord>
  ) throws(TrainingError) {
    try trainer.restore(snapshot)
    watch = Watch(subject, thresholds: experiment.thresholds)
    losses.removeAll(keepingCapacity: true)
    observe(records)
  }

  private func observe(_ records: some Sequence<StepRecord>) {
    for record in records {
      losses.append(record.loss)
      symptoms.observe(record)
      _ = watch.observe(record)
    }
  }

  /// The rate up to which gradient descent is stable at a snapshot, or at the start, by the sharpness there.
  ///
  /// - Parameter snapshot: of this experiment; nil for the weights as they are.
  /// - Returns: nil for optimisers that divide gradients by their own size, and where it is not known.
  /// - Throws: ``TrainingError`` when the snapshot is of another network or optimiser.
  public func stableRate(at snapshot: TrainingSnapshot? = nil) throws(TrainingError) -> Double? {
    guard let descent = experiment.training.optimizer as? SGD else { return nil }
    if let snapshot { try trainer.restore(snapshot) }
    guard let sharpness = trainer.sharpness(), sharpness > 0, sharpness.isFinite else { return nil }
    return 2 * (1 + descent.momentum) / sharpness
  }

  /// Judges a run that was made before, from its records alone.
  ///
  /// - Parameters:
  ///   - records: all of its steps.
  ///   - ending: how it ended; nil for a run that was stopped.
  ///   - evaluation: the last one.
  /// - Returns: how it ended.
  public func review(
    _ records: some Sequence<StepRecord>, ending: Trainer.Ending?, evaluation: Evaluation?
  ) -> TrialOutcome {
    observe(records)
    return outcome(
      steps: losses.count, ending: ending, refusedSteps: records.count { $0.refusal != nil },
      evaluation: evaluation)
  }

  /// Makes all steps that are left and judges the run.
  ///
  /// - Parameter steps: told of each step; false ends the run there.
  /// - Returns: how it ended.
  public func run(_ steps: (Step) -> Bool = { _ in true }) -> TrialOutcome {
    while let step = next() {
      if !steps(step) { break }
    }
    return finish()
  }

  /// Makes the steps that are left as long as the run may become a healthy one.
  ///
  /// A run that still fails after half of its steps is ended: what has gone wrong by then is hardly ever
  /// made good, and a search has better uses for the other half.
  ///
  /// - Returns: how it ended; the ending is nil for a run that was given up.
  public func runWhilePromising() -> TrialOutcome {
    run { [self] _ in
      2 * trainer.step < trainer.plannedSteps || trainer.step % 16 != 0 || watch.verdict != .failing
    }
  }

  /// Judges the run as it is now, as one that goes no further.
  public func finish() -> TrialOutcome {
    outcome(
      steps: trainer.step, ending: trainer.ending, refusedSteps: trainer.refusedSteps,
      evaluation: trainer.lastEvaluation)
  }

  private func outcome(
    steps: Int, ending: Trainer.Ending?, refusedSteps: Int, evaluation: Evaluation?
  ) -> TrialOutcome {
    symptoms.origins = watch.origins
    let findings = watch.finish()
    return TrialOutcome(
      steps: steps, plannedSteps: trainer.plannedSteps, ending: ending,
      refusedSteps: refusedSteps, verdict: watch.verdict, findings: findings,
      firstLoss: losses.first(where: \.isFinite) ?? .nan, lastLoss: tailLoss,
      baselineLoss: subject.baselineLoss, evaluation: evaluation,
      meetsTarget: meetsTarget(evaluation))
  }

  /// The mean loss of the last tenth of the steps.
  private var tailLoss: Double {
    let count = Swift.max(1, Swift.min(losses.count, trainer.plannedSteps / 10))
    guard !losses.isEmpty else { return .nan }
    return losses.suffix(count).reduce(0, +) / Double(count)
  }

  private func meetsTarget(_ evaluation: Evaluation?) -> Bool? {
    switch experiment.training.target {
    case .loss(let limit): tailLoss <= limit
    case .lossRatio(let ratio): tailLoss <= ratio * (losses.first(where: \.isFinite) ?? .nan)
    case .accuracy(let share): (evaluation?.accuracy ?? 0) >= share
    case nil: nil
    }
  }
}

/// How a run ended.
public struct TrialOutcome: Sendable {
  public let steps: Int
  public let plannedSteps: Int
  /// nil for a run that was stopped.
  public let ending: Trainer.Ending?
  public let refusedSteps: Int
  public let verdict: Verdict
  /// What was found, the most severe first; what has ended says so.
  public let findings: [WatchedFinding]
  /// The first finite loss.
  public let firstLoss: Double
  /// The mean loss of the last tenth of the steps.
  public let lastLoss: Double
  /// The loss of the best constant prediction; nil where it is not known.
  public let baselineLoss: Double?
  public let evaluation: Evaluation?
  /// nil where the experiment names no target.
  public let meetsTarget: Bool?

  /// The rules whose findings hold as warnings or errors, each once, the most severe first.
  public var standingRules: [RuleName] {
    findings.filter { $0.ended == nil && $0.finding.severity > .note }.map(\.finding.rule)
      .reduce(into: []) { rules, rule in
        if !rules.contains(rule) { rules.append(rule) }
      }
  }

  /// Whether the run came to the end that its settings ask for.
  public var hasAllSteps: Bool {
    switch ending {
    case .finished, .stoppedEarly: true
    case .refused, nil: false
    }
  }

  /// Whether all steps were made, nothing that was found holds, and the target is met where there is one.
  public var isHealthy: Bool {
    hasAllSteps && verdict == .healthy && meetsTarget != false && standingRules.isEmpty
  }
}
