import Experiments
public import Findings
import Foundation
import Networks
import Numbers
import Runs
import Samples
import Tensors
import Training
public import Trials
import Watching

/// What a caller asks of a training; the defaults are those of the command.
public struct TrainRequest: Sendable {
  /// What is trained.
  public enum Source: Sendable {
    /// The YAML file of an experiment.
    case experiment(String)
    /// The file of a run to go on with.
    case run(String)
  }

  /// Where the run is kept.
  public enum Keeping: Sendable {
    /// In a file of this name, which must not be there yet unless it is to be replaced.
    case file(String)
    /// In a file of the experiment's name in the folder that the process is in.
    case automatic
    case nowhere
  }

  public var source: Source
  public var keeping = Keeping.automatic
  /// Whether a run of the name is replaced.
  public var replacesRun = false
  /// In place of the experiment's seed.
  public var seed: UInt64?
  /// In place of the experiment's number of steps.
  public var steps: Int?
  public var threads: Int?
  /// Steps between two estimates of the sharpness; nil for none.
  public var sharpnessInterval: Int?
  /// Asked before every step: whether the run is stopped there.
  public var isStopped: @Sendable () -> Bool = { false }

  public init(_ source: Source) { self.source = source }
}

/// `evenkeel train`: an experiment carried out and kept.
///
/// Used by one thread.
public final class TrainWorkflow {
  /// What is trained, before the first step.
  public let start: TrainReport.Start
  /// Why the run cannot be kept in its file; it is in memory then.
  public private(set) var problem: String?

  private let request: TrainRequest
  private let trial: Trial
  private var writer: RunWriter?
  /// Whether the file of the run was made by this.
  private let isNew: Bool
  private let clock = ContinuousClock.now

  /// Reads the experiment, lays everything out, and makes the file.
  ///
  /// - Throws: `InputError` for what is wrong with the experiment, its data or the run.
  public init(_ request: TrainRequest) throws {
    self.request = request
    if let threads = request.threads {
      guard threads >= 1 else { throw InputError("--threads \(threads): must be at least 1") }
      Threads.count = threads
    }
    if let interval = request.sharpnessInterval, interval < 1 {
      throw InputError("--sharpness \(interval): must be at least 1")
    }
    let opened = try Self.open(request)
    var experiment = opened.experiment
    if let seed = request.seed { experiment.training.seed = seed }
    if let steps = request.steps {
      guard steps >= 1 else { throw InputError("--steps \(steps): must be at least 1") }
      experiment.training.duration = .steps(steps)
    }
    let samples = try experiment.samples()
    // Ahead of the trial, so that memory is not taken twice.
    let suspects = Preflight.suspects(of: experiment, samples)
    trial = try Trial(experiment, samples)
    let trainer = trial.trainer
    if let snapshot = opened.snapshot {
      do {
        try trial.resume(at: snapshot, after: opened.records)
      } catch {
        throw InputError(file: opened.run, error.description)
      }
    }
    let training = experiment.training
    var start = TrainReport.Start(
      experiment: opened.name, run: nil, layers: trainer.network.layers.count,
      parameters: trainer.network.parameters.reduce(0) { $0 + $1.shape.count },
      samples: samples.training.count, validationSamples: samples.validation?.count ?? 0,
      batch: training.batch, plannedSteps: trainer.plannedSteps, firstStep: trainer.step,
      optimizer: type(of: training.optimizer).name, format: training.precision.format.name,
      seed: training.seed, dropped: samples.dropped)
    start.findings = suspects.filter(\.isCertain).map(\.finding)
    start.units = samples.targetScale.map(Self.units)
    let meta = [
      "experiment": opened.text, "name": opened.name, "path": opened.path,
      "seed": "\(training.seed)", "planned_steps": "\(trainer.plannedSteps)",
      "steps": request.steps.map(String.init) ?? opened.steps ?? "",
      "format": training.precision.format.name, "optimizer": start.optimizer,
      "version": Program.version, "threads": "\(Threads.count)",
      "created": ISO8601DateFormatter().string(from: Date()),
    ]
    isNew = opened.run == nil
    (writer, problem) = try Self.writer(request, opened, meta, at: trainer.step)
    start.run = problem == nil ? writer?.path : nil
    self.start = start
    if trainer.step == 0 { writer?.append(trainer.snapshot()) }
  }

  /// Makes all steps that are left.
  ///
  /// - Parameter body: told of each step, and of the sharpness before it where that was estimated.
  /// - Returns: what the training came to.
  /// - Throws: `InputError` when the run could not be kept anywhere.
  public func run(_ body: (Trial.Step, _ sharpness: Double?) -> Void) throws -> TrainReport {
    let every = trial.experiment.training.snapshots.every
    let kept = trial.experiment.training.snapshots.kept
    var last = trial.trainer.step
    while !request.isStopped() {
      let isDue =
        request.sharpnessInterval.map { trial.trainer.step.isMultiple(of: $0) } ?? false
      let sharpness = isDue ? trial.trainer.sharpness() : nil
      guard let step = trial.next() else { break }
      writer?.append(step.record)
      if let evaluation = step.evaluation { writer?.append(evaluation) }
      if !step.events.isEmpty { writer?.replace(start.findings + trial.watch.findings) }
      if every > 0, trial.trainer.step.isMultiple(of: every) {
        writer?.append(trial.trainer.snapshot(), keeping: kept)
        last = trial.trainer.step
      }
      body(step, sharpness)
    }
    if last < trial.trainer.step { writer?.append(trial.trainer.snapshot(), keeping: kept) }
    var report = report(of: trial.finish())
    writer?.replace(report.findings)
    writer?.note("ending", report.ending.rawValue)
    writer?.note("verdict", report.verdict.rawValue)
    if let other = try close() { report.start.run = other }
    return report
  }

  /// Why the file does not take the run at present; what is told is kept in memory meanwhile.
  public var trouble: String? { writer?.problem?.description }

  private func report(of outcome: TrialOutcome) -> TrainReport {
    var (ending, advice) = (TrainReport.Ending.stopped, String?.none)
    switch outcome.ending {
    case .finished?: ending = .finished
    case .stoppedEarly(let best)?:
      ending = .stoppedEarly
      advice =
        "the loss over the validation data no longer fell; its least was \(Numerals.short(best))"
    case .refused(_, let text)?: (ending, advice) = (.refused, text)
    case nil: break
    }
    var report = TrainReport(
      start: start, ending: ending, advice: advice, steps: outcome.steps,
      refusedSteps: outcome.refusedSteps, verdict: verdict(of: outcome),
      firstLoss: outcome.firstLoss,
      lastLoss: outcome.lastLoss, baselineLoss: outcome.baselineLoss, losses: trial.losses,
      meetsTarget: outcome.meetsTarget, findings: start.findings + outcome.findings,
      seconds: (ContinuousClock.now - clock) / .seconds(1))
    report.target = outcome.target
    report.evaluation = outcome.evaluation.map { ($0.loss, $0.accuracy) }
    return report
  }

  /// What was wrong ahead of the first step is a warning, however well the run went.
  private func verdict(of outcome: TrialOutcome) -> TrainingVerdict {
    let isWarned = start.findings.contains { $0.finding.severity > .note }
    return isWarned && outcome.verdict == .healthy ? .warning : outcome.verdict
  }

  /// The units of losses, in a sentence.
  private static func units(_ scale: TargetStandardization) -> String {
    let deviations = scale.deviations
    guard deviations.count == 1 else {
      return
        "targets are standardised: predictions and losses are in units of the \(deviations.count) "
        + "deviations that targets have"
    }
    return
      "targets are standardised: a prediction of 1 stands for \(Numerals.short(deviations[0])) "
      + "above their mean, \(Numerals.short(scale.means[0])), and a mean squared error of 1 for "
      + Numerals.short(deviations[0] * deviations[0])
  }

  /// Closes the file; where it does not take the run, saves it where temporary files go.
  ///
  /// - Returns: the file that it was saved as, where that is another.
  private func close() throws -> String? {
    guard let writer else { return nil }
    let first: RunError
    do {
      guard problem != nil else {
        try writer.close()
        return nil
      }
      writer.flush()
      first = RunError(writer.path, problem ?? "", cure: "")
    } catch {
      first = error
    }
    let other = FileManager.default.temporaryDirectory
      .appendingPathComponent("evenkeel-\(UInt32.random(in: 0...(.max))).run").path
    do {
      try writer.save(to: other)
      // What a full disk has taken of a new run is no use to anybody.
      if isNew, start.run != nil { writer.discard() }
      problem = "\(problem ?? first.description); the run was saved as \(other)"
      return other
    } catch {
      throw InputError(
        "\(first.description); nor could it be saved elsewhere: \(error.description)")
    }
  }

  // MARK: - What is trained

  /// An experiment, and where a run of it is gone on with.
  private struct Opened {
    var experiment: Experiment
    var text: String
    /// The experiment's file, from the root, for the paths in it.
    var path: String
    var name: String
    var run: String?
    var snapshot: TrainingSnapshot?
    var records: [StepRecord] = []
    var steps: String?
  }

  private static func open(_ request: TrainRequest) throws -> Opened {
    switch request.source {
    case .experiment(let path):
      try ForeignFile.refuse(path, wanted: .experiment)
      let experiment = try Experiment(contentsOf: path)
      let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? experiment.yaml
      return Opened(
        experiment: experiment, text: text, path: URL(fileURLWithPath: path).path, name: path)
    case .run(let path):
      do {
        let kept = try KeptRun(path)
        guard let snapshot = try kept.file.snapshot() else {
          throw InputError(file: path, "the run has no snapshot to go on from; start it anew")
        }
        return Opened(
          experiment: kept.experiment, text: kept.text, path: kept.experiment.path ?? path,
          name: kept.name, run: path, snapshot: snapshot,
          records: try kept.file.records(0..<snapshot.step), steps: kept.file.meta["steps"])
      } catch let error as RunError {
        throw InputError(error.description)
      }
    }
  }

  private static func writer(
    _ request: TrainRequest, _ opened: Opened, _ meta: [String: String], at step: Int
  ) throws -> (RunWriter?, problem: String?) {
    do {
      if let run = opened.run { return (try RunWriter(resuming: run, at: step), nil) }
      switch request.keeping {
      case .nowhere: return (nil, nil)
      case .file(let path):
        return (try RunWriter(path, meta: meta, replacing: request.replacesRun), nil)
      case .automatic:
        let name = request.replacesRun ? ownName(for: opened.name) : freeName(for: opened.name)
        return (try RunWriter(name, meta: meta, replacing: request.replacesRun), nil)
      }
    } catch {
      // A name that is taken, or a run that is not there, is the user's to mend before a long run.
      guard ["the file may not be written", "the disk is full"].contains(error.problem),
        let writer = try? RunWriter(nil, meta: meta)
      else { throw InputError(error.description) }
      return (writer, error.description)
    }
  }

  private static func ownName(for experiment: String) -> String {
    URL(fileURLWithPath: experiment).deletingPathExtension().lastPathComponent + ".run"
  }

  /// `moons.run`, or the first of `moons-2.run`, … that is not there.
  private static func freeName(for experiment: String) -> String {
    let name = URL(fileURLWithPath: experiment).deletingPathExtension().lastPathComponent
    let names = ["\(name).run"] + (2...9999).lazy.map { "\(name)-\($0).run" }
    return names.first { !FileManager.default.fileExists(atPath: $0) } ?? "\(name).run"
  }
}
