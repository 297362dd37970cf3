import Evenkeel
import Testing

@Suite struct LibraryTests {
  /// The example of the README.
  @Test func aNetworkWrittenInSwiftIsChecked() throws {
    let network = NetworkDescription(
      input: [64], initialization: Initialization(weights: VarianceScaling(.he, .normal))
    ) {
      for _ in 0..<20 {
        DenseLayer(64, bias: false)
        ActivationLayer("relu")
      }
      DenseLayer(10, bias: false)
    }
    let report = try network.check(batch: 64)
    #expect(report.verdict == .healthy)
    #expect(report.layers.count == 21)
    #expect(report.layers.allSatisfy { $0.activation.measured?.nonFinite == 0 })
  }

  /// The second example of the README.
  @Test func aNetworkWrittenInSwiftIsTrained() throws {
    let network = NetworkDescription(input: [2], loss: LossDescription("softmax_cross_entropy")) {
      DenseLayer(32)
      ActivationLayer("tanh")
      DenseLayer(2)
    }
    var experiment = Experiment(network, data: .synthetic("moons", ["noise": 0.1]))
    experiment.training.optimizer = Adam(learningRate: 0.01)
    let trial = try Trial(experiment)
    var told = 0
    for step in trial where !step.events.isEmpty { told += 1 }
    let outcome = trial.finish()
    #expect(
      outcome.verdict == .healthy && outcome.lastLoss < 0.1 && told == 0,
      "\(outcome.verdict) \(outcome.lastLoss) \(told) \(outcome.firstLoss) \(outcome.steps)")
  }

  @Test func aTrainingThatFailsIsRepaired() throws {
    let network = NetworkDescription(input: [2], loss: LossDescription("softmax_cross_entropy")) {
      DenseLayer(16)
      ActivationLayer("relu")
      DenseLayer(2)
    }
    var experiment = Experiment(network, data: .synthetic("moons"))
    experiment.training.optimizer = Adam(learningRate: 1e-7)
    experiment.training.duration = .steps(300)
    let report = try experiment.diagnosis()
    #expect(report.rootCause?.cause == .learningRate)
    let repair = try experiment.repaired()
    #expect(repair.report.outcome == .repaired)
    #expect(repair.experiment.training.optimizer.learningRate > 1e-5)
  }

  @Test func theSameSeedGivesTheSameBytes() throws {
    let network = NetworkDescription(input: [16]) {
      DenseLayer(32)
      ActivationLayer("gelu")
      DenseLayer(4)
    }
    let reports = try [3, 3, 4].map { try network.check(batch: 8, seed: $0).json.text }
    #expect(reports[0] == reports[1])
    #expect(reports[0] != reports[2])
  }

  @Test func layersThatDoNotFitAreRefused() {
    let network = NetworkDescription(input: [3, 8, 8]) { DenseLayer(4) }
    #expect(throws: InputError.self) { try network.check() }
  }
}
