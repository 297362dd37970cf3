import Findings
import Networks
import Numbers
import Operators
import Samples
import Tensors
import Testing
import Training

@Suite struct SharpnessTests {
  /// The Hessian of a mean of squares of a linear map is 2/n XᵀX, with a column of ones for the bias.
  @Test func thatOfLinearRegressionIsKnown() throws {
    var linear = LinearRegression()
    (linear.samples, linear.features) = (64, 5)
    let data = try linear.dataset(seed: 3)
    var settings = TrainingSettings()
    (settings.batch, settings.duration) = (64, .steps(10))
    let network = try TrainerTests.network("[{dense: 1}]", input: 5, loss: "mean_squared_error")
    let trainer = try Trainer(network, data: data, settings: settings)
    let before = TrainerTests.bits(trainer)
    let found = try #require(trainer.sharpness(iterations: 500))
    #expect(TrainerTests.bits(trainer) == before)

    let features = data.features.elements(as: Float.self)
    let rows = (0..<64).map { row in (0..<5).map { Double(features[5 * row + $0]) } + [1] }
    var vector = [1, 0.5, -0.3, 0.2, 0.1, 0.7]
    var largest = 0.0
    for _ in 0..<5000 {
      var product = [Double](repeating: 0, count: 6)
      for row in rows {
        let along = zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 }
        for i in 0..<6 { product[i] += 2 / 64 * along * row[i] }
      }
      largest = product.reduce(0) { $0 + $1 * $1 }.squareRoot()
      vector = product.map { $0 / largest }
    }
    // The iteration ends when it changes by less than a thousandth; the rest is that of rounding.
    #expect(abs(found / largest - 1) < 0.01, "\(found) \(largest)")
  }

  /// Just below the rate 2/λ descent is stable, and above it is not.
  @Test func itTellsWhatRatesAreStable() throws {
    var linear = LinearRegression()
    (linear.samples, linear.features) = (64, 5)
    let data = try linear.dataset(seed: 3)
    let network = try TrainerTests.network("[{dense: 1}]", input: 5, loss: "mean_squared_error")
    func lastLoss(_ factor: Double) throws -> Double {
      var settings = TrainingSettings()
      (settings.batch, settings.duration) = (64, .steps(300))
      settings.optimizer = SGD(learningRate: 1e-3)
      let stable = try #require(
        Trainer(network, data: data, settings: settings).sharpness(iterations: 500))
      settings.optimizer = SGD(learningRate: factor * 2 / stable)
      let trainer = try Trainer(network, data: data, settings: settings)
      var loss = 0.0
      while let record = trainer.next() { loss = record.loss }
      return loss
    }
    #expect(try lastLoss(0.95) < 0.1)
    #expect(try lastLoss(1.1) > 100)
  }

  @Test func aNarrowFormatHasNone() throws {
    var settings = TrainerTests.settings()
    settings.precision.format = .bf16
    let trainer = try Trainer(
      TrainerTests.network(TrainerTests.small), data: TrainerTests.spirals(), settings: settings)
    #expect(trainer.sharpness() == nil)
  }
}
