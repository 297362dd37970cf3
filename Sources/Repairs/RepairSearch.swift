import Diagnoses
public import Experiments
public import Findings
import Numbers
import Remedies
import Training
import Trials

/// Searches the remedies for the smallest change that makes a training healthy, and proves it.
///
/// Every change is tried for real. The run itself and the theory of its start rank them; a change that
/// works must work for every seed. Where no single change does, the most promising are changed further.
public final class RepairSearch {
  /// What a search may cost.
  public struct Budget: Hashable, Sendable {
    public var steps: Int?
    public var time: Duration?

    public init(steps: Int? = nil, time: Duration? = nil) {
      (self.steps, self.time) = (steps, time)
    }
  }

  /// A repair that was found.
  public struct Repair {
    public let experiment: Experiment
    public let report: RepairReport
  }

  private let experiment: Experiment
  private let samples: ExperimentData
  private let budget: Budget
  private let seeds: Int
  private let progress: (String) -> Void
  private let clock = ContinuousClock.now
  private let deadline: Deadline
  private var steps = 0
  private var tried: [RepairReport.Try] = []
  private var seen: Set<String> = []
  /// The end of the comparison with remedies chosen at random, while it goes on.
  private var comparison: Deadline?

  /// Changes that are put together at most.
  private static let mostChanges = 3
  /// Experiments that are changed further.
  private static let beam = 3
  /// Changes tried of an experiment that is changed further.
  private static let breadth = 12

  /// A change, or several one after the other, with what it came to.
  private struct Node {
    var amendments: [Amendment]
    var experiment: Experiment
    var patient: Patient
    var start: StartBalance
    var place: Int

    var effort: Int { amendments.reduce(0) { $0 + $1.effort } }
  }

  /// - Parameters:
  ///   - experiment: what is to be repaired.
  ///   - samples: with those that are not finite.
  ///   - budget: what the search may cost.
  ///   - seeds: how many seeds a repair is to be healthy for.
  ///   - progress: told what is being done.
  public init(
    _ experiment: Experiment, samples: ExperimentData, budget: Budget, seeds: Int = 3,
    progress: @escaping (String) -> Void = { _ in }
  ) {
    self.experiment = experiment
    self.samples = samples
    self.budget = budget
    deadline = Deadline(after: budget.time)
    self.seeds = seeds
    self.progress = progress
  }

  /// Searches.
  ///
  /// - Parameters:
  ///   - name: what the report calls the experiment.
  ///   - comparesWithRandom: whether a random choice of remedies is tried with as many steps, and in as
  ///     much time again.
  /// - Returns: the repaired experiment, or the broken one where none was found, with the report.
  /// - Throws: `InputError` when the experiment cannot be run.
  public func run(called name: String, comparesWithRandom: Bool = false) throws -> Repair {
    progress("training as it is")
    let trial = try Trial(experiment, samples)
    let outcome = trial.run(until: deadline)
    var report = RepairReport(
      subject: name, outcome: outcome.isHealthy ? .healthy : .unrepaired)
    (report.firstLoss, report.brokenLoss) = (outcome.firstLoss, outcome.lastLoss)
    var result = experiment
    if outcome.verdict == .notFinished {
      report.reason =
        "The time was over after \(Numerals.count(outcome.steps)) of "
        + "\(Numerals.count(outcome.plannedSteps)) steps of the training as it is; nothing was wrong "
        + "so far. Give a larger --budget."
    } else if outcome.isHealthy {
      let seen = Preflight.suspects(of: experiment, samples)
        .filter(\.isContradiction)
      report.reason =
        seen.isEmpty
        ? nil
        : "The training goes well by what was asked of it. "
          + seen.map { "\($0.sentence) \($0.because)" }.joined(separator: " ")
    } else if let reason = Incurable(trial, outcome, deadline: deadline, progress).reason {
      report.reason = reason
    } else {
      let base = Node(
        amendments: [], experiment: experiment,
        patient: Patient(
          experiment, trial.symptoms, outcome,
          stableRate: try Trial(experiment, samples).stableRate()),
        start: StartBalance(trial, experiment), place: -1)
      if let found = try search(from: base) {
        report.outcome = .repaired
        report.changes = found.node.amendments.map(\.sentence)
        report.proof = found.proof
        report.controls = controls(of: found.proof, outcome)
        report.reason = Self.luck(report.controls)
        result = found.node.experiment
      }
      let spent = steps
      if comparesWithRandom {
        report.random = randomChoice(base.patient, budget: spent)
      }
      report.steps = spent
    }
    report.tried = tried
    report.seconds = (ContinuousClock.now - clock) / .seconds(1)
    return Repair(experiment: result, report: report)
  }

  // MARK: - Search

  private func search(from base: Node) throws -> (node: Node, proof: [RepairReport.Proof])? {
    let mending = Set(
      Preflight.suspects(of: experiment, samples).filter(\.isContradiction)
        .flatMap { $0.remedies.map(\.remedy) })
    var frontier = [base]
    // A repair that leaves a contradiction of the file as it is, while mending it alone is a relief.
    var detour: (node: Node, proof: [RepairReport.Proof])?
    for depth in 1...Self.mostChanges {
      var children: [Node] = []
      for parent in frontier {
        let ranked = ranked(parent)
        for amendment in depth == 1 ? ranked[...] : ranked.prefix(Self.breadth) {
          guard hasBudget else { return detour }
          guard let child = tried(amendment, on: parent) else { continue }
          if child.patient.outcome.isCured, let proof = proof(of: child) {
            let found = try smallest(child, proof)
            let isMended = found.node.amendments.contains { mending.contains($0.remedy) }
            guard !isMended, children.contains(where: { isRelief($0, mending, base) }) else {
              return found
            }
            detour = found
            break
          }
          children.append(child)
        }
      }
      if let detour {
        children.removeAll { !isRelief($0, mending, base) }
        if children.isEmpty { return detour }
      }
      frontier = Array(children.sorted { Self.score($0) > Self.score($1) }.prefix(Self.beam))
    }
    return detour
  }

  /// Whether a change takes away a contradiction, and leaves nothing to be found.
  private func isRelief(_ child: Node, _ mending: Set<String>, _ base: Node) -> Bool {
    child.amendments.contains { mending.contains($0.remedy) }
      && (child.patient.outcome.isCured
        || child.patient.outcome.isRelieved(of: base.patient.outcome))
  }

  private var hasBudget: Bool {
    if let most = budget.steps, steps >= most { return false }
    return !deadline.isOver
  }

  /// The changes of an experiment, the most promising first: what the run says of their cause, what
  /// they change, and what the theory says of the start that they lead to.
  private func ranked(_ node: Node) -> [Amendment] {
    let weights = node.start.weights(of: node.patient)
    let used = Set(node.amendments.map(\.remedy))
    var counts: [String: Int] = [:]
    return ExperimentRemedies.amendments(for: node.patient)
      .filter { !used.contains($0.remedy) && !seen.contains($0.experiment.yaml) }
      .map { amendment -> (Amendment, Double) in
        // The first change of a remedy is the most promising one.
        let number = counts[amendment.remedy, default: 0]
        counts[amendment.remedy] = number + 1
        let weight = amendment.cause.map { weights[$0] ?? 0 } ?? 0.25
        let effort = Double(amendment.effort)
        return (amendment, 2 * weight - 0.12 * effort - 0.1 * Double(number))
      }
      .sorted { $0.1 > $1.1 }.map(\.0)
  }

  private func tried(_ amendment: Amendment, on parent: Node) -> Node? {
    guard seen.insert(amendment.experiment.yaml).inserted else { return nil }
    let amendments = parent.amendments + [amendment]
    progress("trying: \(amendments.map(\.sentence).joined(separator: "; "))")
    guard let (trial, outcome) = run(amendment.experiment) else { return nil }
    tried.append(
      RepairReport.Try(
        remedies: amendments.map(\.remedy), changes: amendments.map(\.sentence),
        verdict: outcome.verdict, isHealthy: outcome.isCured, lastLoss: outcome.lastLoss,
        accuracy: outcome.evaluation?.accuracy, steps: outcome.steps,
        rules: outcome.standingRules))
    if outcome.isHealthy { tried[tried.count - 1].objection = outcome.objection }
    return Node(
      amendments: amendments, experiment: amendment.experiment,
      patient: Patient(amendment.experiment, trial.symptoms, outcome),
      start: StartBalance(trial, amendment.experiment), place: tried.count - 1)
  }

  /// Where a run is stopped: a comparison has time of its own.
  private var runDeadline: Deadline { comparison ?? deadline }

  private func run(_ experiment: Experiment) -> (Trial, TrialOutcome)? {
    guard
      let samples =
        experiment.data == self.experiment.data
          && experiment.training.seed == self.experiment.training.seed
        ? samples : try? experiment.samples(keepsNonFinite: true),
      let trial = try? Trial(experiment, samples)
    else { return nil }
    let outcome = trial.runWhilePromising(until: runDeadline)
    steps += outcome.steps
    return (trial, outcome)
  }

  /// How near an experiment is to health: what was learned first, then what is still found.
  private static func score(_ node: Node) -> Double {
    let outcome = node.patient.outcome
    guard outcome.lastLoss.isFinite else { return -10 - Double(node.effort) }
    let reference = outcome.baselineLoss ?? outcome.firstLoss
    let learned =
      reference > 0 && outcome.lastLoss > 0 ? min(1, 1 - outcome.lastLoss / reference) : 0
    let penalty: Double =
      switch outcome.verdict {
      case .healthy, .targetMissed: 0
      case .warning: 0.5
      case .failing, .notFinished: 1.5
      }
    return 2 * max(-1, learned) - penalty - 0.05 * Double(node.effort)
      + (outcome.meetsTarget == true ? 0.5 : 0)
  }

  // MARK: - Proof

  /// Runs with other seeds; nil where one of them is not healthy.
  private func proof(of node: Node) -> [RepairReport.Proof]? {
    let outcome = node.patient.outcome
    let seed = node.experiment.training.seed
    var proof = [
      RepairReport.Proof(
        seed: seed, lastLoss: outcome.lastLoss, accuracy: outcome.evaluation?.accuracy)
    ]
    for number in 1..<max(1, seeds) {
      progress("proving with seed \(seed &+ UInt64(number))")
      var other = node.experiment
      other.training.seed = seed &+ UInt64(number)
      guard let (_, result) = run(other) else { return nil }
      if node.place >= 0 { tried[node.place].seeds += 1 }
      guard result.isCured else { return nil }
      if node.place >= 0 { tried[node.place].healthySeeds += 1 }
      proof.append(
        .init(
          seed: other.training.seed, lastLoss: result.lastLoss,
          accuracy: result.evaluation?.accuracy))
    }
    return proof
  }

  /// Leaves out changes that a repair of several does not need.
  private func smallest(
    _ node: Node, _ proof: [RepairReport.Proof]
  ) throws -> (node: Node, proof: [RepairReport.Proof]) {
    guard node.amendments.count > 1 else { return (node, proof) }
    // What was changed last was changed because of what came before; it alone may be enough.
    let last = node.amendments[node.amendments.count - 1]
    let alone = ExperimentRemedies.amendments(
      for: Patient(experiment, node.patient.symptoms, node.patient.outcome)
    ).first { $0.remedy == last.remedy && $0.sentence == last.sentence }
    guard let alone, !seen.contains(alone.experiment.yaml), hasBudget else { return (node, proof) }
    let base = Node(
      amendments: [], experiment: experiment, patient: node.patient, start: node.start, place: -1)
    guard let child = tried(alone, on: base), child.patient.outcome.isCured,
      let found = self.proof(of: child)
    else { return (node, proof) }
    return (child, found)
  }

  /// The experiment as it was, with the seeds of the proof.
  private func controls(
    of proof: [RepairReport.Proof], _ first: TrialOutcome
  ) -> [RepairReport.Control] {
    proof.compactMap { proof in
      guard proof.seed != experiment.training.seed else {
        return .init(seed: proof.seed, verdict: first.verdict, lastLoss: first.lastLoss)
      }
      guard !deadline.isOver else { return nil }
      progress("training as it was with seed \(proof.seed)")
      var other = experiment
      other.training.seed = proof.seed
      guard let (_, result) = run(other), result.verdict != .notFinished else { return nil }
      return .init(seed: proof.seed, verdict: result.verdict, lastLoss: result.lastLoss)
    }
  }

  /// What is to be said where another seed alone is as good as the repair.
  private static func luck(_ controls: [RepairReport.Control]) -> String? {
    let lucky = controls.filter { $0.verdict == .healthy }.map { "\($0.seed)" }
    guard !lucky.isEmpty else { return nil }
    return
      "As it was the training is healthy with seed \(lucky.joined(separator: " and seed ")): the "
      + "repair makes it independent of the seed, and another seed alone would have healed it too."
  }

  // MARK: - Random choice

  /// Tries remedies at random, one or two at a time, until one is healthy for every seed or as many
  /// steps were made as the search took.
  private func randomChoice(_ patient: Patient, budget: Int) -> RepairReport.RandomChoice {
    let stream = RandomStream(seed: experiment.training.seed, name: "random remedies")
    let before = steps
    comparison = Deadline(after: self.budget.time)
    defer { comparison = nil }
    var tries = 0
    var draws = 0
    func pick(_ count: Int) -> Int {
      draws += 1
      return min(count - 1, Int(stream.uniform(at: draws) * Double(count)))
    }
    while steps - before < budget, draws < 10_000, !runDeadline.isOver {
      let all = ExperimentRemedies.amendments(for: patient)
      guard !all.isEmpty else { break }
      progress("trying at random, \(steps - before) of \(budget) steps")
      var chosen = all[pick(all.count)]
      if pick(2) == 1 {
        let next = ExperimentRemedies.amendments(
          for: Patient(chosen.experiment, patient.symptoms, patient.outcome)
        ).filter { $0.remedy != chosen.remedy }
        if !next.isEmpty { chosen = next[pick(next.count)] }
      }
      guard let (trial, outcome) = run(chosen.experiment) else { continue }
      tries += 1
      guard outcome.isCured else { continue }
      let node = Node(
        amendments: [chosen], experiment: chosen.experiment,
        patient: Patient(chosen.experiment, trial.symptoms, outcome),
        start: StartBalance(trial, chosen.experiment),
        place: -1)
      if proof(of: node) != nil {
        let spent = steps - before
        return .init(
          tries: tries, steps: spent, isRepaired: spent <= budget,
          stepsToRepair: spent <= budget ? spent : nil)
      }
    }
    return .init(tries: tries, steps: steps - before, isRepaired: false, stepsToRepair: nil)
  }
}
