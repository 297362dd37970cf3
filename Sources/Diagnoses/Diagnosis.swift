public import Experiments
public import Findings
import Networks
import Remedies
import Semantics
import Tensors
public import Training
import Trials
import Watching

/// Finds out why a training fails: runs it, goes back to the last healthy snapshot, replays the same
/// steps, and tries what would have happened with one thing changed.
///
/// Used by one thread.
public final class DiagnosisRun {
  /// A run that was kept, whose steps need not be made again.
  public struct Kept {
    public let records: [StepRecord]
    /// How it ended; nil for a run that goes on, was stopped or killed.
    public let ending: Trainer.Ending?
    public let evaluation: Evaluation?
    /// The last snapshot at or before a step.
    public let snapshot: (Int) throws -> TrainingSnapshot?

    public init(
      records: [StepRecord], ending: Trainer.Ending?, evaluation: Evaluation?,
      snapshot: @escaping (Int) throws -> TrainingSnapshot?
    ) {
      (self.records, self.ending, self.evaluation) = (records, ending, evaluation)
      self.snapshot = snapshot
    }
  }

  private let experiment: Experiment
  private let name: String
  private let samples: ExperimentData
  private let deadline: Deadline
  private let progress: (String) -> Void
  private let clock = ContinuousClock.now
  private var snapshots: [TrainingSnapshot] = []

  /// - Parameters:
  ///   - experiment: what was trained.
  ///   - name: what the report calls it.
  ///   - samples: with those that are not finite.
  ///   - budget: time after which no step is begun any more, of the training itself or of a try.
  ///   - progress: told what is being done.
  public init(
    _ experiment: Experiment, name: String, samples: ExperimentData,
    budget: Duration = .seconds(120), progress: @escaping (String) -> Void = { _ in }
  ) {
    self.experiment = experiment
    self.name = name
    self.samples = samples
    deadline = Deadline(after: budget)
    self.progress = progress
  }

  /// Makes the diagnosis.
  ///
  /// - Returns: what was found out; a healthy training has no cause.
  /// - Throws: `InputError` when the experiment cannot be run.
  public func run(_ kept: Kept? = nil) throws -> DiagnosisReport {
    let trial = try Trial(experiment, samples)
    let outcome = try base(trial, kept)
    var report = DiagnosisReport(
      subject: name, verdict: outcome.verdict, steps: outcome.steps,
      plannedSteps: outcome.plannedSteps, firstLoss: outcome.firstLoss,
      lastLoss: outcome.lastLoss, baselineLoss: outcome.baselineLoss, findings: outcome.findings)
    report.onset = trial.symptoms.origins.map {
      DiagnosisReport.Growth(
        quantity: $0.quantity.rawValue, name: $0.name, step: $0.step, rate: $0.rate,
        growth: $0.growth, sentence: $0.sentence)
    }
    if outcome.verdict == .notFinished {
      report.note =
        kept == nil
        ? "The time was over before all steps were made; give more --seconds."
        : "The run goes on or was stopped; nothing is wrong so far."
    } else if !outcome.isHealthy {
      try explain(&report, trial, outcome, kept)
    } else {
      contradict(&report)
    }
    report.seconds = (ContinuousClock.now - clock) / .seconds(1)
    return report
  }

  /// Looks for the cause of a training that is not healthy.
  private func explain(
    _ report: inout DiagnosisReport, _ trial: Trial, _ outcome: TrialOutcome, _ kept: Kept?
  ) throws {
    let healthy = try lastHealthy(trial.symptoms, outcome, kept)
    var origin: NonFiniteOrigin?
    if let refused = trial.symptoms.refused {
      progress("replaying steps \(healthy.step) to \(refused.step)")
      (origin, report.replay) = try replay(from: healthy, to: refused.step, losses: trial.losses)
      report.firstNonFinite = origin.map { DiagnosisReport.NonFinite($0, step: refused.step) }
    }
    progress("estimating the sharpness at step \(healthy.step)")
    let patient = Patient(
      experiment, trial.symptoms, outcome,
      stableRate: deadline.isOver ? nil : try Trial(experiment, samples).stableRate(at: healthy))
    let start = StartState(trial.trainer.network, experiment.network, trial.symptoms.first)
    let suspicion = Suspicion(patient: patient, start: start, origin: origin, losses: trial.losses)
    let seen = Preflight.suspects(of: experiment, samples)
    var suspects = suspicion.suspects.joined(by: seen.map { DiagnosisReport.Suspect($0) })
    let answers = DataAnswers(trial, outcome, deadline: deadline, progress: progress)
    if !suspicion.isIll { suspects = suspects.joined(by: answers.suspects) }
    let tries = Counterfactuals(
      patient, samples: samples, from: healthy, seen: seen, deadline: deadline,
      progress: progress)
    tries.run(&suspects)
    if suspicion.isIll, !suspects.contains(where: \.heals) {
      suspects = suspects.joined(by: answers.suspects)
    }
    suspects.sort { Suspicion.isHeavier($0, $1) }
    report.suspects = suspects
    report.controls = tries.controls
    let conclusion = Conclusion(suspects, tries)
    report.rootCause = conclusion.rootCause
    report.note = conclusion.note
  }

  /// Names what the file and its data contradict themselves in, of a training that is healthy all the same.
  private func contradict(_ report: inout DiagnosisReport) {
    let seen = Preflight.suspects(of: experiment, samples)
      .filter(\.isContradiction)
    guard let first = seen.first else { return }
    report.verdict = .warning
    report.findings = seen.map(\.finding) + report.findings
    report.suspects = [DiagnosisReport.Suspect]().joined(by: seen.map { .init($0) })
    report.rootCause = .init(
      cause: first.cause, isProven: false,
      because: "The training goes well by what was asked of it. \(first.sentence) \(first.because)",
      change: first.remedies.first?.change)
  }

  // MARK: - The run and its replay

  /// Runs the training, keeping snapshots, or takes a run that was kept.
  private func base(_ trial: Trial, _ kept: Kept?) throws -> TrialOutcome {
    let planned = trial.trainer.plannedSteps
    let every = max(1, planned / 12)
    snapshots = [trial.trainer.snapshot()]
    if let kept {
      // The weights of the end tell how well what was learned fits.
      if kept.ending == .finished, let last = try kept.snapshot(planned), last.step == planned {
        try trial.trainer.restore(last)
      }
      return trial.review(kept.records, ending: kept.ending, evaluation: kept.evaluation)
    }
    return trial.run(until: deadline) { step in
      if trial.trainer.step.isMultiple(of: every), step.record.refusal == nil {
        self.snapshots.append(trial.trainer.snapshot())
      }
      self.progress("training, step \(trial.trainer.step) of \(planned)")
      return true
    }
  }

  /// The last snapshot before anything went wrong.
  private func lastHealthy(
    _ symptoms: Symptoms, _ outcome: TrialOutcome, _ kept: Kept?
  ) throws -> TrainingSnapshot {
    let bad =
      [symptoms.refused?.step].compactMap { $0 } + symptoms.origins.map(\.step)
      + outcome.findings.filter { $0.finding.severity == .error }.map(\.since)
    let onset = bad.min() ?? 0
    return try kept?.snapshot(onset) ?? snapshots.last { $0.step <= onset } ?? snapshots[0]
  }

  /// Makes the steps up to the one that was refused again, and traces it; nothing once the time is over.
  private func replay(
    from snapshot: TrainingSnapshot, to step: Int, losses: [Double]
  ) throws -> (NonFiniteOrigin?, DiagnosisReport.Replay?) {
    let again = try Trial(experiment, samples)
    try again.resume(at: snapshot, after: [])
    var isIdentical = true
    while let made = again.next() {
      isIdentical =
        isIdentical && made.record.loss.bitPattern == losses[made.record.step].bitPattern
      guard made.record.step < step else { break }
      if deadline.isOver { return (nil, nil) }
    }
    // Another machine may compute other bits; then what it finds is not what happened.
    return (
      try again.trainer.origin(),
      DiagnosisReport.Replay(from: snapshot.step, to: step, isIdentical: isIdentical)
    )
  }
}

extension DiagnosisReport.NonFinite {
  init(_ origin: NonFiniteOrigin, step: Int) {
    self.init(
      step: step, place: origin.place, tensor: origin.tensor, value: origin.value,
      operatorName: origin.operatorName, shape: origin.shape.extents, element: origin.element,
      found: origin.found, nanCount: origin.nanCount, infinityCount: origin.infinityCount,
      reason: origin.reason?.rawValue, explanation: origin.explanation,
      operands: origin.operands.map {
        .init(
          name: $0.name, shape: $0.shape.extents, minimum: $0.minimum, maximum: $0.maximum,
          value: $0.value)
      }, passedOn: origin.passedOn)
  }
}

extension DiagnosisReport.Suspect {
  /// What was seen ahead of the first step.
  init(_ seen: PreflightSuspect) {
    self.init(
      cause: seen.cause, weight: seen.weight, evidence: ["\(seen.sentence) \(seen.because)"])
  }
}
