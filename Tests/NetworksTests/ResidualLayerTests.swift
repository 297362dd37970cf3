import Graphs
import Networks
import Semantics
import Tensors
import Testing

@Suite struct ResidualLayerTests {
  @Test func aPreNormBelongsToTheBranchAndTheSumToItsLastLayer() throws {
    let network = try LoweringTests.lowered(
      "[{dense: 8}, {residual: {norm: pre, scale: 0.5, layers: [{dense: 16}, relu, {dense: 8}]}}, "
        + "tanh]")
    #expect(network.layers.map(\.name) == ["layers.1", "layers.2", "layers.3"])
    #expect(
      network.layers.map(\.operators) == [
        ["Gemm"], ["LayerNormalization", "Gemm", "Relu"],
        ["Gemm", "Constant", "Mul", "Add", "Tanh"],
      ])
    #expect(network.layers.map(\.nodes) == [0..<1, 1..<4, 4..<9])
    // The first layer hands on the stream, not the normalised copy.
    #expect(network.graph.nodes[0].results == [network.layers[0].output])
    #expect(
      network.parameters.map(\.name) == [
        "layers.1.weight", "layers.1.bias", "layers.2.layer_norm.weight",
        "layers.2.layer_norm.bias", "layers.2.weight", "layers.2.bias", "layers.3.weight",
        "layers.3.bias",
      ])
    let second = network.layers[1].weights.map { network.graph.name(of: $0) }
    #expect(second.first == "layers.2.layer_norm.weight" && second.count == 4)
    let add = try #require(network.graph.nodes.first { $0.op.typeName == "Add" })
    #expect(add.operands[0] == network.layers[0].output)
    #expect(add.scope == "layers.3.residual")
  }

  @Test func aPostNormFollowsTheSum() throws {
    let network = try LoweringTests.lowered(
      "[{residual: {norm: {post: rms_norm}, layers: [{dense: 8}]}}]")
    #expect(network.layers.map(\.operators) == [["Gemm", "Add", "RMSNormalization"]])
    #expect(network.layers[0].output == network.output)
  }

  @Test(arguments: [("skipinit", 0.0), ("rezero", 0), ("fixup", 1)])
  func learnedScalesStartAsTheirPapersSay(name: String, start: Double) throws {
    let network = try LoweringTests.lowered("[{residual: {init: \(name), layers: [{dense: 8}]}}]")
    let scale = try #require(network.parameters.last)
    #expect(scale.name == "layers.1.residual.scale")
    #expect(scale.moments.mean == start)
  }

  @Test func fixupScalesTheBranchByDepth() throws {
    // 16 blocks of 3 weighted layers: 16^(−1/4) = 1/2 for all but the last, which is 0.
    let network = try LoweringTests.lowered(
      "[{repeat: 16, layers: [{residual: {init: fixup, layers: "
        + "[{dense: 8}, {dense: 8}, relu, {dense: 8}]}}]}, {dense: 8}]",
      more: ", init: lecun_normal")
    let weights = network.parameters.filter { $0.name.hasSuffix(".weight") }
    #expect(weights.count == 49)
    for (number, weight) in weights.enumerated() {
      let wanted = number == 48 ? 1.0 / 8 : number % 3 == 2 ? 0 : 0.25 / 8
      #expect(abs(weight.moments.secondMoment - wanted) < 1e-16)
    }
    let tensor = Tensor(zeros: [8, 8], .float64)
    weights[0].fill(tensor, seed: 3)
    let scaled = tensor.doubles
    weights[48].fill(tensor, seed: 3)
    #expect(scaled != tensor.doubles)
    let square = scaled.reduce(0) { $0 + $1 * $1 } / 64
    // 64 normal elements: 5 standard errors of the mean square are 0.88 of it.
    #expect(abs(square * 32 - 1) < 0.88)
  }

  @Test func fixupIsRefusedWhereItIsNotKnown() {
    #expect(
      LoweringTests.message(input: "[4, 8]", "[{residual: {init: fixup, layers: [attention]}}]")
        == "net.yaml:1: 'init: fixup' is not known for 'attention'; use skipinit or rezero")
  }

  @Test func aShortcutProjectsWhereTheShapeChanges() throws {
    let dense = try LoweringTests.lowered(
      "[{residual: {shortcut: projection, layers: [{dense: 4}]}}]")
    #expect(dense.parameters.last?.name == "layers.1.residual.shortcut.weight")
    #expect(dense.parameters.last?.shape == [4, 8])
    let same = try LoweringTests.lowered(
      "[{residual: {shortcut: projection, layers: [{dense: 8}]}}]")
    #expect(same.parameters.count == 2)
    let image = try LoweringTests.lowered(
      input: "[4, 9, 8]",
      "[{residual: {shortcut: projection, layers: "
        + "[{conv2d: {channels: 6, kernel: 3, stride: 2, padding: same}}]}}]")
    #expect(image.parameters.last?.shape == [6, 4, 1, 1])
    #expect(image.parameters.last?.target.fanOut == 1.5)
    #expect(image.graph.type(of: image.output).shape == [2, 6, 5, 4])
  }

  @Test func branchesMayBeNested() throws {
    let network = try LoweringTests.lowered(
      "[{residual: {layers: [{dense: 8}, {residual: {layers: [{dense: 8}, tanh]}}]}}]")
    #expect(network.layers.map(\.operators) == [["Gemm"], ["Gemm", "Tanh", "Add"]])
    #expect(network.graph.nodes.count { $0.op.typeName == "Add" } == 2)
  }

  @Test func aBranchWithoutWeightsIsPartOfTheLayerBefore() throws {
    let network = try LoweringTests.lowered("[{dense: 8}, {residual: {layers: [tanh]}}]")
    #expect(network.layers.map(\.operators) == [["Gemm", "Tanh", "Add"]])
    #expect(network.layers[0].output == network.output)
    #expect(network.layers[0].nodes == 0..<3)
  }
}
