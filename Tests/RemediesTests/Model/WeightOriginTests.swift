import Numbers
import ONNXMessages
import Tensors
import Testing

@testable import ONNX
@testable import Remedies

/// Fresh weights are known by their law, and trained ones by what stands out of it.
@Suite struct WeightOriginTests {
  private func model(
    _ first: (RandomStream, Int) -> Double, bias: [Double]? = nil, scale: [Double]? = nil
  ) throws -> ImportedModel {
    var fixture = ModelFixture()
    fixture.input("x", [4, 32])
    let stream = RandomStream(seed: 7, name: "first")
    fixture.reals("first", (0..<(32 * 48)).map { first(stream, $0) }, [32, 48])
    fixture.normal("second", [48, 16], std: 0.1)
    fixture.reals("bias", bias ?? [Double](repeating: 0, count: 48), [48])
    fixture.reals("scale", scale ?? [Double](repeating: 1, count: 48), [48])
    fixture.reals("shift", [Double](repeating: 0, count: 48), [48])
    fixture.node("MatMul", ["x", "first"], "a")
    fixture.node("Add", ["a", "bias"], "b")
    fixture.node("LayerNormalization", ["b", "scale", "shift"], "n")
    fixture.node("Relu", ["n"], "r")
    fixture.node("MatMul", ["r", "second"], "y")
    fixture.output("y")
    return try fixture.patient().model
  }

  @Test(arguments: [0.001, 0.1, 9.0]) func normalAndUniformWeightsAreFresh(size: Double) throws {
    #expect(WeightOrigin(try model { size * $0.normal(at: $1) }).isFresh)
    #expect(WeightOrigin(try model { size * (2 * $0.uniform(at: $1) - 1) }).isFresh)
  }

  /// Training adds a direction, of few or many steps, to what was drawn.
  @Test func aDirectionIsTraining() throws {
    let origin = WeightOrigin(
      try model { stream, place in
        0.1 * stream.normal(at: place)
          + 0.05 * stream.normal(at: 10_000 + place / 48) * stream.normal(at: 20_000 + place % 48)
      })
    #expect(!origin.isFresh && origin.reason.contains("first"))
  }

  /// Tails of trained weights are heavier than any initialiser's.
  @Test func heavyTailsAreTraining() throws {
    #expect(
      !WeightOrigin(
        try model { stream, place in
          let x = stream.normal(at: place)
          return 0.1 * x * abs(x)
        }
      ).isFresh)
  }

  @Test func movedBiasesAndNormsAreTraining() throws {
    let stream = RandomStream(seed: 3, name: "b")
    let moved = (0..<48).map { 0.3 + 0.1 * stream.normal(at: $0) }
    #expect(!WeightOrigin(try model({ 0.1 * $0.normal(at: $1) }, bias: moved)).isFresh)
    #expect(!WeightOrigin(try model({ 0.1 * $0.normal(at: $1) }, scale: moved)).isFresh)
    // The usual law of biases, within ±1/√fan-in.
    let usual = (0..<48).map { (2 * stream.uniform(at: $0) - 1) / 32.0.squareRoot() }
    #expect(WeightOrigin(try model({ 0.1 * $0.normal(at: $1) }, bias: usual)).isFresh)
  }

  @Test func fewWeightsAreNotKnown() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4, 8])
    fixture.normal("w", [8, 8], std: 1)
    fixture.node("MatMul", ["x", "w"], "y")
    fixture.output("y")
    #expect(!WeightOrigin(try fixture.patient().model).isFresh)
  }

  /// Remedies for starts have nothing to offer a trained model.
  @Test func trainedWeightsAreLeftAlone() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4, 32])
    fixture.normal("w", [32, 32], std: 9)
    fixture.node("MatMul", ["x", "w"], "y")
    fixture.output("y")
    var patient = try fixture.patient()
    #expect(!StandardWeights().changes(of: patient).isEmpty)
    patient.freedom = WeightFreedom()
    for remedy in ModelRemedies.all {
      #expect(remedy.changes(of: patient).allSatisfy { $0.promise != .none }, "\(remedy.name)")
    }
  }
}
