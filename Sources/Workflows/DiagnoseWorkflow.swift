import Diagnoses
import Experiments
public import Findings
import Foundation
import Runs
import Tensors
import Training

/// What a caller asks of a diagnosis; the defaults are those of the command.
public struct DiagnoseRequest: Sendable {
  /// The file of an experiment, or of a run.
  public var path: String
  public var seed: UInt64?
  public var threads: Int?
  /// Seconds after which no step is begun any more, of the first training or of a try.
  public var seconds = 120.0
  /// Told what is being done.
  public var progress: @Sendable (String) -> Void = { _ in }

  public init(path: String) { self.path = path }
}

/// `evenkeel diagnose`: why a training fails.
public struct DiagnoseWorkflow {
  private let request: DiagnoseRequest

  public init(_ request: DiagnoseRequest) { self.request = request }

  /// Makes the diagnosis.
  ///
  /// - Returns: what was found out.
  /// - Throws: `InputError` for a bad file or option.
  public func run() throws -> DiagnosisReport {
    try MemoryLimit.telling(request.path) { try work() }
  }

  private func work() throws -> DiagnosisReport {
    if let threads = request.threads {
      guard threads >= 1 else { throw InputError("--threads \(threads): must be at least 1") }
      Threads.count = threads
    }
    guard request.seconds >= 0 else {
      throw InputError("--seconds \(request.seconds): must be at least 0")
    }
    guard KeptRun.isRun(request.path) else {
      try ForeignFile.refuse(request.path, wanted: .experiment)
      var experiment = try Experiment(contentsOf: request.path)
      if let seed = request.seed { experiment.training.seed = seed }
      return try diagnosis(of: experiment).run()
    }
    guard request.seed == nil else {
      throw InputError("--seed goes with an experiment: a run has its own")
    }
    let run = try KeptRun(request.path)
    do {
      let records = try run.file.records()
      let kept = DiagnosisRun.Kept(
        records: records, ending: Self.ending(run.file.meta["ending"], records),
        evaluation: try run.file.evaluations().last,
        snapshot: { try run.file.snapshot(before: $0) })
      return try diagnosis(of: run.experiment).run(kept)
    } catch let error as RunError {
      throw InputError(error.description)
    }
  }

  private func diagnosis(of experiment: Experiment) throws -> DiagnosisRun {
    DiagnosisRun(
      experiment, name: request.path, samples: try experiment.samples(keepsNonFinite: true),
      budget: .seconds(request.seconds), progress: request.progress)
  }

  private static func ending(_ text: String?, _ records: [StepRecord]) -> Trainer.Ending? {
    switch text {
    case "finished": .finished
    // The best loss is not needed to judge it.
    case "stopped_early": .stoppedEarly(bestLoss: .nan)
    case "refused":
      records.last?.refusal.map { .refused($0, advice: "") }
    default: nil
    }
  }
}
