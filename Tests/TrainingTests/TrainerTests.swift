import Findings
import Foundation
import Networks
import Numbers
import Operators
import Samples
import TensorFiles
import Tensors
import Testing
import Training

@Suite(.serialized) struct TrainerTests {
  static func network(
    _ layers: String, input: Int = 2, loss: String = "softmax_cross_entropy"
  ) throws -> NetworkDescription {
    try NetworkDescription(
      yaml: """
        network:
          input: [\(input)]
          layers: \(layers)
          loss: \(loss)
        """, activations: .standard)
  }

  static let small = "[{dense: 32}, tanh, {dense: 32}, tanh, {dense: 2}]"

  static func spirals(_ samples: Int = 400) throws -> Dataset {
    var spirals = Spirals()
    (spirals.samples, spirals.turns) = (samples, 0.75)
    return try spirals.dataset(seed: 1)
  }

  static func settings(
    steps: Int = 60, _ optimizer: any Optimizer = Adam()
  ) -> TrainingSettings {
    var settings = TrainingSettings()
    settings.optimizer = optimizer
    settings.duration = .steps(steps)
    return settings
  }

  /// Weights and states, bit for bit.
  static func bits(_ trainer: Trainer) -> [UInt32] {
    trainer.snapshot().tensors.flatMap { entry in
      let elements = entry.tensor.elements(as: Float.self)
      return elements.indices.map { elements[$0].bitPattern }
    }
  }

  static func areWeightsFinite(_ trainer: Trainer) -> Bool {
    bits(trainer).allSatisfy { Float(bitPattern: $0).isFinite }
  }

  @Test func itLearns() throws {
    var adam = Adam()
    adam.learningRate = 0.01
    let data = try Self.spirals()
    let trainer = try Trainer(
      Self.network(Self.small), data: data, validation: data,
      settings: Self.settings(steps: 400, adam))
    var losses: [Double] = []
    for record in trainer { losses.append(record.loss) }
    #expect(losses.count == 400)
    #expect(trainer.ending == .finished && trainer.refusedSteps == 0)
    // Chance is log 2 = 0.69.
    #expect(losses.suffix(20).reduce(0, +) / 20 < 0.1)
    let last = try #require(trainer.lastEvaluation)
    #expect(last.step == 400 && (last.accuracy ?? 0) > 0.97 && last.loss < 0.1)
  }

  static let variants: [String: @Sendable (inout TrainingSettings) throws -> Void] = [
    "plain": { _ in },
    "fp16": {
      $0.precision.format = .fp16
      $0.precision.lossScaling = LossScaling()
      $0.precision.lossScaling?.interval = 7
      $0.precision.lossScaling?.initial = 0x1p30
    },
    "fp8": {
      $0.precision.format = .fp8E4M3FN
      $0.precision.backwardFormat = .fp8E5M2
      $0.precision.lossScaling = .constant(1024)
    },
    "no masters": {
      $0.precision.format = .bf16
      $0.precision.keepsMasters = false
    },
    "plateau and noise": {
      var plateau = PlateauSchedule()
      plateau.window = 2
      plateau.patience = 0
      $0.schedule = LearningRatePlan(plateau, warmup: 5)
      $0.treatments = [GradientCentralization(), GradientNoise()]
      $0.clipping = GlobalNormClipping()
      $0.accumulation = 3
    },
  ]

  /// A run that stops in the middle and goes on elsewhere ends with the same bits.
  @Test(arguments: variants.keys.sorted())
  func aSnapshotGoesOnBitForBit(_ name: String) throws {
    var settings = Self.settings(steps: 40)
    try Self.variants[name]?(&settings)
    settings.batch = 24
    let layers = "[{dense: 16}, {dropout: 0.2}, tanh, {dense: 16}, tanh, {dense: 2}]"
    let (network, data) = (try Self.network(layers), try Self.spirals(100))
    let whole = try Trainer(network, data: data, settings: settings)
    let again = try Trainer(network, data: data, settings: settings)
    var kept: TrainingSnapshot?
    var losses: [Double] = []
    for record in whole {
      losses.append(record.loss)
      if whole.step == 17 { kept = whole.snapshot() }
    }
    try again.restore(try #require(kept))
    #expect(again.step == 17)
    var restored: [Double] = []
    for record in again { restored.append(record.loss) }
    #expect(restored == [Double](losses[17...]))
    #expect(Self.bits(again) == Self.bits(whole))
    #expect(again.refusedSteps == whole.refusedSteps)
    #expect(Set(losses).count > 30)
    if name == "fp16" { #expect(whole.refusedSteps > 3) }
  }

  /// Gradients and health do not depend on a loss scale that is a power of two, in single precision.
  @Test func theLossScaleIsTakenOutOfEverything() throws {
    let (network, data) = (try Self.network(Self.small), try Self.spirals())
    var settings = Self.settings(steps: 3)
    settings.clipping = GlobalNormClipping()
    let plain = try Trainer(network, data: data, settings: settings)
    settings.precision.lossScaling = .constant(4096)
    let scaled = try Trainer(network, data: data, settings: settings)
    while var a = plain.next(), var b = scaled.next() {
      (a.seconds, b.seconds) = (0, 0)
      #expect(b.lossScale == 4096)
      b.lossScale = nil
      #expect(a == b)
      #expect(a.gradientNorm > 0 && a.clipCoefficient != nil)
    }
  }

  /// A row that is NaN refuses its steps, once in each epoch, and reaches no weight.
  @Test func oneBadRowIsNamedAndHarmsNothing() throws {
    let good = try Self.spirals(128)
    good.features.elements(as: Float.self)[2 * 77 + 1] = .nan
    let data = try Dataset(
      name: "points", features: good.features, targets: good.targets, allowsNonFinite: true)
    let trainer = try Trainer(
      Self.network(Self.small), data: data, settings: Self.settings(steps: 40))
    var refusals: [StepRecord.Refusal] = []
    for record in trainer { if let refusal = record.refusal { refusals.append(refusal) } }
    #expect(refusals.count == 10)
    let expected = StepRecord.Refusal(
      place: .input, tensor: "points[77]", nanCount: 1, infinityCount: 0)
    #expect(refusals.allSatisfy { $0 == expected })
    #expect(trainer.ending == .finished && trainer.refusedSteps == 10)
    #expect(Self.areWeightsFinite(trainer))
  }

  /// A learning rate that blows the network up ends the run, with finite weights.
  @Test(arguments: [false, true]) func aRunThatBlowsUpEnds(_ rollsBack: Bool) throws {
    var sgd = SGD()
    sgd.learningRate = 1e4
    var settings = Self.settings(steps: 500, sgd)
    settings.guarding.maxSkipped = 3
    settings.guarding.rollsBack = rollsBack
    settings.snapshots.every = 2
    let network = try Self.network(
      "[{dense: 32}, relu, {dense: 32}, relu, {dense: 1}]", loss: "mean_squared_error")
    let trainer = try Trainer(network, data: try Self.spirals(), settings: settings)
    var refused: [StepRecord] = []
    for record in trainer { if record.refusal != nil { refused.append(record) } }
    guard case .refused(let refusal, let advice) = trainer.ending else {
      Issue.record("the run did not end: \(String(describing: trainer.ending))")
      return
    }
    #expect(refused.last?.refusal == refusal)
    #expect(advice.contains("4 steps in a row were refused"))
    #expect(refused.count == (rollsBack ? 8 : 4))
    #expect(refused.allSatisfy { $0.parameters[0].update == nil })
    #expect(Self.areWeightsFinite(trainer))
    // The first layer to overflow, or the loss, which squares.
    #expect(
      ["loss", "layers.1", "layers.2", "layers.3"].contains(refusal.tensor)
        || refusal.place == .gradient || refusal.place == .update || refusal.place == .cotangent)
  }

  @Test func accumulatedBatchesAreOneBatch() throws {
    let (network, data) = (try Self.network(Self.small), try Self.spirals(64))
    var settings = Self.settings(steps: 1, SGD())
    settings.batch = 64
    let one = try Trainer(network, data: data, settings: settings)
    settings.batch = 16
    settings.accumulation = 4
    let four = try Trainer(network, data: data, settings: settings)
    let (a, b) = (try #require(one.next()), try #require(four.next()))
    #expect((a.loss - b.loss).magnitude < 1e-6)
    #expect((a.gradientNorm / b.gradientNorm - 1).magnitude < 1e-5)
    for (x, y) in zip(a.parameters, b.parameters) {
      #expect((x.gradient.secondMoment / y.gradient.secondMoment - 1).magnitude < 1e-4)
      #expect((x.weight.mean - y.weight.mean).magnitude < 1e-6)
    }
  }

  /// With one batch that is the whole set, what batch norms use for inference is what they use in
  /// training, so that the loss of the evaluation is that of the next step.
  @Test func batchNormsAreEvaluatedWithTheirPopulation() throws {
    let data = try Self.spirals(96)
    let network = try Self.network(
      "[{dense: 16}, batch_norm, relu, {dense: 16}, batch_norm, relu, {dense: 2}]")
    var settings = Self.settings(steps: 12)
    settings.batch = 96
    settings.validationInterval = 1
    let trainer = try Trainer(network, data: data, validation: data, settings: settings)
    var last: Evaluation?
    for record in trainer {
      if let last { #expect((last.loss - record.loss).magnitude < 2e-6) }
      last = trainer.lastEvaluation
    }
    #expect(last?.step == 12)
    // Samples that do not fill a batch are judged too.
    let rest = try Trainer(
      network, data: data, validation: data.samples(at: [Int](0..<35)),
      settings: {
        var settings = settings
        settings.batch = 32
        return settings
      }())
    while rest.next() != nil {}
    let right = try #require(rest.lastEvaluation?.accuracy) * 35
    #expect((right - right.rounded()).magnitude < 1e-9)
  }

  /// The pre-activations are N(0, s²), so that the share with a slope of tanh below 1 % is known.
  @Test func saturatedSharesAreThoseOfTheLaw() throws {
    let network = try Self.network(
      "[{dense: {units: 400, init: {weights: {normal: 1}}}}, tanh, {dense: 1}]", input: 25,
      loss: "mean_squared_error")
    var set = LinearRegression()
    (set.samples, set.features) = (512, 25)
    var settings = Self.settings(steps: 1)
    settings.batch = 512
    let trainer = try Trainer(network, data: set.dataset(seed: 4), settings: settings)
    let record = try #require(trainer.next())
    let share = try #require(record.layers[0].saturatedShare)
    // 1 − tanh² < 0.01 from |z| = 2.993; s = 5.
    let expected = erfc(2.993 / 5 / 2.0.squareRoot())
    #expect((share - expected).magnitude < 0.02, "\(share), \(expected)")
    #expect(record.layers[1].saturatedShare == nil)
  }

  @Test(
    arguments: [
      (
        "[{dense: 3}]", 3, "softmax_cross_entropy",
        "a sample has the shape [2], and the network's input is [3]"
      ),
      (
        "[{dense: 1}]", 2, "softmax_cross_entropy",
        "there are 2 classes, and the loss tells 1 apart"
      ),
      (
        "[{dense: 3}]", 2, "binary_cross_entropy_with_logits",
        "a sample has 1 labels, and the loss takes 3"
      ),
    ]) func dataThatDoNotFitAreRefused(
      _ layers: String, _ input: Int, _ loss: String, _ message: String
    ) throws
  {
    let network = try Self.network(layers, input: input, loss: loss)
    let data = try Self.spirals()
    let error = #expect(throws: TrainingError.self) {
      try Trainer(network, data: data, settings: Self.settings())
    }
    #expect(error?.problem.contains(message) == true, "\(String(describing: error))")
  }
}

@Suite struct CalibrationTests {
  /// Weights that start by layer-sequential unit variance give every layer deviation 1 on the first
  /// batch, within the tolerance of a tenth.
  @Test func weightsLookAtTheFirstBatch() throws {
    let network = try NetworkDescription(
      yaml: """
        network:
          input: [2]
          init: {weights: lsuv}
          layers: [{repeat: 6, layers: [{dense: 32}, tanh]}, {dense: 2}]
          loss: softmax_cross_entropy
        """, activations: .standard)
    var settings = TrainerTests.settings(steps: 1, SGD())
    settings.batch = 64
    let trainer = try Trainer(network, data: TrainerTests.spirals(), settings: settings)
    let record = try #require(trainer.next())
    // tanh of a normal variable of deviation 1 has the second moment 0.394.
    for layer in record.layers.dropLast() {
      #expect(abs(layer.activation.secondMoment - 0.394) < 0.09, "\(layer)")
    }
    let last = try #require(record.layers.last).activation
    #expect(abs((last.secondMoment - last.mean * last.mean).squareRoot() - 1) < 0.2)
  }
}
