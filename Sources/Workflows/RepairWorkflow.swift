import Analyses
import Experiments
public import Findings
import Foundation
import Networks
import ONNX
import Operators
import Remedies
import Repairs
import TensorFiles
import Tensors
import Training

/// What a caller asks of a repair; the defaults are those of the command.
public struct RepairRequest: Sendable {
  /// The YAML file of a network or an experiment.
  public var path: String
  /// Where the repaired file is written; nil for nowhere.
  public var output: String?
  /// `500 steps`, `60s`, or both; nil for two minutes.
  public var budget: String?
  public var seeds = 3
  public var seed: UInt64?
  public var threads: Int?
  /// Whether a random choice of remedies is tried beside the search, with as many steps.
  public var comparesWithRandom = false
  /// How far a change may move an output of an ONNX model, against its Euclidean norm.
  public var limit = 0.01
  /// Whether weights of an ONNX model may be drawn anew, or multiplied, though it looks trained.
  public var redraws = false
  public var rescales = false
  /// Inputs and what else an ONNX model leaves open.
  public var model: ModelRequest?
  /// `fp16` or `bf16`: what an ONNX model in fp32 is to store and compute in; nil for what it does.
  public var format: String?
  /// Told what is being done.
  public var progress: @Sendable (String) -> Void = { _ in }

  public init(path: String) { self.path = path }

  var dataType: DataType? {
    switch format {
    case "fp16": .float16
    case "bf16": .bfloat16
    default: nil
    }
  }
}

/// `evenkeel repair`: the smallest change that works, proven by running it again.
public struct RepairWorkflow {
  private let request: RepairRequest

  public init(_ request: RepairRequest) { self.request = request }

  /// Searches, and writes the repaired file where one was found.
  ///
  /// - Returns: what was tried and found.
  /// - Throws: `InputError` for a bad file or option.
  public func run() throws -> RepairReport {
    try MemoryLimit.telling(request.path) { try work() }
  }

  private func work() throws -> RepairReport {
    if let threads = request.threads {
      guard threads >= 1 else { throw InputError("--threads \(threads): must be at least 1") }
      Threads.count = threads
    }
    guard request.seeds >= 1 else {
      throw InputError("--seeds \(request.seeds): must be at least 1")
    }
    try ForeignFile.refuse(request.path, wanted: .model)
    let budget = try budget()
    if let output = request.output { try Self.checkWritable(output) }
    if ModelRequest(path: request.path).isONNX { return try repairModel(budget) }
    if request.format != nil || request.model.map({ !$0.isEmpty }) ?? false {
      throw InputError(
        "--inputs, --shape, --dim, --batch, --training and --format are for ONNX models; a YAML file "
          + "says all that itself")
    }
    let description: NetworkDescription
    do {
      description = try NetworkDescription(contentsOf: request.path, activations: .standard)
    } catch {
      throw InputError(error.description)
    }
    guard let text = try? String(contentsOfFile: request.path, encoding: .utf8) else {
      throw InputError(file: request.path, "the file cannot be read; check its permissions")
    }
    var report: RepairReport
    if description.otherSections.contains(where: { $0.key == "data" }) {
      report = try repair(Experiment(description), text, budget)
    } else {
      report = try repair(description, text, budget)
    }
    if report.outcome == .healthy { report.repaired = nil }
    if let output = request.output, let repaired = report.repaired {
      try Self.write(repaired, to: output)
    }
    return report
  }

  private func repair(
    _ experiment: Experiment, _ text: String, _ budget: RepairSearch.Budget
  ) throws -> RepairReport {
    var seeded = experiment
    if let seed = request.seed { seeded.training.seed = seed }
    let search = RepairSearch(
      seeded, samples: try seeded.samples(keepsNonFinite: true), budget: budget,
      seeds: request.seeds, progress: request.progress)
    let found = try search.run(
      called: request.path, comparesWithRandom: request.comparesWithRandom)
    var report = found.report
    if report.outcome == .repaired {
      var repaired = found.experiment
      repaired.training.seed = experiment.training.seed
      report.repaired = experiment.revised(text, to: repaired)
    }
    return report
  }

  // MARK: - Models

  /// Repairs an ONNX model, and writes it where it was asked for.
  private func repairModel(_ budget: RepairSearch.Budget) throws -> RepairReport {
    var asked = request.model ?? ModelRequest(path: request.path)
    asked.path = request.path
    if let batch = asked.batch, batch < 1 {
      throw InputError("--batch \(batch): must be at least 1")
    }
    guard request.limit > 0, request.limit < .infinity else {
      throw InputError("--max-error \(request.limit): must be a number above 0, such as 0.01")
    }
    guard request.format == nil || request.dataType != nil else {
      throw InputError("--format \(request.format ?? ""): use fp16 or bf16")
    }
    let (file, importing) = try ModelLoading.file(asked, batch: 8)
    let checking = ModelChecking(path: request.path, options: .init(), importing: importing)
    let search = ModelRepair(request, checking, file, steps: budget.steps, time: budget.time)
    var outcome = try search.run()
    if let output = request.output, let repaired = outcome.file {
      do {
        try repaired.write(to: output)
      } catch let error as DataError {
        throw InputError(error.description)
      } catch let error as ModelError {
        throw InputError(error.description)
      }
      outcome.report.files = [output] + (repaired.needsExternalData ? [output + ".data"] : [])
    }
    return outcome.report
  }

  // MARK: - Networks without data

  /// Tries remedies of a check until one makes it healthy for every seed.
  private func repair(
    _ network: NetworkDescription, _ text: String, _ budget: RepairSearch.Budget
  ) throws -> RepairReport {
    let clock = ContinuousClock.now
    var report = RepairReport(subject: request.path, outcome: .unrepaired)
    report.unit = .checks
    func check(_ network: NetworkDescription, _ seed: UInt64) throws -> CheckReport {
      var check = CheckRequest(network, name: request.path)
      check.seed = (request.seed ?? 0) &+ seed
      report.steps += 1
      return try CheckWorkflow(check).run().report
    }
    let first = try check(network, 0)
    guard first.verdict != .healthy else {
      report.outcome = .healthy
      return report
    }
    var frontier: [(changes: [NetworkChange], remedies: [String], network: NetworkDescription)] = [
      ([], [], network)
    ]
    search: for _ in 0..<2 {
      var next = frontier
      next.removeAll()
      for parent in frontier {
        for remedy in RemedyCatalogue.all where !parent.remedies.contains(remedy.name) {
          guard let change = remedy.change(parent.network) else { continue }
          if let most = budget.steps, report.steps >= most { break search }
          // A check takes about what those before it took.
          let spent = ContinuousClock.now - clock
          if let most = budget.time, spent + spent / report.steps > most * 1.1 { break search }
          request.progress("trying: \(change.sentence)")
          guard let result = try? check(change.network, 0) else { continue }
          let changes = parent.changes + [change]
          let names = parent.remedies + [remedy.name]
          var tried = RepairReport.Try(
            remedies: names, changes: changes.map { String($0.sentence.dropLast()) },
            verdict: result.verdict, isHealthy: result.verdict == .healthy, lastLoss: .nan,
            accuracy: nil, steps: 1, rules: Array(Set(result.findings.map(\.rule))))
          if result.verdict == .healthy {
            var proof = [RepairReport.Proof(seed: request.seed ?? 0, lastLoss: .nan, accuracy: nil)]
            for seed in 1..<UInt64(max(2, request.seeds)) where request.seeds > 1 {
              tried.seeds += 1
              guard try check(change.network, seed).verdict == .healthy else { break }
              tried.healthySeeds += 1
              proof.append(
                .init(seed: (request.seed ?? 0) &+ seed, lastLoss: .nan, accuracy: nil))
            }
            if proof.count == request.seeds {
              report.tried.append(tried)
              report.outcome = .repaired
              report.changes = tried.changes
              report.proof = proof
              report.repaired = network.revised(text, to: change.network)
              break search
            }
          }
          report.tried.append(tried)
          next.append((changes, names, change.network))
        }
      }
      frontier = next
    }
    report.seconds = (ContinuousClock.now - clock) / .seconds(1)
    return report
  }

  // MARK: - Files and options

  private func budget() throws -> RepairSearch.Budget {
    guard let text = request.budget else { return .init(time: .seconds(120)) }
    var budget = RepairSearch.Budget()
    for part in text.split(separator: ",") {
      let words = part.trimmingCharacters(in: .whitespaces).lowercased()
      let digits = words.prefix { $0.isNumber || $0 == "." }
      let unit = words.dropFirst(digits.count).trimmingCharacters(in: .whitespaces)
      guard let number = Double(digits), number > 0 else { throw Self.badBudget(text) }
      switch unit {
      case "", "step", "steps": budget.steps = Int(min(1e15, number))
      case "s", "second", "seconds": budget.time = .seconds(number)
      case "m", "min", "minutes": budget.time = .seconds(60 * number)
      default: throw Self.badBudget(text)
      }
    }
    return budget
  }

  private static func badBudget(_ text: String) -> InputError {
    InputError(
      "--budget \(text): no budget; write steps as '20000 steps', or time as '60s' or '5m'")
  }

  private static func checkWritable(_ path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard FileManager.default.fileExists(atPath: folder) else {
      throw InputError(file: path, "there is no such directory to write to; make it first")
    }
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw InputError(file: path, "the file may not be written; check the permissions")
    }
  }

  /// Writes beside the file and gives it its name when it is complete.
  private static func write(_ text: String, to path: String) throws {
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw InputError(
        file: path, "the file cannot be written; check the path, the permissions and the disk")
    }
  }
}
