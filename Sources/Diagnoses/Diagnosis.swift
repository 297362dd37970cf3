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
    /// How it ended; nil for a run that was stopped or killed.
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
  private let budget: Duration
  private let progress: (String) -> Void
  private let clock = ContinuousClock.now
  private var snapshots: [TrainingSnapshot] = []

  /// At most this many changes are tried for one cause.
  private static let triesPerCause = 4

  /// - Parameters:
  ///   - experiment: what was trained.
  ///   - name: what the report calls it.
  ///   - samples: with those that are not finite.
  ///   - budget: time after which no more changes are tried; at least the two likeliest causes are.
  ///   - progress: told what is being done.
  public init(
    _ experiment: Experiment, name: String, samples: ExperimentData,
    budget: Duration = .seconds(120), progress: @escaping (String) -> Void = { _ in }
  ) {
    self.experiment = experiment
    self.name = name
    self.samples = samples
    self.budget = budget
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
      subject: name,
      verdict: outcome.isHealthy ? .healthy : outcome.verdict == .failing ? .failing : .warning,
      steps: outcome.steps, plannedSteps: outcome.plannedSteps, firstLoss: outcome.firstLoss,
      lastLoss: outcome.lastLoss, baselineLoss: outcome.baselineLoss, findings: outcome.findings)
    report.onset = trial.symptoms.origins.map {
      DiagnosisReport.Growth(
        quantity: $0.quantity.rawValue, name: $0.name, step: $0.step, rate: $0.rate,
        growth: $0.growth, sentence: $0.sentence)
    }
    defer { report.seconds = (ContinuousClock.now - clock) / .seconds(1) }
    guard !outcome.isHealthy else { return report }

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
      stableRate: try Trial(experiment, samples).stableRate(at: healthy))
    let start = StartState(trial.trainer.network, experiment.network, trial.symptoms.first)
    var suspects = Suspicion(patient: patient, start: start, origin: origin).suspects
    try tryCounterfactuals(&suspects, patient, from: healthy)
    suspects.sort { Self.score($0) > Self.score($1) }
    report.suspects = suspects
    report.rootCause = suspects.first.map { verdict(on: $0, against: suspects.dropFirst()) }
    return report
  }

  // MARK: - The run and its replay

  /// Runs the training, keeping snapshots, or takes a run that was kept.
  private func base(_ trial: Trial, _ kept: Kept?) throws -> TrialOutcome {
    let planned = trial.trainer.plannedSteps
    let every = max(1, planned / 12)
    snapshots = [trial.trainer.snapshot()]
    if let kept {
      return trial.review(kept.records, ending: kept.ending, evaluation: kept.evaluation)
    }
    return trial.run { step in
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

  /// Makes the steps up to the one that was refused again, and traces it.
  private func replay(
    from snapshot: TrainingSnapshot, to step: Int, losses: [Double]
  ) throws -> (NonFiniteOrigin?, DiagnosisReport.Replay) {
    let again = try Trial(experiment, samples)
    try again.resume(at: snapshot, after: [])
    var isIdentical = true
    while let made = again.next() {
      isIdentical =
        isIdentical && made.record.loss.bitPattern == losses[made.record.step].bitPattern
      guard made.record.step < step else { break }
    }
    // Another machine may compute other bits; then what it finds is not what happened.
    return (
      try again.trainer.origin(),
      DiagnosisReport.Replay(from: snapshot.step, to: step, isIdentical: isIdentical)
    )
  }

  // MARK: - What would have happened

  private func tryCounterfactuals(
    _ suspects: inout [DiagnosisReport.Suspect], _ patient: Patient, from healthy: TrainingSnapshot
  ) throws {
    let amendments = ExperimentRemedies.amendments(for: patient)
    for index in suspects.indices {
      let isOver = ContinuousClock.now - clock > budget
      guard !isOver || index < 2 else { break }
      let own = amendments.filter { $0.cause == suspects[index].cause }
      for amendment in own.prefix(Self.triesPerCause) {
        progress("trying: \(amendment.sentence)")
        guard let tried = tried(amendment, from: healthy) else { continue }
        suspects[index].counterfactuals.append(tried)
        if tried.isHealthy || ContinuousClock.now - clock > budget { break }
      }
    }
  }

  /// The run with one thing changed; nil where it cannot be made.
  private func tried(
    _ amendment: Amendment, from healthy: TrainingSnapshot
  ) -> DiagnosisReport.Counterfactual? {
    guard
      let samples = amendment.experiment.data == experiment.data
        ? samples : try? amendment.experiment.samples(keepsNonFinite: true),
      let trial = try? Trial(amendment.experiment, samples)
    else { return nil }
    var from = 0
    // A snapshot near the start saves nothing, and the run as a whole tells more.
    if !amendment.needsNewStart, 4 * healthy.step > trial.trainer.plannedSteps,
      (try? trial.resume(at: healthy, after: [])) != nil
    {
      from = healthy.step
    }
    let outcome = trial.runWhilePromising()
    return DiagnosisReport.Counterfactual(
      change: amendment.sentence, fromStep: from, steps: outcome.steps, verdict: outcome.verdict,
      isHealthy: outcome.isHealthy, lastLoss: outcome.lastLoss,
      rules: outcome.standingRules)
  }

  /// What the run says of a cause, and what happened without it.
  private static func score(_ suspect: DiagnosisReport.Suspect) -> Double {
    let tries = suspect.counterfactuals
    if suspect.isProven { return suspect.weight + 0.5 }
    if tries.contains(where: { $0.verdict != .failing }) { return suspect.weight + 0.15 }
    // What went wrong is gone, and the run is only too short for so small a rate.
    let isMild = tries.contains { $0.rules == [.learningRateTooSmall] && $0.lastLoss.isFinite }
    return suspect.weight + (suspect.cause == .learningRate && isMild ? 0.15 : 0)
  }

  private func verdict(
    on suspect: DiagnosisReport.Suspect, against others: ArraySlice<DiagnosisReport.Suspect>
  ) -> DiagnosisReport.Verdicted {
    var sentences = suspect.evidence
    if let proof = suspect.counterfactuals.first(where: \.isHealthy) {
      sentences.append("With one change the training is healthy: \(proof.change).")
    } else if suspect.counterfactuals.isEmpty {
      sentences.append("No change of it was tried.")
    } else {
      sentences.append("No change of it alone made the training healthy.")
    }
    if let other = others.first(where: \.isProven) {
      sentences.append(
        "A change of \(other.cause.phrase) helps as well, but the run speaks less for it.")
    }
    return .init(
      cause: suspect.cause, isProven: suspect.isProven, because: sentences.joined(separator: " "))
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
