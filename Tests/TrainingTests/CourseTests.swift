import Networks
import Numbers
import Samples
import TensorFiles
import Tensors
import Testing
import Training

/// Rates of single layers, the mean of weights, and runs that end early.
@Suite struct CourseTests {
  private static func weights(_ trainer: Trainer) -> [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: trainer.snapshot().tensors.map { name, tensor in
        let elements = tensor.elements(as: Float.self)
        return (name, elements.indices.map { elements[$0] })
      })
  }

  private static func trained(
    _ settings: TrainingSettings, validation: Dataset? = nil
  ) throws -> Trainer {
    let trainer = try Trainer(
      TrainerTests.network(TrainerTests.small), data: TrainerTests.spirals(100),
      validation: validation, settings: settings)
    while trainer.next() != nil {}
    return trainer
  }

  @Test func aFactorOfZeroLeavesALayerAsItStarts() throws {
    var settings = TrainerTests.settings(steps: 5)
    let start = try Trainer(
      TrainerTests.network(TrainerTests.small), data: TrainerTests.spirals(100),
      settings: settings)
    settings.layerRates = [.init(["layers.2"], factor: 0)]
    let (before, after) = (Self.weights(start), Self.weights(try Self.trained(settings)))
    #expect(before["layers.2.weight"] == after["layers.2.weight"])
    #expect(before["layers.2.bias"] == after["layers.2.bias"])
    #expect(before["layers.1.weight"] != after["layers.1.weight"])
    #expect(before["layers.3.weight"] != after["layers.3.weight"])
  }

  /// One step of gradient descent moves a layer by its rate times its gradient.
  @Test func aFactorMultipliesTheUpdate() throws {
    func moved(_ factor: Double?) throws -> [Float] {
      var settings = TrainerTests.settings(steps: 1, SGD(learningRate: 0.5))
      if let factor { settings.layerRates = [.init(["layers.1"], factor: factor)] }
      let start = try Trainer(
        TrainerTests.network(TrainerTests.small), data: TrainerTests.spirals(100),
        settings: settings)
      let before = Self.weights(start)["layers.1.weight"] ?? []
      let after = Self.weights(try Self.trained(settings))["layers.1.weight"] ?? []
      return zip(after, before).map { $0 - $1 }
    }
    let (plain, fourfold) = (try moved(nil), try moved(4))
    let scale = plain.map(abs).max() ?? 0
    #expect(scale > 0)
    // Weights near 1 round updates to 2^-24.
    for (a, b) in zip(plain, fourfold) { #expect(abs(4 * a - b) < 1e-6) }
  }

  @Test func aLayerThatDoesNotExistIsRefused() throws {
    var settings = TrainerTests.settings(steps: 1)
    settings.layerRates = [.init(["layer.1"], factor: 2)]
    #expect {
      try Self.trained(settings)
    } throws: { error in
      "\(error)"
        == "'layer_rates' names the layer 'layer.1', which does not exist; did you mean 'layers.1'?"
    }
  }

  /// The mean of the weights after steps 3, 4 and 5, and an exponential one.
  @Test(arguments: [nil, 0.75]) func theMeanIsThatOfTheSteps(_ decay: Double?) throws {
    var settings = TrainerTests.settings(steps: 5)
    settings.averaging = .init(decay: decay, start: 0.4)
    let trainer = try Trainer(
      TrainerTests.network(TrainerTests.small), data: TrainerTests.spirals(100),
      settings: settings)
    var seen: [[Float]] = []
    while trainer.next() != nil { seen.append(Self.weights(trainer)["layers.1.weight"] ?? []) }
    let mean = try #require(Self.weights(trainer)["average/layers.1.weight"])
    for i in mean.indices {
      let last = seen[2...].map { Double($0[i]) }
      let wanted =
        decay.map { decay in last.dropFirst().reduce(last[0]) { decay * $0 + (1 - decay) * $1 } }
        ?? last.reduce(0, +) / 3
      #expect(abs(Double(mean[i]) - wanted) < 1e-6)
    }
  }

  @Test func theMeanIsValidatedAndTheWeightsGoOn() throws {
    let data = try TrainerTests.spirals(100)
    var settings = TrainerTests.settings(steps: 40, Adam(learningRate: 0.05))
    let plain = try Self.trained(settings, validation: data)
    settings.averaging = .init(decay: 0.9)
    let averaged = try Self.trained(settings, validation: data)
    #expect(plain.lastEvaluation != averaged.lastEvaluation)
    let (a, b) = (Self.weights(plain), Self.weights(averaged))
    #expect(a["layers.1.weight"] == b["layers.1.weight"])
  }

  @Test func aRunWithAMeanGoesOnBitForBit() throws {
    let data = try TrainerTests.spirals(100)
    var settings = TrainerTests.settings(steps: 30)
    settings.averaging = .init(start: 0.2)
    settings.earlyStopping = .init(patience: 100)
    settings.precision.format = .bf16
    func trainer() throws -> Trainer {
      try Trainer(
        TrainerTests.network(TrainerTests.small), data: data, validation: data,
        settings: settings)
    }
    let (whole, again) = (try trainer(), try trainer())
    var kept: TrainingSnapshot?
    while whole.next() != nil { if whole.step == 17 { kept = whole.snapshot() } }
    try again.restore(try #require(kept))
    while again.next() != nil {}
    #expect(TrainerTests.bits(again) == TrainerTests.bits(whole))
    #expect(again.lastEvaluation == whole.lastEvaluation)
  }

  @Test func aRunEndsWhenTheValidationNoLongerImproves() throws {
    let data = try TrainerTests.spirals(100)
    var settings = TrainerTests.settings(steps: 400, SGD(learningRate: 1e-9))
    settings.validationInterval = 5
    settings.earlyStopping = .init(patience: 3, leastChange: 0.001)
    let trainer = try Self.trained(settings, validation: data)
    // The first evaluation is the best, and three more are no better.
    #expect(trainer.step == 20)
    guard case .stoppedEarly(let best) = trainer.ending else {
      Issue.record("the run did not end early")
      return
    }
    #expect(abs(best - (trainer.lastEvaluation?.loss ?? 0)) < 0.001)
    settings.optimizer = Adam(learningRate: 0.01)
    settings.earlyStopping?.leastChange = 0
    #expect(try Self.trained(settings, validation: data).step > 20)
    #expect(throws: TrainingError.self) { try Self.trained(settings) }
  }
}
