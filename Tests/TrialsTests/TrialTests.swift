import Experiments
import Findings
import Testing
import Training
import Trials
import Watching

/// A network for two spirals, with its activation, how it starts, and how it is trained.
private func experiment(
  _ activation: String, depth: Int = 3, start: String = "he_normal", training: String
) throws -> Experiment {
  try Experiment(
    yaml: """
      network:
        input: [2]
        init: {weights: \(start)}
        layers:
          - repeat: \(depth)
            layers: [{dense: 24}, \(activation)]
          - dense: 2
        loss: softmax_cross_entropy
      data: {spirals: {samples: 400, turns: 0.5}}
      training: \(training)
      """)
}

@Suite struct TrialTests {
  @Test func aHealthyRunMeetsItsTarget() throws {
    let trial = try Trial(
      experiment(
        "relu", training: "{optimizer: {adam: 0.01}, steps: 400, target: {accuracy: 0.95}}"))
    let outcome = trial.run()
    #expect(outcome.isHealthy, "\(outcome.findings) \(outcome.lastLoss)")
    #expect(outcome.meetsTarget == true && outcome.ending == .finished)
    #expect(outcome.lastLoss < 0.3 && outcome.evaluation?.step == 400)
    #expect(abs((outcome.baselineLoss ?? 0) - 0.693147) < 1e-6)
  }

  @Test func aDeepSigmoidNetworkFails() throws {
    let trial = try Trial(
      experiment(
        "sigmoid", depth: 12, start: "xavier_normal",
        training: "{optimizer: {sgd: 0.1}, steps: 400}"))
    let outcome = trial.run()
    #expect(!outcome.isHealthy && outcome.verdict == .failing)
    #expect(outcome.findings.contains { $0.finding.rule == .vanishingGradient })
  }

  @Test func aRunThatBlowsUpIsRefused() throws {
    let trial = try Trial(
      experiment(
        "relu", depth: 6, training: "{optimizer: {sgd: 1e6}, steps: 400, max_skipped: 3}"))
    var events: [WatchEvent] = []
    let outcome = trial.run {
      events += $0.events; return true
    }
    #expect(!outcome.isHealthy && outcome.refusedSteps > 3)
    guard case .refused = outcome.ending else {
      Issue.record("the run was not ended: \(String(describing: outcome.ending))")
      return
    }
    #expect(!events.isEmpty)
  }

  @Test func aResumedTrialGoesOnAsIfItHadNotStopped() throws {
    let experiment = try experiment("tanh", training: "{optimizer: adam, steps: 60}")
    let whole = try Trial(experiment)
    var records: [StepRecord] = []
    var snapshot: TrainingSnapshot?
    _ = whole.run { step in
      records.append(step.record)
      if step.record.step == 29 { snapshot = whole.trainer.snapshot() }
      return true
    }
    let again = try Trial(experiment)
    try again.resume(at: #require(snapshot), after: records[..<30])
    let outcome = again.run()
    #expect(outcome.steps == 60)
    #expect(again.losses == whole.losses)
  }
}
