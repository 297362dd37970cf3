import Analyses
import Findings
import Numbers
import ONNX
import Remedies
import TensorFiles

/// Searches remedies for the smallest change of an ONNX model that makes its check healthy.
///
/// Single remedies are tried first, then those that promise most together with another one. Where
/// nothing is healthy, what has lost all errors is taken, if its warnings were there before, and then
/// what has cured the kinds of error that it is for. What is taken is written, read again, and checked for
/// every seed against the model as it was; its outputs are held to what the change promises.
struct ModelRepair {
  let request: RepairRequest
  let checking: ModelChecking
  let file: ModelFile
  let budget: (steps: Int?, time: Duration?)
  private let clock = ContinuousClock.now

  /// Changes that are put together at most.
  private static let mostChanges = 3
  /// Models that are changed further.
  private static let beam = 3

  /// A repair and what the search came to; the file is nil where none was found.
  struct Outcome {
    var report: RepairReport
    var file: ModelFile?
  }

  /// A model after some changes, as the check found it.
  private struct Node {
    let changes: [ModelChange]
    let checked: ModelChecking.Checked
    var grade = RepairJudge.Grade.none
    /// Its place among what was tried.
    var place = 0

    /// Fewer errors first, then fewer warnings, then less change.
    var rank: [Int] {
      let findings = checked.report.findings
      return [
        -grade.rawValue, findings.count { $0.severity == .error },
        findings.count { $0.severity == .warning }, changes.reduce(0) { $0 + $1.effort },
      ]
    }
  }

  /// What all that is tried is held to.
  private struct Bench {
    let base: Node
    let judge: RepairJudge
    let comparison: OutputComparison
    let freedom: WeightFreedom
  }

  init(
    _ request: RepairRequest, _ checking: ModelChecking, _ file: ModelFile,
    steps: Int?, time: Duration?
  ) {
    self.request = request
    self.checking = checking
    self.file = file
    budget = (steps, time)
  }

  private var seed: UInt64 { request.seed ?? 0 }
  private var seeds: [UInt64] { (0..<UInt64(request.seeds)).map { seed &+ $0 } }
  private var deadline: ContinuousClock.Instant? { budget.time.map { clock + $0 } }

  /// - Throws: `InputError` where the model cannot be checked as it is.
  func run() throws -> Outcome {
    var outcome = Outcome(report: RepairReport(subject: request.path, outcome: .unrepaired))
    outcome.report.unit = .checks
    let model = try checking.imported(file)
    if let type = request.dataType {
      let conversion = ModelConversion(
        request, checking, file, model, to: type, seeds: seeds, deadline: deadline)
      outcome = try conversion.run()
    } else {
      request.progress("checking as it is")
      var first: ModelChecking.Checked?
      for seed in seeds {
        let checked = try checking.check(file, model, seed: seed)
        outcome.report.steps += 1
        if checked.verdict != .healthy {
          first = checked
          break
        }
      }
      if let first {
        try search(from: Node(changes: [], checked: first), model, &outcome)
      } else {
        outcome.report.outcome = .healthy
      }
    }
    outcome.report.seconds = (ContinuousClock.now - clock) / .seconds(1)
    return outcome
  }

  /// Tries remedies of `model`, which is the model as it is.
  ///
  /// - Throws: `InputError` where it cannot be checked or run as it is.
  private func search(
    from base: Node, _ model: ImportedModel, _ outcome: inout Outcome
  ) throws {
    let inSingle =
      model.nodeFormats.isEmpty
      ? nil
      : try checking.inSinglePrecision.check(file, model, seed: base.checked.seed).report.findings
    let freedom = ModelFreedom(request, model)
    outcome.report.weights = freedom.sentence
    let bench = Bench(
      base: base,
      judge: RepairJudge(before: base.checked.report.findings, inSingle: inSingle),
      comparison: try OutputComparison(model, checking, seeds: seeds, limit: request.limit),
      freedom: freedom.freedom)
    var frontier = [base]
    var fallbacks: [Node] = []
    var seen: Set<[String]> = []
    levels: for _ in 0..<Self.mostChanges {
      var children: [Node] = []
      for parent in frontier {
        for change in changes(of: parent, bench) {
          let changes = parent.changes + [change]
          guard seen.insert(changes.map(\.sentence).sorted()).inserted else { continue }
          guard hasBudget(outcome.report) else { break levels }
          guard let child = tried(changes, bench, &outcome) else { continue }
          if child.grade == .healthy, try prove(child, bench, &outcome) { return }
          if child.grade > .none { fallbacks.append(child) }
          // Only the best are kept: models are large.
          children.append(child)
          children.sort { $0.rank.lexicographicallyPrecedes($1.rank) }
          children = Array(children.prefix(Self.beam))
        }
      }
      frontier = children
    }
    fallbacks.sort { $0.rank.lexicographicallyPrecedes($1.rank) }
    for node in fallbacks where node.grade != .healthy {
      if try prove(node, bench, &outcome) { return }
    }
  }

  /// The changes of a model that its findings call for, worked out one remedy at a time.
  private func changes(of parent: Node, _ bench: Bench) -> some Sequence<ModelChange> {
    let used = Set(parent.changes.map(\.remedy))
    var patient = parent.checked.patient(seeds)
    (patient.limit, patient.deadline) = (request.limit, deadline)
    patient.freedom = bench.freedom
    let rules = bench.base.checked.rules
    return ModelRemedies.answering(patient.rules).lazy
      .filter { !used.contains($0.name) }
      .flatMap { $0.changes(of: patient) }
      // What moves outputs is for what was found in the first place.
      .filter { change in
        change.promise != .none
          || ModelRemedies.all.contains {
            $0.name == change.remedy && !$0.answers.isDisjoint(with: rules)
          }
      }
  }

  private func hasBudget(_ report: RepairReport) -> Bool {
    if let most = budget.steps, report.steps >= most { return false }
    guard let most = budget.time else { return true }
    // A try takes about what the ones before it took.
    let spent = ContinuousClock.now - clock
    return spent + spent / max(1, report.steps) < most * 1.1
  }

  /// Checks a change; nil where the model could not be checked.
  private func tried(
    _ changes: [ModelChange], _ bench: Bench, _ outcome: inout Outcome
  ) -> Node? {
    guard let last = changes.last else { return nil }
    request.progress("trying: \(last.sentence)")
    outcome.report.steps += 1
    guard let checked = try? checking.check(last.file, seed: bench.base.checked.seed) else {
      return nil
    }
    let answers = Self.answers(of: changes)
    let grade = bench.judge.grade(checked.report.findings, answers: answers)
    var tried = RepairReport.Try(
      remedies: changes.map(\.remedy), changes: changes.map(\.sentence), verdict: checked.verdict,
      isHealthy: grade == .healthy, lastLoss: .nan, accuracy: nil, steps: 1,
      rules: checked.report.findings.filter { $0.severity > .note }.map(\.rule).uniqued)
    (tried.healthySeeds, tried.seeds) = (0, seeds.count)
    outcome.report.tried.append(tried)
    return Node(
      changes: changes, checked: checked, grade: grade, place: outcome.report.tried.count - 1)
  }

  private static func answers(of changes: [ModelChange]) -> Set<RuleName> {
    let names = Set(changes.map(\.remedy))
    return ModelRemedies.all.filter { names.contains($0.name) }
      .reduce(into: []) { $0.formUnion($1.answers) }
  }

  /// Writes a model, reads it again, checks it for every seed and compares its outputs; the outcome has
  /// it as the repair where all of that is as it should be.
  ///
  /// - Throws: `InputError` where the model as it was cannot be checked for a seed.
  private func prove(_ node: Node, _ bench: Bench, _ outcome: inout Outcome) throws -> Bool {
    guard let last = node.changes.last else { return false }
    request.progress("proving: \(last.sentence)")
    guard let written = try? WrittenModel(last.file),
      let model = try? checking.imported(written.file)
    else { return false }
    // What it holds is read where it lies, for as long as it is looked at.
    defer { withExtendedLifetime(written) {} }
    var proof: [RepairReport.Proof] = []
    let answers = Self.answers(of: node.changes)
    var worst = node.grade
    for seed in seeds {
      outcome.report.steps += 1
      guard let checked = try? checking.check(written.file, model, seed: seed) else { break }
      let grade = bench.judge.grade(checked.report.findings, answers: answers)
      guard grade >= node.grade else { break }
      worst = min(worst, grade)
      proof.append(.init(seed: seed, lastLoss: .nan, accuracy: nil))
    }
    outcome.report.tried[node.place].healthySeeds = proof.count
    guard proof.count == seeds.count else { return false }
    let promise = node.changes.map(\.promise).max { $0.strictness > $1.strictness } ?? .equal
    guard let result = try? bench.comparison(model, promise: promise) else { return false }
    guard result.isKept else {
      outcome.report.tried[node.place].isHealthy = false
      outcome.report.tried[node.place].objection = result.report.objection
      return false
    }
    outcome.report.outcome =
      worst == .partial ? .partlyRepaired : .repaired
    outcome.report.changes = node.changes.map(\.sentence)
    outcome.report.proof = proof
    outcome.report.outputs = result.report
    outcome.report.remaining =
      worst == .healthy
      ? [] : node.checked.report.findings.filter { $0.severity > .note }.map(\.rule).uniqued
    outcome.file = last.file
    return true
  }
}

extension ModelChange.Promise {
  /// What is promised most comes first.
  fileprivate var strictness: Int {
    switch self {
    case .equal: 2
    case .near: 1
    case .none: 0
    }
  }
}

extension Array where Element: Hashable {
  /// The elements without repetitions, in order.
  var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
