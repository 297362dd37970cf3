import Diagnoses
import Experiments
import Findings
import Foundation
import Testing
import Training
import Trials

/// The set-ups in trouble that the package ships, of which each tells its cause.
enum Troubles {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Examples/troubles").standardizedFileURL

  static func experiment(_ name: String) throws -> Experiment {
    try Experiment(contentsOf: folder.appending(path: name + ".yaml").path)
  }

  /// What a file says of itself; nil for a healthy one.
  static func cause(_ name: String) throws -> RootCause? {
    let text = try String(contentsOf: folder.appending(path: name + ".yaml"), encoding: .utf8)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("# cause: ") })
    let word = String(line.dropFirst(9))
    if word == "none" { return nil }
    let cause = RootCause(rawValue: word)
    #expect(cause != nil, "\(name) tells the cause '\(word)', which there is not")
    return cause
  }

  static func diagnosis(_ name: String, seed: UInt64 = 0) throws -> DiagnosisReport {
    var experiment = try experiment(name)
    experiment.training.seed = seed
    return try DiagnosisRun(
      experiment, name: name, samples: experiment.samples(keepsNonFinite: true)
    ).run()
  }
}

@Suite struct DiagnosisTests {
  @Test func everyFileTellsItsCauseAndCanBeRun() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Troubles.folder.path)
      .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
    var counts: [RootCause?: Int] = [:]
    for name in names {
      counts[try Troubles.cause(name), default: 0] += 1
      let experiment = try Troubles.experiment(name)
      _ = try Trial(experiment, keepsNonFinite: true)
    }
    for (cause, count) in counts { #expect(count >= 1, "\(String(describing: cause))") }
    #expect(counts.count >= 20)
    #expect(counts[nil] ?? 0 >= 40 && names.count - (counts[nil] ?? 0) >= 60)
  }

  /// One set-up of each cause, with a seed that the others do not use.
  @Test(arguments: [
    "start-relu-normal-1", "activation-exponential-5", "rate-sgd-10", "depth-residual-unscaled",
    "format-fp16-large-scale", "loss-bce-on-probabilities", "data-nan-row", "epsilon-adam",
    "clip-value-tiny",
  ])
  func theRootCauseIsFound(name: String) throws {
    let report = try Troubles.diagnosis(name, seed: 11)
    #expect(report.rootCause?.cause == (try Troubles.cause(name)), "\(report.json.text)")
    #expect(report.rootCause?.isProven == true)
    if let replay = report.replay { #expect(replay.isIdentical) }
  }

  @Test(arguments: ["healthy-moons-relu", "healthy-fp16-dynamic", "healthy-regression"])
  func healthyTrainingsHaveNoCause(name: String) throws {
    let report = try Troubles.diagnosis(name, seed: 11)
    #expect(report.rootCause == nil && report.verdict == .healthy, "\(report.json.text)")
  }

  @Test func theBadRowIsNamed() throws {
    let report = try Troubles.diagnosis("data-nan-row")
    let found = try #require(report.firstNonFinite)
    #expect(found.place == .input && found.tensor.hasSuffix("nan-row.csv line 139"))
    #expect(found.value == "features" && found.element == [0] && found.found.isNaN)
  }

  @Test func theExponentialThatOverflowsIsNamedWithItsOperand() throws {
    let report = try Troubles.diagnosis("activation-exponential-8")
    let found = try #require(report.firstNonFinite)
    #expect(found.reason == "overflow_of_exponential" && found.operatorName == "Exp")
    let operand = try #require(found.operands.first?.value)
    #expect(operand > 88.72 && found.found == .infinity)
    #expect(found.passedOnCount > 0)
  }

  /// The rate of a linear network diverges where it is above 2/λ of the features' covariance, here
  /// about 1; its growth is told with the step and the rate at which it began.
  @Test func whatGrewIsTold() throws {
    let report = try Troubles.diagnosis("rate-regression")
    let growth = try #require(report.onset.first)
    #expect(growth.rate > 1.5 && growth.step < 30, "\(growth)")
    #expect(growth.sentence.contains("per step from step"))
    let rates = report.suspects.first { $0.cause == .learningRate }?.counterfactuals ?? []
    #expect(rates.contains { $0.isHealthy })
  }

  /// A run that was kept is diagnosed from its records and snapshots, and comes to the same.
  @Test func aKeptRunIsReplayedFromItsSnapshot() throws {
    var experiment = try Troubles.experiment("rate-sgd-10")
    experiment.training.snapshots.every = 5
    let samples = try experiment.samples()
    let trial = try Trial(experiment, samples)
    var records: [StepRecord] = []
    var snapshots = [trial.trainer.snapshot()]
    let outcome = trial.run { step in
      records.append(step.record)
      if trial.trainer.step.isMultiple(of: 5) { snapshots.append(trial.trainer.snapshot()) }
      return true
    }
    let kept = DiagnosisRun.Kept(
      records: records, ending: outcome.ending, evaluation: outcome.evaluation,
      snapshot: { step in snapshots.last { $0.step <= step } })
    let report = try DiagnosisRun(experiment, name: "kept", samples: samples).run(kept)
    #expect(report.rootCause?.cause == .learningRate && report.rootCause?.isProven == true)
    let replay = try #require(report.replay)
    #expect(replay.isIdentical && replay.to == records.first { $0.refusal != nil }?.step)
    #expect(report.firstNonFinite != nil)
  }
}
