import Graphs
import Networks
import Operators
import Semantics
import Tensors
import Testing

@Suite struct LoweringTests {
  static func lowered(
    input: String = "[8]", _ layers: String, more: String = "", batch: Int = 2,
    limits: NetworkLimits = NetworkLimits(), for purpose: LoweringPurpose = .analysis
  ) throws -> LoweredNetwork {
    let lowered = try Fixtures.network(input: input, layers, more: more).lowered(
      batch: batch, registry: Fixtures.operators, activations: Fixtures.activations,
      limits: limits, for: purpose)
    try lowered.graph.validate()
    return lowered
  }

  static func message(input: String = "[8]", _ layers: String, more: String = "") -> String {
    do {
      _ = try lowered(input: input, layers, more: more)
      return "accepted"
    } catch {
      return "\(error)"
    }
  }

  @Test func layersParametersAndScopesAreNumberedByWeightedOperation() throws {
    let network = try Self.lowered("[{repeat: 2, layers: [{dense: 16}, relu]}, {dense: 4}]")
    #expect(network.layers.map(\.name) == ["layers.1", "layers.2", "layers.3"])
    #expect(network.layers.map(\.index) == [1, 2, 3])
    #expect(network.layers.map(\.operators) == [["Gemm", "Relu"], ["Gemm", "Relu"], ["Gemm"]])
    #expect(
      network.parameters.map(\.name) == [
        "layers.1.weight", "layers.1.bias", "layers.2.weight", "layers.2.bias", "layers.3.weight",
        "layers.3.bias",
      ])
    #expect(network.parameters.map(\.shape) == [[16, 8], [16], [16, 16], [16], [4, 16], [4]])
    #expect(
      network.graph.nodes.map(\.scope) == [
        "layers.1.dense", "layers.1.relu", "layers.2.dense", "layers.2.relu", "layers.3.dense",
      ])
    #expect(network.layers.map(\.nodes) == [0..<2, 2..<4, 4..<5])
    #expect(network.layers.map(\.weights.count) == [2, 2, 2])
    for layer in network.layers {
      #expect(network.graph.nodes[layer.nodes.upperBound - 1].results == [layer.output])
    }
    #expect(network.graph.type(of: network.output).shape == [2, 4])
    #expect(network.inputs.map(\.name) == ["input"])
    #expect(network.loss == nil)
  }

  @Test func parametersStartAsTheNearestDescriptionSays() throws {
    let network = try Self.lowered(
      "[{dense: {units: 4, init: {weights: {normal: 3}}}}, {dense: 4}, {dense: {units: 4, init: "
        + "{bias: 1}}}]",
      more: ", init: {weights: lecun_normal, bias: 0.5}")
    #expect(network.parameters.map(\.moments.secondMoment) == [9, 0.25, 0.25, 0.25, 0.25, 1])
  }

  @Test func withoutAWordPyTorchsDefaultHolds() throws {
    let network = try Self.lowered("[{dense: 4}]")
    #expect(network.parameters.allSatisfy { abs($0.moments.secondMoment - 1.0 / 24) < 1e-16 })
    let xavier = try Self.lowered("[{dense: {units: 8, init: xavier_normal}}]")
    #expect(xavier.parameters.map(\.moments.secondMoment) == [0.125, 0])
  }

  @Test func theOwnActivationOfALayerIsFoundPastNormsAndDropout() throws {
    func second(_ layers: String) throws -> Double {
      try Self.lowered(layers, more: ", init: {lecun_normal: auto}").parameters[0].moments
        .secondMoment * 8
    }
    #expect(abs(try second("[{dense: 4}, relu]") - 2) < 1e-10)
    #expect(abs(try second("[{dense: 4}, {dropout: 0.1}, relu]") - 2) < 1e-10)
    #expect(abs(try second("[{dense: 4}, {affine: {function: relu, gamma: 2}}]") - 0.5) < 1e-10)
    #expect(try second("[{dense: 4}, {dense: 4}, relu]") == 1)
    #expect(try second("[{dense: 4}]") == 1)
  }

  @Test func namesOfTheUserAreUsedAndKeptApart() throws {
    let network = try Self.lowered(
      "[{repeat: 2, name: tower, layers: [{dense: 4, name: inner}]}, {dense: 4, name: head}, "
        + "{relu: , name: gate}]")
    #expect(network.layers.map(\.name) == ["tower.inner", "tower.inner.2", "head"])
    #expect(
      network.parameters.map(\.name) == [
        "tower.inner.weight", "tower.inner.bias", "tower.inner.2.weight", "tower.inner.2.bias",
        "head.weight", "head.bias",
      ])
    #expect(network.graph.nodes.map(\.scope).last == "head.gate")
  }

  @Test func whatStandsBeforeTheFirstWeightsBelongsToThem() throws {
    let network = try Self.lowered(input: "[2, 2, 2]", "[flatten, tanh, {dense: 4}]")
    #expect(network.layers.map(\.operators) == [["Flatten", "Tanh", "Gemm"]])
    #expect(network.layers[0].nodes == 0..<3)
  }

  @Test func aNetworkWithoutWeightsIsOneLayer() throws {
    let network = try Self.lowered("[tanh, relu]")
    #expect(network.layers.map(\.operators) == [["Tanh", "Relu"]])
    #expect(network.layers[0].output == network.output)
    #expect(network.layers[0].weights.isEmpty)
  }

  @Test func aDenseLayerActsOnEveryStepOfASequence() throws {
    let network = try Self.lowered(input: "[5, 8]", "[{dense: 4}]")
    #expect(network.graph.nodes.map(\.op.typeName) == ["Reshape", "Gemm", "Reshape"])
    #expect(network.graph.type(of: network.output).shape == [2, 5, 4])
  }

  @Test func everyDropoutDrawsForItself() throws {
    let network = try Self.lowered("[{dropout: 0.5}, {dense: 4}, {dropout: 0.5}]")
    let seeds = network.graph.nodes.compactMap { $0.op.attributes["seed"] }
    #expect(seeds == [.integer(1), .integer(2)])
  }

  @Test func masksOfDropoutAreInputsOfATraining() throws {
    let layers = "[{dropout: 0.25}, {dense: 4}, {dropout: 0.5}]"
    let network = try Self.lowered(layers, for: .training)
    #expect(network.inputs.map(\.name) == ["input"])
    #expect(network.auxiliaryInputs.map(\.name) == ["dropout.0", "dropout.1"])
    #expect(network.auxiliaryInputs.map(\.content) == [.mask(rate: 0.25), .mask(rate: 0.5)])
    #expect(try Self.lowered(layers, for: .inference).graph.nodes.map(\.op.typeName) == ["Gemm"])
  }

  @Test func aMaskDropsItsShareAndKeepsTheMean() throws {
    let mask = try #require(
      try Self.lowered("[{dropout: 0.25}, {dense: 4}]", batch: 12_500, for: .training)
        .auxiliaryInputs.first)
    let (singles, doubles) = (
      Tensor(zeros: [12_500, 8], .float32), Tensor(zeros: [12_500, 8], .float64)
    )
    mask.fill(singles, seed: 3)
    mask.fill(doubles, seed: 3)
    let elements = singles.elements(as: Float.self)
    let dropped = elements.indices.count { elements[$0] == 0 }
    // Six standard deviations of a share of 100,000 draws.
    #expect(abs(Double(dropped) / 100_000 - 0.25) < 6 * (0.25 * 0.75 / 100_000).squareRoot())
    #expect(elements.indices.allSatisfy { elements[$0] == 0 || elements[$0] == Float(4.0 / 3) })
    let wide = doubles.elements(as: Double.self)
    #expect(elements.indices.allSatisfy { (elements[$0] == 0) == (wide[$0] == 0) })
    mask.fill(doubles, seed: 4)
    #expect(elements.indices.contains { (elements[$0] == 0) != (wide[$0] == 0) })
  }

  @Test func batchNormsTakeRunningStatisticsForInference() throws {
    let layers = "[{dense: 4}, batch_norm, relu, {dense: 3}, batch_norm]"
    let trained = try Self.lowered(layers, for: .training)
    #expect(trained.auxiliaryInputs.isEmpty)
    #expect(trained.batchStatistics.map(\.name) == ["layers.1", "layers.2"])
    #expect(trained.batchStatistics.allSatisfy { $0.mean == nil && $0.variance == nil })
    let inferred = try Self.lowered(layers, for: .inference)
    #expect(inferred.parameters.map(\.name) == trained.parameters.map(\.name))
    #expect(inferred.batchStatistics.map(\.name) == ["layers.1", "layers.2"])
    #expect(
      inferred.batchStatistics.map(\.mean) == [
        inferred.auxiliaryInputs[0].value, inferred.auxiliaryInputs[2].value,
      ])
    #expect(
      inferred.auxiliaryInputs.map(\.content) == [
        .runningMean, .runningVariance, .runningMean, .runningVariance,
      ])
  }

  static let misfits: [(input: String, layers: String, message: String)] = [
    (
      "[3, 8, 8]", "[{dense: 4}]",
      "net.yaml:1: 'dense' takes [features] or [time, features], and its input is [3, 8, 8]; "
        + "put 'flatten' in front of it"
    ),
    (
      "[8]", "[{conv2d: {channels: 4, kernel: 3}}]",
      "net.yaml:1: 'conv2d' takes [channels, height, width], and its input is [8]; "
        + "put 'reshape' in front of it"
    ),
    (
      "[3, 2, 2]", "[{conv2d: {channels: 4, kernel: 3}}]",
      "net.yaml:1: the kernel of 'conv2d' reaches over 3 places, and its input has 2; "
        + "use padding: same, or a smaller kernel"
    ),
    (
      "[3, 8, 8]", "[{conv2d: {channels: 4, kernel: 3, groups: 2}}]",
      "net.yaml:1: 'conv2d' has 2 groups, which divide not both 3 channels in and 4 out; "
        + "choose groups that divide both"
    ),
    (
      "[8]", "[{lstm: 4}]",
      "net.yaml:1: 'lstm' takes [time, features], and its input is [8]; "
        + "give an input such as [100, 8], or put 'reshape' in front of it"
    ),
    (
      "[6, 8]", "[{attention: 3}]",
      "net.yaml:1: 3 heads cannot share a width of 8; make 'dim' a multiple of 'heads'"
    ),
    (
      "[8]", "[{residual: {layers: [{dense: 4}]}}]",
      "net.yaml:1: the branch of 'residual' turns [8] into [4]; "
        + "add 'shortcut: projection', or keep the shape"
    ),
    (
      "[8]", "[{reshape: [3, 3]}]",
      "net.yaml:1: [8] has 8 elements, which do not fill [3, 3]; "
        + "give extents whose product is 8"
    ),
    (
      "[8]", "[relu, {embedding: {vocabulary: 9, dim: 2}}]",
      "net.yaml:1: 'embedding' takes token numbers, and its input is computed; "
        + "make it the first layer"
    ),
    (
      "[8]", "[{dense: {units: 4, init: delta_orthogonal}}]",
      "net.yaml:1: 'delta_orthogonal' starts convolutions only; use orthogonal"
    ),
    (
      "[8]", "[{dense: {units: 4, init: {bias: he_normal}}}]",
      "net.yaml:1: 'he_normal' starts weights, not biases; start the bias with a number"
    ),
    (
      "[8]", "[{dense: 16777216}, {dense: 16777216}]",
      "net.yaml:1: with the parameter [16777216, 16777216] of 'dense' the network has "
        + "281,475,127,705,600 parameters; at most 268,435,456 are allowed (1,073,741,824 bytes)"
    ),
    (
      "[200000000, 1]", "[{lstm: 4}]",
      "net.yaml: the input [2, 200000000, 1] has too many elements; "
        + "at most 268,435,456 are allowed: use a smaller batch"
    ),
    (
      "[100000000, 1]", "[{lstm: 4}]",
      "net.yaml:1: 'lstm' has 100,000,000 time steps to write out; use shorter sequences"
    ),
    (
      "[8]", "[time_mean]",
      "net.yaml:1: 'time_mean' takes [time, features], and its input is [8]; "
        + "remove it, or keep the sequence before it"
    ),
  ]

  @Test(arguments: misfits)
  func aLayerThatDoesNotFitSaysWhatToDo(input: String, layers: String, message: String) {
    #expect(Self.message(input: input, layers) == message)
  }

  @Test func tooManyOperatorsAreRefused() {
    let error = #expect(throws: NetworkError.self) {
      try Self.lowered("[{repeat: 50, layers: [tanh]}]", limits: NetworkLimits(nodes: 49))
    }
    #expect(
      error?.problem == "the network needs more than 49 operators, time steps written out")
  }

  /// Anything quadratic in depth would take minutes.
  @Test(.timeLimit(.minutes(1))) func tenThousandLayersAreLoweredAtOnce() throws {
    let network = try Self.lowered("[{repeat: 10000, layers: [{dense: 8}, tanh]}]")
    #expect(network.layers.count == 10_000)
    #expect(network.layers.last?.name == "layers.10000")
    #expect(network.graph.nodes.count == 20_000)
    #expect(network.parameters.count == 20_000)
  }
}
