import Networks
import Testing

@Suite struct NetworkDescriptionTests {
  @Test func yamlAndSwiftDescribeTheSameNetwork() throws {
    let yaml = try NetworkDescription(
      yaml: """
        network:
          input: [784]
          init: {weights: xavier_normal, bias: 0}
          layers:
            - repeat: 50
              layers:
                - dense: {units: 256, bias: false, init: {weights: {normal: 0.01}}}
                - sigmoid
            - residual: {scale: 0.5, layers: [{dense: 256}, relu, {dense: 256}]}
            - {dense: 10, name: head}
          loss: softmax_cross_entropy
        """, activations: Fixtures.activations)
    let swift = NetworkDescription(
      input: [784],
      initialization: Initialization(
        weights: VarianceScaling(.xavier, .normal), bias: ConstantInitializer(0)),
      loss: LossDescription("softmax_cross_entropy")
    ) {
      RepeatedLayers(50) {
        DenseLayer(
          256, bias: false, initialization: Initialization(weights: NormalInitializer(std: 0.01)))
        ActivationLayer("sigmoid")
      }
      ResidualLayer(scale: 0.5) {
        DenseLayer(256)
        ActivationLayer("relu")
        DenseLayer(256)
      }
      DenseLayer(10).named("head")
    }
    #expect(yaml.layers == swift.layers)
    #expect(yaml.initialization.weights == swift.initialization.weights)
    #expect(yaml.loss == swift.loss)
    #expect(yaml.layerCount == 50 * 2 + 1 + 3 + 1)
  }

  static let layers = [
    "[{dense: 4}]", "[{dense: {units: 4, bias: false, init: he_uniform}}]",
    "[{dense: {units: 4, init: {weights: {he_normal: {gain: tanh, mode: fan_out}}, bias: 0.1}}}]",
    "[{dense: {units: 4, init: {activation_gain: {direction: backward, distribution: uniform}}}}]",
    "[{dense: {units: 4, init: {truncated_normal: {std: 0.02, cut: 3}}}}]",
    "[{dense: {units: 4, init: {sparse: {density: 0.1, std: 1}}}}]",
    "[{dense: {units: 4, init: {kaiming_uniform: {slope: 0.2}}}}]",
    "[{dense: {units: 4, init: {orthogonal: auto}}}, {leaky_relu: 0.2}, leaky_relu(0.3)]",
    "[{conv2d: {filters: 4, kernel: [3, 5], stride: 2, padding: same, dilation: [1, 2]}}]",
    "[{conv1d: {channels: 4, kernel: 3, groups: 2, padding: 1, init: delta_orthogonal}}]",
    "[{max_pool: 2}, {average_pool: {kernel: 3, stride: 1, padding: same}}, global_average_pool]",
    "[flatten, {reshape: [1, -1]}, softmax, log, exp, {dropout: 0.5}]",
    "[{affine: {function: tanh, alpha: 0.5, beta: 1, gamma: 2, delta: -1}}, {affine: relu}]",
    "[layer_norm, {batch_norm: {epsilon: 0.001}}, rms_norm]",
    "[{residual: {norm: pre, layers: [relu]}}, {residual: {norm: {post: rms_norm}, layers: [relu]}}]",
    "[{residual: {init: fixup, shortcut: projection, scale: 2, layers: [{dense: 4}, relu]}}]",
    "[{lstm: {units: 4, forget_bias: 3, return_sequences: true}}, {gru: 3}]",
    "[{lstm: {units: 4, bidirectional: true}}]",
    "[{rnn: {units: 4, activation: relu, init: {recurrent: {spectral_radius: 1.5}}}}]",
    "[{embedding: {vocabulary: 10, dim: 4, init: {normal: 0.02}}}, {attention: {heads: 2, dim: 6}}]",
    "[{attention: {causal: true, bias: false}}, {relu: , name: gate}]",
    "[{repeat: 3, name: tower, layers: [{dense: 4}, {repeat: 2, layers: [tanh]}]}]",
  ]

  @Test(arguments: layers)
  func whatIsWrittenReadsBackEqual(layers: String) throws {
    var network = try Fixtures.network(layers, more: ", init: lecun_normal, loss: hinge")
    network.otherSections = [YAMLTree.Entry("data", .text("train.csv"))]
    let again = try NetworkDescription(yaml: network.yaml, activations: Fixtures.activations)
    #expect(again == network, "\(network.yaml)")
  }

  @Test(arguments: [
    "l1", "{huber: {delta: 0.5}}", "{softmax_cross_entropy: {label_smoothing: 0.1}}",
    "{softmax_cross_entropy: {class_weights: [1, 2.5], reduction: sum}}",
    "{binary_cross_entropy_with_logits: {positive_weight: 3}}",
  ])
  func aLossReadsBackEqual(loss: String) throws {
    let network = try Fixtures.network(
      "[{group_norm: {groups: 2, epsilon: 0.001}}, {dense: 2}]", more: ", loss: \(loss)")
    let again = try NetworkDescription(yaml: network.yaml, activations: Fixtures.activations)
    #expect(again == network, "\(network.yaml)")
    #expect(again.loss != LossDescription(try #require(again.loss).name) || loss == "l1")
  }

  @Test func sectionsForTrainingAreKept() throws {
    let yaml = """
      network:
        input: [4]
        layers:
          - dense: 2
      data: {csv: train.csv, label: class}
      training: {optimizer: {sgd: {learning_rate: 0.1}}, batch: 64}

      """
    let network = try NetworkDescription(yaml: yaml, activations: Fixtures.activations)
    #expect(network.otherSections.map(\.key) == ["data", "training"])
    #expect(network.yaml == yaml)
  }

  @Test func aRewriteReachesEveryLayer() throws {
    let network = try Fixtures.network(
      "[{repeat: 2, layers: [{dense: 8}, relu]}, {residual: {layers: [{dense: 8}, relu]}}]")
    let changed = network.rewritten { layer in
      guard var dense = layer.kind as? DenseLayer else { return [layer] }
      dense.initialization.weights = InitializerChoice(VarianceScaling(.he, .normal))
      return [LayerDescription(dense, name: layer.name, line: layer.line)]
    }
    let wanted = try Fixtures.network(
      "[{repeat: 2, layers: [{dense: {units: 8, init: he_normal}}, relu]}, "
        + "{residual: {layers: [{dense: {units: 8, init: he_normal}}, relu]}}]")
    #expect(changed == wanted)
    let wrapped = network.rewritten { layer in
      layer.kind is DenseLayer ? [LayerDescription(ResidualLayer(layers: [layer]))] : [layer]
    }
    #expect(
      wrapped
        == (try Fixtures.network(
          "[{repeat: 2, layers: [{residual: {layers: [{dense: 8}]}}, relu]}, "
            + "{residual: {layers: [{residual: {layers: [{dense: 8}]}}, relu]}}]")))
  }

  @Test(arguments: Fixtures.exampleNames)
  func examplesReadBackEqual(name: String) throws {
    let path = Fixtures.path(ofExample: name)
    let network = try NetworkDescription(contentsOf: path, activations: Fixtures.activations)
    let again = try NetworkDescription(yaml: network.yaml, activations: Fixtures.activations)
    #expect(again == network)
  }

  @Test func thereAreExamples() { #expect(Fixtures.exampleNames.count >= 19) }
}
