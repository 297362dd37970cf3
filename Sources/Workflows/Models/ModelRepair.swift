import Analyses
import Findings
import Foundation
import Numbers
import ONNX
import Remedies
import TensorFiles

/// Searches remedies for the smallest change of an ONNX model that makes its check healthy.
///
/// Single remedies are tried first, then those that promise most together with another one. Where
/// nothing is healthy, what has lost all errors is taken, if its warnings were there before. What is
/// taken is written, read again, and checked for every seed; a change that claims to leave the outputs
/// as they were is held to that in doubles.
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
    /// What was done to the number format before, in one sentence.
    var conversion: String?
    /// Warnings that a repair may leave; nil where it must leave none.
    var remaining: Set<RuleName>?
  }

  /// A model after some changes, as the check found it.
  private struct Node {
    let changes: [ModelChange]
    let checked: ModelChecking.Checked

    /// Fewer errors first, then fewer warnings, then less change.
    var rank: [Int] {
      let findings = checked.report.findings
      return [
        findings.count { $0.severity == .error }, findings.count { $0.severity == .warning },
        changes.reduce(0) { $0 + $1.effort },
      ]
    }

    /// Whether the changes take all errors away, and bring nothing that was not found before.
    func isBetter(than base: Node) -> Bool {
      base.checked.verdict == .failing && checked.verdict == .warning
        && checked.rules.isSubset(of: base.checked.rules)
    }
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

  /// - Throws: `InputError` where the model cannot be checked as it is.
  func run() throws -> Outcome {
    var outcome = Outcome(report: RepairReport(subject: request.path, outcome: .unrepaired))
    request.progress("checking as it is")
    var file = file
    var model = try checking.imported(file)
    if let type = request.dataType {
      do {
        let conversion = try FormatConversion(file, model, to: type)
        (file, outcome.conversion) = (conversion.file, conversion.sentence)
        model = try checking.imported(file)
      } catch let error as ModelError {
        throw InputError(error.description)
      }
    }
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
      try search(from: Node(changes: [], checked: first), &outcome)
    } else if outcome.conversion != nil {
      try prove(file, [], &outcome)
    } else {
      outcome.report.outcome = .healthy
    }
    if outcome.file != nil, let conversion = outcome.conversion {
      outcome.report.changes.insert(conversion, at: 0)
    }
    outcome.report.seconds = (ContinuousClock.now - clock) / .seconds(1)
    return outcome
  }

  private func search(from base: Node, _ outcome: inout Outcome) throws {
    // A conversion has done something already.
    var fallback = outcome.conversion != nil && base.checked.verdict == .warning ? base : nil
    defer { if let fallback, outcome.file == nil { settle(for: fallback, base, &outcome) } }
    var frontier = [base]
    var seen: Set<[String]> = []
    for _ in 0..<Self.mostChanges {
      var children: [Node] = []
      for parent in frontier {
        let used = Set(parent.changes.map(\.remedy))
        let patient = parent.checked.patient(seeds)
        for remedy in ModelRemedies.answering(patient.rules) where !used.contains(remedy.name) {
          guard hasBudget(outcome.report) else { return }
          for change in remedy.changes(of: patient) {
            let changes = parent.changes + [change]
            guard seen.insert(changes.map(\.sentence).sorted()).inserted else { continue }
            guard hasBudget(outcome.report) else { return }
            guard let child = tried(changes, &outcome) else { continue }
            if outcome.file != nil { return }
            if child.isBetter(than: base),
              fallback.map({ child.rank.lexicographicallyPrecedes($0.rank) }) ?? true
            {
              fallback = child
            }
            // Only the best are kept: models are large.
            children.append(child)
            children.sort { $0.rank.lexicographicallyPrecedes($1.rank) }
            children = Array(children.prefix(Self.beam))
          }
        }
      }
      frontier = children
    }
  }

  /// Takes a change that leaves no error where none leaves no finding at all.
  private func settle(for node: Node, _ base: Node, _ outcome: inout Outcome) {
    outcome.remaining = base.checked.rules
    _ = try? prove(node.checked.file, node.changes, &outcome)
    guard outcome.file != nil else { return }
    outcome.report.remaining = node.checked.report.findings.map(\.rule).uniqued
  }

  private func hasBudget(_ report: RepairReport) -> Bool {
    if let most = budget.steps, report.steps >= most { return false }
    if let most = budget.time, ContinuousClock.now - clock >= most { return false }
    return true
  }

  /// Checks a change, and proves it where it is healthy; nil where the model could not be checked.
  private func tried(_ changes: [ModelChange], _ outcome: inout Outcome) -> Node? {
    guard let last = changes.last else { return nil }
    request.progress("trying: \(last.sentence)")
    outcome.report.steps += 1
    guard let checked = try? checking.check(last.file, seed: seed) else { return nil }
    var tried = RepairReport.Try(
      remedies: changes.map(\.remedy), changes: changes.map(\.sentence), verdict: checked.verdict,
      isHealthy: checked.verdict == .healthy, lastLoss: .nan, accuracy: nil, steps: 1,
      rules: checked.report.findings.map(\.rule).uniqued)
    defer { outcome.report.tried.append(tried) }
    guard tried.isHealthy else { return Node(changes: changes, checked: checked) }
    do {
      let healthy = try prove(last.file, changes, &outcome)
      (tried.healthySeeds, tried.seeds) = (healthy, seeds.count)
      tried.isHealthy = outcome.file != nil || healthy < seeds.count
    } catch {
      tried.isHealthy = false
    }
    return Node(changes: changes, checked: checked)
  }

  /// Writes a model, reads it again, checks it for every seed and compares its outputs; the outcome has it
  /// as the repair where all of that is as it should be.
  ///
  /// - Returns: the seeds for which it is healthy, counted up to the first for which it is not.
  /// - Throws: `InputError`, `ModelError` or `DataError` where it cannot be written or read.
  @discardableResult
  private func prove(
    _ file: ModelFile, _ changes: [ModelChange], _ outcome: inout Outcome
  ) throws -> Int {
    request.progress("proving: \(changes.last?.sentence ?? "the conversion")")
    let written = try WrittenModel(file)
    // What it holds is read where it lies, for as long as it is looked at.
    defer { withExtendedLifetime(written) {} }
    let model = try checking.imported(written.file)
    var proof: [RepairReport.Proof] = []
    for seed in seeds {
      outcome.report.steps += 1
      let checked = try checking.check(written.file, model, seed: seed)
      let isMended =
        outcome.remaining.map { checked.verdict != .failing && checked.rules.isSubset(of: $0) }
        ?? (checked.verdict == .healthy)
      guard isMended else { break }
      proof.append(.init(seed: seed, lastLoss: .nan, accuracy: nil))
    }
    let isExact = outcome.conversion == nil && changes.allSatisfy(\.isExact)
    let comparison = try OutputComparison(
      self.file, written.file, checking, seed: seed, isExact: isExact)
    guard proof.count == seeds.count, !isExact || comparison.isEqual else { return proof.count }
    outcome.report.outcome = .repaired
    outcome.report.changes = changes.map(\.sentence)
    outcome.report.proof = proof
    outcome.report.outputs = comparison.report
    outcome.file = file
    return proof.count
  }
}

extension Array where Element: Hashable {
  /// The elements without repetitions, in order.
  fileprivate var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}

/// A model that was written and read again.
private final class WrittenModel {
  let file: ModelFile
  private var folder: URL?

  init(_ model: ModelFile) throws {
    guard model.needsExternalData else {
      file = try ModelFile(try model.bytes(), path: model.path)
      return
    }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("evenkeel-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    do {
      let path = folder.appendingPathComponent("model.onnx").path
      try model.write(to: path)
      file = try ModelFile(contentsOf: path)
      self.folder = folder
    } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
  }

  deinit {
    if let folder { try? FileManager.default.removeItem(at: folder) }
  }
}
