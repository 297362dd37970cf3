public import Experiments
public import Findings
import Networks
import Numbers
import Samples
import Tensors
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
  public let samples: ExperimentData

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
    self.samples = samples
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
    symptoms = Symptoms(samples, trainer.network)
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
  /// - Parameters:
  ///   - deadline: where the run is stopped, should it not have ended.
  ///   - steps: told of each step; false ends the run there.
  /// - Returns: how it ended.
  public func run(
    until deadline: Deadline = .never, _ steps: (Step) -> Bool = { _ in true }
  ) -> TrialOutcome {
    while !deadline.isOver, let step = next() {
      if !steps(step) { break }
    }
    return finish()
  }

  /// Makes the steps that are left as long as the run may become a healthy one.
  ///
  /// A run that still fails after half of its steps is ended: what has gone wrong by then is hardly ever
  /// made good, and a search has better uses for the other half.
  ///
  /// - Parameter deadline: where the run is stopped, should it not have ended.
  /// - Returns: how it ended; the ending is nil for a run that was given up.
  public func runWhilePromising(until deadline: Deadline = .never) -> TrialOutcome {
    run(until: deadline) { [self] _ in
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
    // What goes on is judged by what it has shown, not as one that has had its time.
    var findings = ending == nil ? watch.findings : watch.finish()
    let fit = ending?.isComplete == true ? fit(evaluation) : nil
    if let fit, losses.count >= experiment.thresholds.minimumSteps {
      let told = Set(findings.filter { $0.ended == nil }.map(\.finding.rule))
      let own = fit.findings.filter { !told.contains($0.rule) }
        .map { WatchedFinding($0, since: 0, told: losses.count) }
      findings.insert(
        contentsOf: own, at: findings.firstIndex { $0.finding.severity < .error } ?? findings.count)
    }
    return TrialOutcome(
      steps: steps, plannedSteps: trainer.plannedSteps, ending: ending,
      refusedSteps: refusedSteps, findings: findings,
      firstLoss: losses.first(where: \.isFinite) ?? .nan,
      greatestLoss: losses.lazy.filter(\.isFinite).max() ?? .nan, lastLoss: tailLoss,
      baselineLoss: subject.baselineLoss, evaluation: evaluation, fit: fit,
      meetsTarget: ending == nil ? nil : meetsTarget(evaluation), target: target(evaluation))
  }

  /// The fit of the weights as they are; nil where these are not those of the run's end.
  private func fit(_ evaluation: Evaluation?) -> Fit? {
    guard trainer.step >= trainer.plannedSteps else { return nil }
    let all = samples.training
    let stride = Swift.max(1, all.count / Fit.mostSamples)
    let looked =
      stride == 1 ? all : all.samples(at: Array(Swift.stride(from: 0, to: all.count, by: stride)))
    guard let own = try? trainer.evaluation(on: looked) else { return nil }
    let held = samples.validation
    return Fit(
      training: own, validation: held == nil ? nil : evaluation,
      baselineLoss: subject.baselineLoss, validationBaselineLoss: held.flatMap(constantLoss),
      commonestShare: commonestShare,
      validationSamples: held?.count ?? 0)
  }

  /// The mean squared error of the training targets' mean over other samples; nil for other losses, whose
  /// baselines are taken to be the same.
  private func constantLoss(_ held: Dataset) -> Double? {
    guard experiment.network.loss?.name == "mean_squared_error",
      case .reals(let own) = samples.training.targets, case .reals(let other) = held.targets,
      own.count > 0, own.count / samples.training.count == other.count / held.count
    else { return nil }
    let width = own.count / samples.training.count
    let (mine, theirs) = (own.elements(as: Float.self), other.elements(as: Float.self))
    return (0..<width).reduce(0) { sum, column in
      let mean =
        Swift.stride(from: column, to: own.count, by: width)
        .reduce(0) { $0 + Double(mine[$1]) } / Double(samples.training.count)
      let error = Swift.stride(from: column, to: other.count, by: width)
        .reduce(0) { $0 + (Double(theirs[$1]) - mean) * (Double(theirs[$1]) - mean) }
      return sum + error / Double(other.count)
    }
  }

  /// The share of the commonest class.
  private var commonestShare: Double? {
    guard case .classes(let labels, let names) = samples.training.targets else { return nil }
    return BaselineLoss.shares(of: labels, names.count).max()
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

  private func target(_ evaluation: Evaluation?) -> String? {
    func beside(_ name: String, _ reached: String, _ isMet: Bool, _ wanted: String) -> String {
      "the \(name) of \(reached) \(isMet ? "meets" : "misses") the target of \(wanted)"
    }
    guard let target = experiment.training.target, let isMet = meetsTarget(evaluation) else {
      return nil
    }
    let loss = Numerals.short(tailLoss)
    switch target {
    case .loss(let limit): return beside("loss", loss, isMet, Numerals.short(limit))
    case .lossRatio(let ratio):
      let first = losses.first(where: \.isFinite) ?? .nan
      return beside(
        "loss", loss, isMet,
        "\(Numerals.short(ratio * first)), \(Numerals.short(ratio)) times the first loss")
    case .accuracy(let share):
      guard let accuracy = evaluation?.accuracy else {
        return "the target is an accuracy, and there are no classes to be right about"
      }
      // Two shares that read the same must still tell which is the greater.
      let (reached, wanted) = (Numerals.percent(accuracy), Numerals.percent(share))
      return reached == wanted
        ? beside("accuracy", Numerals.precise(accuracy), isMet, Numerals.precise(share))
        : beside("accuracy", reached, isMet, wanted)
    }
  }
}
