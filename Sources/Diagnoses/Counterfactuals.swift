import Experiments
import Findings
import Remedies
import Training
import Trials

/// What would have happened: the training with one thing changed, beside the unchanged one with the same
/// seeds.
///
/// A change that makes the training healthy has healed it only where the unchanged training fails: the
/// same change is run with other seeds for which it does. Where another seed alone heals it, nothing is
/// proven. Used by one thread.
final class Counterfactuals {
  private let patient: Patient
  private let experiment: Experiment
  private let samples: ExperimentData
  private let healthy: TrainingSnapshot
  private let deadline: Deadline
  private let progress: (String) -> Void
  private let amendments: [Amendment]
  /// The remedies that were named ahead of the first step, by their cause.
  private let named: [RootCause: [String]]
  /// Those of them that take away what contradicts itself in the file or its data.
  private let mending: Set<String>
  /// The unchanged training with other seeds, as far as it was run.
  private(set) var controls: [DiagnosisReport.Control] = []
  /// Changes of two causes that heal only together.
  private(set) var pair: (first: Amendment, second: Amendment)?
  /// Whether something was left undone for want of time.
  private(set) var isCutShort = false

  /// At most this many changes are tried for one cause.
  private static let triesPerCause = 6
  /// Other seeds that the unchanged training is run with; twice as many where they disagree.
  private static let nullTests = 2
  /// A suspect below this has nothing that speaks for it, and is tried when all others have failed.
  private static let leastWeight = 0.3
  /// From this on the run speaks for a suspect by itself.
  private static let clearWeight = 0.6

  init(
    _ patient: Patient, samples: ExperimentData, from healthy: TrainingSnapshot,
    seen: [PreflightSuspect], deadline: Deadline, progress: @escaping (String) -> Void
  ) {
    (self.patient, self.samples, self.healthy) = (patient, samples, healthy)
    experiment = patient.experiment
    (self.deadline, self.progress) = (deadline, progress)
    amendments = ExperimentRemedies.amendments(for: patient)
    named = Dictionary(grouping: seen, by: \.cause).mapValues {
      $0.flatMap { $0.remedies.map(\.remedy) }
    }
    mending = Set(
      seen.filter(\.isContradiction).flatMap { $0.remedies.map(\.remedy) })
  }

  /// Tries the suspects, the heaviest first, until one is proven; then pairs of them, and other seeds.
  func run(_ suspects: inout [DiagnosisReport.Suspect]) {
    if suspects.first?.heals == true { return }
    let heavy = suspects.indices.filter { suspects[$0].weight >= Self.leastWeight }
    if tryEach(heavy, of: &suspects) || isCutShort { return }
    tryPairs(&suspects)
    guard pair == nil, !isCutShort else { return }
    // Where the run speaks for a cause, what helps against something else is a detour.
    if !suspects.contains(where: { $0.weight >= Self.clearWeight }) {
      let light = suspects.indices.filter { !heavy.contains($0) }
      if tryEach(light, of: &suspects) || isCutShort { return }
    }
    runControls(Self.nullTests)
  }

  /// Tries suspects in their order until one heals.
  ///
  /// - Returns: whether one did.
  private func tryEach(
    _ places: [Int], of suspects: inout [DiagnosisReport.Suspect]
  ) -> Bool {
    // Mending one contradiction may be a relief, and mending another the cure.
    var relieved: Int?
    func settle(_ index: Int) {
      suspects[index].heals = true
      suspects[index].isProven =
        !isCutShort && !controls.contains(where: \.isHealthy) && !controls.isEmpty
    }
    for index in places {
      let changes = own(suspects[index].cause).prefix(Self.triesPerCause)
      if let relieved, !changes.contains(where: { mending.contains($0.remedy) }) {
        settle(relieved)
        return true
      }
      for amendment in changes {
        guard !deadline.isOver else {
          isCutShort = true
          return false
        }
        progress("trying: \(amendment.sentence)")
        guard var tried = tried(amendment) else { continue }
        let heals = (tried.isHealthy || tried.isRelieved) && confirms(amendment, &tried)
        suspects[index].counterfactuals.append(tried)
        if heals, !tried.isRelieved {
          settle(index)
          return true
        }
        if heals, relieved == nil { relieved = index }
      }
    }
    if let relieved { settle(relieved) }
    return relieved != nil
  }

  /// Whether another seed alone makes the training healthy, in at least half of the runs.
  var isMatterOfChance: Bool {
    2 * controls.count(where: \.isHealthy) >= controls.count && controls.count >= Self.nullTests
      && controls.contains(where: \.isHealthy)
  }

  /// The changes of a cause: those of remedies that were named with it first, in their order.
  private func own(_ cause: RootCause) -> [Amendment] {
    let names = named[cause] ?? []
    let first = names.flatMap { name in amendments.filter { $0.remedy == name } }
    return first + amendments.filter { $0.cause == cause && !names.contains($0.remedy) }
  }

  // MARK: - One change

  /// The run with one thing changed; nil where it cannot be made.
  private func tried(_ amendment: Amendment) -> DiagnosisReport.Counterfactual? {
    guard let trial = trial(amendment.experiment, seed: experiment.training.seed) else {
      return nil
    }
    var from = 0
    // A snapshot near the start saves nothing, and the run as a whole tells more.
    if !amendment.needsNewStart, 4 * healthy.step > trial.trainer.plannedSteps,
      (try? trial.resume(at: healthy, after: [])) != nil
    {
      from = healthy.step
    }
    let outcome = trial.runWhilePromising(until: deadline)
    if outcome.ending == nil, outcome.verdict != .failing { isCutShort = true }
    var tried = DiagnosisReport.Counterfactual(
      change: amendment.sentence, fromStep: from, steps: outcome.steps, verdict: outcome.verdict,
      isHealthy: outcome.isCured, lastLoss: outcome.lastLoss, rules: outcome.standingRules,
      objection: outcome.isHealthy ? outcome.objection : nil)
    tried.isRelieved = isRelieved(outcome, by: amendment)
    return tried
  }

  /// Whether a change takes away a contradiction and with it what the training suffers from, and only
  /// the target is still missed: that may ask for more than the mended training can give.
  private func isRelieved(_ outcome: TrialOutcome, by amendment: Amendment) -> Bool {
    mending.contains(amendment.remedy) && outcome.isRelieved(of: patient.outcome)
  }

  private func trial(_ changed: Experiment, seed: UInt64) -> Trial? {
    var changed = changed
    changed.training.seed = seed
    let isSame = changed.data == experiment.data && seed == experiment.training.seed
    guard
      let samples = isSame ? samples : try? changed.samples(keepsNonFinite: true)
    else { return nil }
    return try? Trial(changed, samples)
  }

  // MARK: - Other seeds

  /// Runs a change with the other seeds for which the unchanged training fails.
  ///
  /// - Returns: whether it is healthy with all of them, or relieved where it takes away a contradiction;
  ///   true where the time does not suffice.
  private func confirms(
    _ amendment: Amendment, _ tried: inout DiagnosisReport.Counterfactual
  ) -> Bool {
    runControls(Self.nullTests)
    for control in controls where !control.isHealthy {
      guard !deadline.isOver else {
        isCutShort = true
        return true
      }
      progress("proving with seed \(control.seed): \(amendment.sentence)")
      guard let trial = trial(amendment.experiment, seed: control.seed) else { continue }
      let outcome = trial.runWhilePromising(until: deadline)
      if outcome.ending == nil, outcome.verdict != .failing {
        isCutShort = true
        return true
      }
      let isRelieved = isRelieved(outcome, by: amendment)
      tried.seeds[control.seed] = outcome.isCured || isRelieved
      if isRelieved { tried.isRelieved = true }
      if !outcome.isCured, !isRelieved { return false }
    }
    return true
  }

  /// Runs the unchanged training with other seeds, once for all changes.
  private func runControls(_ count: Int) {
    while controls.count < count {
      guard !deadline.isOver else {
        isCutShort = true
        return
      }
      let seed = experiment.training.seed &+ UInt64(controls.count + 1)
      progress("training unchanged with seed \(seed)")
      guard let trial = trial(experiment, seed: seed) else { return }
      let outcome = trial.runWhilePromising(until: deadline)
      if outcome.ending == nil, outcome.verdict != .failing {
        isCutShort = true
        return
      }
      controls.append(
        .init(
          seed: seed, verdict: outcome.verdict, lastLoss: outcome.lastLoss,
          isHealthy: outcome.isCured))
    }
    let healthy = controls.count(where: \.isHealthy)
    if count == Self.nullTests, healthy > 0, healthy < count { runControls(2 * count) }
  }

  // MARK: - Two changes

  /// Takes the best change of each of two causes together, where none alone is enough.
  private func tryPairs(_ suspects: inout [DiagnosisReport.Suspect]) {
    let heavy = suspects.indices.filter {
      suspects[$0].weight >= Self.leastWeight && !suspects[$0].counterfactuals.isEmpty
        && suspects[$0].cause.isNumerical
    }
    for (place, first) in heavy.prefix(3).enumerated() {
      for second in heavy.prefix(3).dropFirst(place + 1) {
        for change in own(suspects[first].cause).prefix(Self.triesPerCause) {
          let next = ExperimentRemedies.amendments(
            for: Patient(change.experiment, patient.symptoms, patient.outcome)
          ).filter { $0.cause == suspects[second].cause }
          for other in next.prefix(3) {
            guard !deadline.isOver else {
              isCutShort = true
              return
            }
            progress("trying: \(change.sentence); \(other.sentence)")
            guard var tried = tried(other), tried.isHealthy else { continue }
            tried.change = "\(change.sentence); \(other.sentence)"
            guard confirms(other, &tried) else { continue }
            for index in [first, second] {
              suspects[index].counterfactuals.append(tried)
              suspects[index].heals = true
              suspects[index].isProven =
                !isCutShort && !controls.contains(where: \.isHealthy) && !controls.isEmpty
            }
            pair = (change, other)
            return
          }
        }
      }
    }
  }
}
