import ONNXMessages
import Tensors
import Testing

@testable import ONNX
@testable import Remedies

/// New weights and rescaled ones, found through what moves them.
@Suite struct ModelWeightTests {
  private func variance(_ numbers: [Double]) -> Double {
    numbers.reduce(0) { $0 + $1 * $1 } / Double(numbers.count)
  }

  /// Two layers with relu between them; the first weight is transposed on its way.
  private func layers(std: Double) -> ModelFixture {
    var fixture = ModelFixture()
    fixture.input("x", [16, 64])
    fixture.normal("first", [128, 64], std: std)
    fixture.normal("second", [128, 32], std: std)
    fixture.normal("bias", [128], std: 1)
    fixture.node("Identity", ["first"], "same")
    fixture.node("Transpose", ["same"], "turned")
    fixture.node("MatMul", ["x", "turned"], "a")
    fixture.node("Add", ["bias", "a"], "b")
    fixture.node("Relu", ["b"], "r")
    fixture.node("MatMul", ["r", "second"], "y")
    fixture.output("y")
    return fixture
  }

  @Test func variancesFollowWhatComesNext() throws {
    let patient = try layers(std: 5).patient()
    let file = try #require(StandardWeights().changes(of: patient).first).file
    // He before relu, 2/64; Xavier before nothing, 2/(128 + 32).
    #expect(abs(variance(try file.initializer("first")) / (2.0 / 64) - 1) < 0.05)
    #expect(abs(variance(try file.initializer("second")) / (2.0 / 160) - 1) < 0.06)
    #expect(try file.initializer("bias").allSatisfy { $0 == 0 })
    // Names decide, so that the same seed gives the same numbers.
    let again = try #require(StandardWeights().changes(of: patient).first).file
    #expect(again.message == file.message)
  }

  @Test func orthogonalWeightsKeepLengths() throws {
    let patient = try layers(std: 5).patient()
    let file = try #require(OrthogonalWeights().changes(of: patient).first).file
    let weight = try file.initializer("first")
    // Columns of 128 × 64 are orthogonal, of length √2.
    for (i, j) in [(0, 0), (0, 1), (5, 5), (7, 60)] {
      let product = (0..<128).reduce(0.0) { $0 + weight[$1 * 64 + i] * weight[$1 * 64 + j] }
      #expect(abs(product - (i == j ? 2 : 0)) < 1e-5)
    }
  }

  @Test func layersAreRescaledByOneFactor() throws {
    let fixture = layers(std: 50)
    let patient = try fixture.patient()
    let file = try #require(LayerRescale().changes(of: patient).first).file
    let (old, new) = try (patient.file.initializer("first"), file.initializer("first"))
    let factor = new[0] / old[0]
    #expect(zip(old, new).allSatisfy { abs($1 - factor * $0) < 1e-6 * abs($1) + 1e-12 })
    let (bias, scaled) = try (patient.file.initializer("bias"), file.initializer("bias"))
    #expect(zip(bias, scaled).allSatisfy { abs($1 - factor * $0) < 1e-6 })
    #expect(abs(variance(new) * 64 - 1) < 0.2)
    // Layers that give about 1 stay.
    #expect(try LayerRescale().changes(of: layers(std: 0.11).patient()).isEmpty)
  }

  /// A weight that two layers share is drawn, and scaled, once.
  @Test func tiedWeights() throws {
    var fixture = ModelFixture()
    fixture.input("x", [16, 64])
    fixture.normal("tied", [64, 64], std: 30)
    fixture.node("MatMul", ["x", "tied"], "a")
    fixture.node("Tanh", ["a"], "b")
    fixture.node("Transpose", ["tied"], "turned")
    fixture.node("MatMul", ["b", "turned"], "y")
    fixture.output("y")
    let patient = try fixture.patient()
    for remedy in [StandardWeights(), LayerRescale()] as [any ModelRemedy] {
      let file = try #require(remedy.changes(of: patient).first).file
      #expect(abs(variance(try file.initializer("tied")) * 64 - 1) < 0.2)
      #expect(file.message.graph.initializer.count == 1)
    }
  }

  /// What a quantisation stands between is not known to be a weight, and stays.
  @Test func quantizedWeightsStay() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4, 8])
    fixture.normal("w", [8, 8], std: 9)
    fixture.reals("scale", [0.1], [])
    fixture.node("QuantizeLinear", ["w", "scale"], "q")
    fixture.node("DequantizeLinear", ["q", "scale"], "d")
    fixture.node("MatMul", ["x", "d"], "y")
    fixture.output("y")
    for remedy in [StandardWeights(), LayerRescale(), OrthogonalWeights()] as [any ModelRemedy] {
      #expect(try remedy.changes(of: fixture.patient()).isEmpty)
    }
  }

  @Test func residualBranchesShareTheGrowth() throws {
    var fixture = ModelFixture()
    fixture.input("x", [16, 64])
    var x = "x"
    for block in 0..<4 {
      fixture.normal("a\(block)", [64, 64], std: 1)
      fixture.normal("b\(block)", [64, 64], std: 1)
      fixture.node("MatMul", [x, "a\(block)"], "h\(block)")
      fixture.node("Relu", ["h\(block)"], "r\(block)")
      fixture.node("MatMul", ["r\(block)", "b\(block)"], "g\(block)")
      fixture.node("Add", [x, "g\(block)"], "x\(block)")
      x = "x\(block)"
    }
    fixture.output(x)
    let change = try #require(try StandardWeights().changes(of: fixture.patient()).first)
    #expect(change.sentence.contains("4 residual branches"))
    #expect(abs(variance(try change.file.initializer("a1")) / (2.0 / 64) - 1) < 0.1)
    #expect(abs(variance(try change.file.initializer("b1")) / (1.0 / 64 / 4) - 1) < 0.1)
  }

  @Test func sigmoidsBetweenLayersAreScaledAndGatesAreNot() throws {
    var fixture = ModelFixture()
    fixture.input("x", [4, 8])
    fixture.normal("a", [8, 8], std: 1)
    fixture.normal("b", [8, 8], std: 1)
    fixture.node("MatMul", ["x", "a"], "h")
    fixture.node("Sigmoid", ["h"], "s")
    fixture.node("MatMul", ["s", "b"], "g")
    fixture.node("Sigmoid", ["g"], "gate")
    fixture.node("Mul", ["g", "gate"], "y")
    fixture.output("y")
    let change = try #require(try ScaledSigmoidNodes().changes(of: fixture.patient()).first)
    #expect(
      change.file.operators == [
        "MatMul", "Sigmoid", "Constant", "Mul", "Constant", "Sub", "MatMul", "Sigmoid", "Mul",
      ])
  }
}
