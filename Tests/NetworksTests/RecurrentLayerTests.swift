import Graphs
import Networks
import Semantics
import Tensors
import Testing

@Suite struct RecurrentLayerTests {
  @Test func everyTimeStepHasAScopeAndAState() throws {
    let network = try LoweringTests.lowered(input: "[5, 3]", "[{rnn: 4}, {dense: 2}]")
    #expect(network.layers.map(\.name) == ["layers.1", "layers.2"])
    let steps = network.layers[0].steps
    #expect(steps.count == 5)
    #expect(steps.last == network.layers[0].output)
    for (number, state) in steps.enumerated() {
      #expect(network.graph.type(of: state).shape == [2, 4])
      #expect(network.graph.producer(of: state)?.scope == "layers.1.rnn.t\(number + 1)")
    }
    #expect(
      network.parameters.map(\.name) == [
        "layers.1.weight", "layers.1.bias", "layers.1.recurrent_weight", "layers.2.weight",
        "layers.2.bias",
      ])
    // The state starts at 0: the first step multiplies nothing.
    let products = network.graph.nodes.filter { $0.op.typeName == "Gemm" }
    #expect(products.count == 1 + 4 + 1)
  }

  @Test func everyGateHasItsOwnBias() throws {
    let network = try LoweringTests.lowered(
      input: "[5, 3]", "[{lstm: {units: 4, forget_bias: 3}}]", more: ", init: xavier_normal")
    let biases = network.parameters.filter { $0.name.hasSuffix(".bias") }
    #expect(
      biases.map(\.name) == [
        "layers.1.i.bias", "layers.1.f.bias", "layers.1.g.bias", "layers.1.o.bias",
      ])
    #expect(biases.map(\.moments.mean) == [0, 3, 0, 0])
    #expect(network.graph.type(of: network.output).shape == [2, 4])
  }

  @Test func sequencesAreReturnedOnRequest() throws {
    for cell in ["rnn", "lstm", "gru"] {
      let network = try LoweringTests.lowered(
        input: "[5, 3]", "[{\(cell): {units: 4, return_sequences: true}}]")
      #expect(network.graph.type(of: network.output).shape == [2, 5, 4])
      #expect(network.layers[0].steps.count == 5)
      let one = try LoweringTests.lowered(input: "[1, 3]", "[{\(cell): 4}]")
      #expect(one.graph.type(of: one.output).shape == [2, 4])
    }
  }

  @Test func recurrentWeightsStartAsTheyAreTold() throws {
    let network = try LoweringTests.lowered(
      input: "[5, 3]", "[{rnn: 4}]",
      more: ", init: {weights: lecun_normal, recurrent: {spectral_radius: 1.5}}")
    let recurrent = try #require(network.parameters.first { $0.name.hasSuffix("recurrent_weight") })
    #expect(recurrent.moments.secondMoment == 1.5 * 1.5 / 4)
    // PyTorch takes 1/√units for every parameter of a recurrent layer.
    let plain = try LoweringTests.lowered(input: "[5, 3]", "[{gru: 4}]")
    #expect(plain.parameters.allSatisfy { abs($0.moments.secondMoment - 1.0 / 12) < 1e-16 })
  }
}
