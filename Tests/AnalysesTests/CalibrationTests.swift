import Analyses
import Networks
import Operators
import Semantics
import Tensors
import Testing

/// Weights that start by layer-sequential unit variance.
@Suite struct CalibrationTests {
  static func check(_ layers: String, input: String = "[48]", draws: Int = 1) throws -> Check {
    let text = """
      network:
        input: \(input)
        init: lsuv
        layers: \(layers)
      """
    let network = try NetworkDescription(yaml: text, activations: .standard)
      .lowered(batch: 64, registry: .standard, activations: .standard)
    var options = Check.Options()
    options.draws = draws
    return try Check(Subject(network), path: "", options: options, adding: { Add() })
  }

  static let halving =
    "[{repeat: 30, layers: [{dense: 48}, {affine: {function: linear, gamma: 0.5}}]}]"

  /// The scale behind every product is 1 ± 0.1, so the layers' outputs have half of it.
  @Test func everyProductHasUnitVarianceForEverySeed() throws {
    for layer in try Self.check(Self.halving, draws: 3).diagnosis.layers {
      let measured = try #require(layer.activation.measured)
      #expect(abs(measured.variance.squareRoot() - 0.5) <= 0.05)
      #expect(layer.activation.secondMoments.count == 3)
      // The mean of 64 · 48 dependent elements stays small beside their deviation.
      #expect(layer.activation.secondMoments.allSatisfy { $0 > 0.2 && $0 < 0.33 })
    }
  }

  /// The division is known before the prediction, which therefore speaks of the same weights: one
  /// layer differs from the wide limit by the spread of a mean over 64 · 48 elements.
  @Test func thePredictionKnowsWhatTheBatchShowed() throws {
    for layer in try Self.check(Self.halving).diagnosis.layers {
      #expect(layer.activation.predicted.secondMoment > 0.15)
      #expect(layer.activation.predicted.secondMoment < 0.4)
    }
  }

  @Test(arguments: [
    ("[{repeat: 30, layers: [{affine: {function: sigmoid, gamma: 0.01}}, {dense: 48}]}]", "[48]"),
    ("[{repeat: 5, layers: [{affine: {function: relu, gamma: 40}}, {dense: 70}]}]", "[48]"),
    (
      "[{repeat: 3, layers: [{conv2d: {channels: 8, kernel: 3}}, batch_norm, tanh]}, flatten, {dense: 9}]",
      "[3, 8, 8]"
    ),
  ])
  func theLastProductHasUnitVariance(layers: String, input: String) throws {
    let last = try #require(Self.check(layers, input: input).diagnosis.layers.last)
    let measured = try #require(last.activation.measured)
    #expect(abs(measured.variance.squareRoot() - 1) <= 0.1)
  }

  @Test func sharedWeightsAreRefused() {
    #expect(throws: NetworkError.self) {
      _ = try Self.check("[{rnn: {units: 4}}]", input: "[3, 48]")
    }
  }
}
