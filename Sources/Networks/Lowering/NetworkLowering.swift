public import Semantics
import Tensors

extension NetworkDescription {
  /// The network as a graph for batches of `batch` samples.
  ///
  /// The first operand of every layer is `[batch, …]`; weights are `[units, inputs]`, as PyTorch's
  /// are. Recurrent layers are written out step by step.
  ///
  /// - Throws: ``NetworkError`` when a layer does not fit its input, or a limit is exceeded.
  public func lowered(
    batch: Int, registry: OperatorRegistry, activations: ActivationCatalogue,
    limits: NetworkLimits = NetworkLimits(), for purpose: LoweringPurpose = .analysis
  ) throws(NetworkError) -> LoweredNetwork {
    precondition(batch >= 1, "a batch has at least one sample")
    guard !layers.isEmpty, layerCount <= limits.layers else {
      throw NetworkError(
        .limitExceeded,
        layers.isEmpty
          ? "the network has no layers"
          : "the network has more than \(limits.layers.grouped) layers",
        cure: layers.isEmpty ? "add a layer" : "use fewer layers", file: file.path)
    }
    guard !input.isEmpty, input.allSatisfy({ $0 >= 1 }) else {
      throw NetworkError(
        .invalidValue, "the input shape \(input) has no elements",
        cure: "give whole numbers of at least 1", file: file.path)
    }
    var lowering = Lowering(
      self, registry: registry, activations: activations, limits: limits, purpose: purpose)
    let vocabulary = layers.firstEmbedding?.vocabulary
    lowering.place("input", scope: "input")
    let start = try lowering.addInput(
      "input", [batch] + input, vocabulary == nil ? .real : .integer)
    var inputs = [
      LoweredInput(
        value: start, name: "input",
        content: vocabulary.map { .tokens(count: $0) } ?? .features)
    ]
    let output = try lowering.sequence(layers, start)
    let records = lowering.finish(output)
    var lossValue: Value?
    if let loss {
      lowering.place(loss.name, scope: "loss")
      let (value, targets) = try loss.lower(output, in: &lowering)
      lossValue = value
      inputs.append(targets)
    }
    return LoweredNetwork(
      graph: lowering.graph, parameters: lowering.parameters, inputs: inputs, output: output,
      loss: lossValue, layers: records, auxiliaryInputs: lowering.auxiliaryInputs,
      batchStatistics: lowering.batchStatistics, normalizedGroups: lowering.normalizedGroups)
  }
}

extension [LayerDescription] {
  /// The embedding that reads the network's input, if the first layer is one.
  var firstEmbedding: EmbeddingLayer? {
    guard let first else { return nil }
    if let embedding = first.kind as? EmbeddingLayer { return embedding }
    if let repeated = first.kind as? RepeatedLayers { return repeated.layers.firstEmbedding }
    return nil
  }
}
