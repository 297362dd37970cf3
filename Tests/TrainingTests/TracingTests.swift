import Findings
import Networks
import Numbers
import Operators
import Samples
import Semantics
import Tensors
import Testing
import Training

/// A trainer run to its first refused step.
private func refused(
  _ layers: String, loss: String = "softmax_cross_entropy", data: Dataset? = nil,
  _ change: (inout TrainingSettings) -> Void = { _ in }
) throws -> Trainer {
  var settings = TrainerTests.settings(steps: 200, SGD())
  change(&settings)
  let trainer = try Trainer(
    TrainerTests.network(layers, loss: loss), data: data ?? TrainerTests.spirals(),
    settings: settings)
  while let record = trainer.next(), record.refusal == nil {}
  return trainer
}

private func sgd(_ rate: Double) -> SGD {
  var sgd = SGD()
  sgd.learningRate = rate
  return sgd
}

@Suite struct TracingTests {
  @Test func nothingIsTracedWhereAllIsWell() throws {
    let trainer = try refused("[{dense: 8}, tanh, {dense: 2}]")
    #expect(trainer.record.refusal == nil)
    #expect(try trainer.origin() == nil)
  }

  @Test func anExponentialThatOverflowsIsNamed() throws {
    let trainer = try refused(
      "[{dense: {units: 8, init: {weights: {normal: 200}}}}, exponential, {dense: 2}]")
    let origin = try #require(try trainer.origin())
    #expect(origin.place == .activation && origin.tensor == "layers.1")
    #expect(origin.reason == .overflowOfExponential, "\(origin)")
    #expect(origin.operatorName == "Exp")
    let x = try #require(origin.operands.first?.value)
    #expect(x > 88.7 && origin.found == .infinity)
    #expect(!origin.passedOn.isEmpty)
    #expect(origin.element.count == 2)
  }

  @Test func aProductThatOverflowsIsNamed() throws {
    let trainer = try refused(
      """
      [{dense: {units: 8, init: {weights: {normal: 1e18}}}},
       {dense: {units: 8, init: {weights: {normal: 1e18}}}},
       {dense: {units: 8, init: {weights: {normal: 1e18}}}}, {dense: 2}]
      """)
    let origin = try #require(try trainer.origin())
    #expect(origin.tensor == "layers.3" && origin.place == .activation)
    #expect([.overflowOfProduct, .overflowOfSum].contains(origin.reason), "\(origin)")
  }

  @Test func whatANarrowFormatDoesNotHoldIsACast() throws {
    let trainer = try refused(
      "[{dense: {units: 8, init: {weights: {normal: 1e5}}}}, relu, {dense: 2}]"
    ) { $0.precision.format = .fp16 }
    let origin = try #require(try trainer.origin())
    #expect(origin.place == .weight && origin.tensor == "layers.1.weight", "\(origin)")
    #expect(origin.reason == .overflowOfCast && origin.explanation.contains("65504"))

    let other = try refused(
      """
      [{dense: {units: 8, init: {weights: {normal: 500}}}}, relu,
       {dense: {units: 8, init: {weights: {normal: 500}}}}, relu, {dense: 2}]
      """
    ) { $0.precision.format = .fp16 }
    let cast = try #require(try other.origin())
    #expect(cast.reason == .overflowOfCast && cast.tensor == "layers.2", "\(cast)")
    #expect(cast.explanation.contains("65,504"), "\(cast.explanation)")
  }

  @Test func theLogarithmOfAVanishedShareIsNamed() throws {
    let trainer = try refused(
      "[{dense: {units: 2, init: {weights: {normal: 1000}}}}]", loss: "nll_of_softmax")
    let origin = try #require(try trainer.origin())
    #expect(origin.operatorName == "Log" && origin.reason == .logarithmOfZero, "\(origin)")
    #expect(origin.tensor == "loss")
    #expect(origin.operands.first?.value == 0)
  }

  @Test func aBadRowIsNamedWithItsFeature() throws {
    let good = try TrainerTests.spirals(64)
    let features = good.features.copy()
    features.elements(as: Float.self)[2 * 37 + 1] = .nan
    let data = try Dataset(
      name: "points", features: features, targets: good.targets, featureNames: ["x", "y"],
      allowsNonFinite: true)
    let trainer = try refused("[{dense: 8}, tanh, {dense: 2}]", data: data)
    let origin = try #require(try trainer.origin())
    #expect(origin.place == .input && origin.tensor == "points[37]" && origin.element == [1])
    #expect(origin.explanation == "the data holds nan as 'y' of points[37]")
  }

  @Test func aDivisionByAVanishedAverageIsNamed() throws {
    // Dead units have no gradient, and 0/0 where nothing is added to the root.
    let trainer = try refused(
      "[{dense: {units: 8, init: {weights: he_normal, bias: -100}}}, relu, {dense: 2}]"
    ) {
      var adam = Adam()
      adam.epsilon = 0
      $0.optimizer = adam
    }
    let origin = try #require(try trainer.origin())
    #expect(origin.place == .update && origin.reason == .zeroOverZero, "\(origin)")
    #expect(origin.operatorName == "adam" && origin.found.isNaN)
    #expect(origin.operands.map(\.name) == ["gradient", "weight", "exp_avg", "exp_avg_sq"])
    #expect(origin.operands[0].value == 0 && origin.operands[3].value == 0)
  }

  @Test func weightsThatAreTooGreatForTheFormatAreNamed() throws {
    let trainer = try refused("[{dense: 8}, tanh, {dense: 2}]") { $0.optimizer = sgd(1e38) }
    let origin = try #require(try trainer.origin())
    #expect([.overflowOfProduct, .overflowOfSum].contains(origin.reason), "\(origin)")
  }

  /// The traced step computes what the step computed, so that what is found is what happened.
  @Test(arguments: [NumberFormat.fp32, .bf16, .fp16])
  func theTraceRepeatsTheStep(format: NumberFormat) throws {
    let trainer = try refused("[{dense: 64}, leaky_relu, {dense: 64}, leaky_relu, {dense: 2}]") {
      ($0.optimizer, $0.precision.format) = (sgd(1e4), format)
      $0.batch = 64
    }
    let refusal = try #require(trainer.record.refusal)
    let origin = try #require(try trainer.origin())
    #expect(origin.nanCount == refusal.nanCount && origin.infinityCount == refusal.infinityCount)
    #expect(
      origin.tensor == refusal.tensor && origin.place == refusal.place, "\(origin) \(refusal)")
  }
}
