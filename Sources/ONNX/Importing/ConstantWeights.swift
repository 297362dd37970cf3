import ONNXMessages
import Tensors

extension Onnx_GraphProto {
  /// Names of Constant nodes that hold weights, as some converters write what others make
  /// initializers, in this graph and those within its nodes.
  ///
  /// Where no initializer is a matrix of reals, every constant of more than one real is one. Beside
  /// initializers only those are that an operator reads where it has its weights, as they are or
  /// turned, reshaped or cast.
  var constantWeights: Set<String> {
    let graphs = [self] + innerGraphs
    let candidates = Set(graphs.flatMap(\.constants))
    guard !candidates.isEmpty else { return [] }
    let hasMatrices = graphs.contains { graph in
      graph.initializer.contains { $0.isWeightLike && $0.dims.count > 1 }
    }
    return hasMatrices
      ? candidates.intersection(graphs.flatMap(\.readAsWeights)) : candidates
  }

  /// The graphs within nodes, at any depth.
  private var innerGraphs: [Onnx_GraphProto] {
    node.flatMap { node in
      node.attribute.flatMap { ($0.hasG ? [$0.g] : []) + $0.graphs }
        .flatMap { [$0] + $0.innerGraphs }
    }
  }

  /// Constants of more than one real.
  private var constants: [String] {
    node.compactMap { node in
      guard node.opType == "Constant", node.domain.domain.isEmpty,
        let value = node.attribute.first, value.hasT, value.t.isWeightLike
      else { return nil }
      return node.output.first
    }
  }

  /// What operators read where they have weights, and where that was before it was only moved or cast.
  private var readAsWeights: Set<String> {
    let moves: Set = [
      "Transpose", "Reshape", "Cast", "CastLike", "Identity", "Unsqueeze", "Squeeze",
    ]
    var weights: Set<String> = []
    for node in node.reversed() {
      for place in node.weightPlaces where node.input.indices.contains(place) {
        weights.insert(node.input[place])
      }
      if moves.contains(node.opType), let source = node.input.first,
        node.output.contains(where: weights.contains)
      {
        weights.insert(source)
      }
    }
    return weights
  }
}

extension Onnx_NodeProto {
  /// Which inputs of the operator are its weights; none where it has none.
  fileprivate var weightPlaces: Range<Int> {
    switch opType {
    case "Conv", "ConvTranspose", "PRelu", "InstanceNormalization", "LayerNormalization",
      "GroupNormalization", "RMSNormalization":
      1..<3
    case "Gemm", "MatMul": 0..<3
    case "LSTM", "GRU", "RNN": 1..<4
    case "BatchNormalization": 1..<5
    case "Gather": 0..<1
    default: 0..<0
    }
  }
}

extension Onnx_TensorProto {
  /// Whether it holds several reals.
  fileprivate var isWeightLike: Bool {
    isReal(dataType) && dims.contains { $0 > 1 } && !dims.contains { $0 < 1 }
  }
}

/// Whether a data type of the format, by its number, is one of reals.
private func isReal(_ number: Int32) -> Bool { DataType(rawValue: Int(number))?.kind == .real }
