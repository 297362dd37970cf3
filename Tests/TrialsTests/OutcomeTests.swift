import Experiments
import Findings
import Testing
import Training
import Trials

private func experiment(_ training: String, layers: String = "[{dense: 16}, relu, {dense: 2}]")
  throws
  -> Experiment
{
  try Experiment(
    yaml: """
      network:
        input: [2]
        init: {weights: he_normal}
        layers: \(layers)
        loss: softmax_cross_entropy
      data: {moons: {samples: 200}, validation: 0.25}
      training: \(training)
      """)
}

/// One word for what a training came to, and what counts as a cure.
@Suite struct OutcomeTests {
  @Test func aTargetThatIsMissedIsSaidSo() throws {
    let outcome = try Trial(
      experiment("{optimizer: {adam: 0.001}, steps: 10, target: {accuracy: 0.999}}")
    ).run()
    #expect(outcome.verdict == .targetMissed && !outcome.isHealthy)
    #expect(outcome.target?.contains("misses the target of") == true)
  }

  @Test func whatWasStoppedIsNotFinished() throws {
    let trial = try Trial(
      experiment("{optimizer: {adam: 0.01}, steps: 400, target: {accuracy: 0.9}}"))
    var made = 0
    let outcome = trial.run { _ in
      made += 1
      return made < 30
    }
    #expect(outcome.verdict == .notFinished && outcome.meetsTarget == nil)
    #expect(outcome.findings.allSatisfy { $0.finding.severity < .error })
  }

  @Test func aDeadlineStopsARun() throws {
    let trial = try Trial(experiment("{optimizer: {adam: 0.01}, steps: 1000000}"))
    let start = ContinuousClock.now
    let outcome = trial.run(until: Deadline(after: .seconds(0.3)))
    #expect(outcome.verdict == .notFinished && outcome.steps < 1_000_000)
    #expect(ContinuousClock.now - start < .seconds(5))
  }

  /// Labels learned by heart: the network knows its own samples and tells others no better than chance.
  @Test func whatIsLearnedByHeartIsTold() throws {
    func fit(held: Double, right: Double) -> Fit {
      Fit(
        training: Evaluation(step: 1, loss: 0.1, accuracy: 1),
        validation: Evaluation(step: 1, loss: held, accuracy: right), baselineLoss: 0.693,
        commonestShare: 0.5, validationSamples: 400)
    }
    #expect(fit(held: 2.3, right: 0.51).isMemorized)
    // Sure of itself, and right about most: its loss is large for the few that it gets wrong.
    #expect(!fit(held: 0.9, right: 0.9).isMemorized)
    #expect(!fit(held: 0.5, right: 0.51).isMemorized)
  }

  @Test func aLossAboveAConstantPredictionsIsWorthNothing() {
    func fit(_ loss: Double) -> Fit {
      Fit(
        training: Evaluation(step: 1, loss: loss, accuracy: nil), validation: nil,
        baselineLoss: 2, commonestShare: nil, validationSamples: 0)
    }
    #expect(fit(1.99).isWorthless && fit(.nan).isWorthless && !fit(1.5).isWorthless)
  }

  /// A run that begins low by chance and goes nowhere is no cure, whatever its target says.
  @Test func aLossThatEndsWhereItBeganIsNoCure() throws {
    let outcome = try Trial(
      experiment("{optimizer: {sgd: 1e-9}, steps: 20, target: {loss: 100}}")
    ).run()
    #expect(outcome.meetsTarget == true && !outcome.isCured)
    let healed = try Trial(
      experiment("{optimizer: {adam: 0.01}, steps: 300, target: {accuracy: 0.8}}")
    ).run()
    #expect(healed.isCured, "\(healed.findings) \(healed.objection ?? "")")
  }

  /// Biases say nothing of how large updates are, whether they start at 0 or not.
  @Test(arguments: ["0", "0.1", "0.001"])
  func updateRatiosDoNotDependOnBiases(bias: String) throws {
    let trial = try Trial(
      Experiment(
        yaml: """
          network:
            input: [2]
            init: {weights: he_normal, bias: \(bias)}
            layers: [{dense: 32}, relu, {dense: 32}, relu, {dense: 2}]
            loss: softmax_cross_entropy
          data: {spirals: {samples: 300, turns: 1}}
          training: {optimizer: {sgd: 0.005}, steps: 40}
          """))
    _ = trial.run()
    #expect(trial.symptoms.greatestUpdateRatio < 0.05, "\(trial.symptoms.greatestUpdateRatio)")
    #expect((1e-5...1e-2).contains(trial.symptoms.usualUpdateRatio))
  }
}
