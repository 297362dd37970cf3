import ONNXMessages
import Tensors

extension Onnx_GraphProto {
  /// Names of Constant nodes that hold weights, as some converters write what others make
  /// initializers.
  ///
  /// Where no initializer is a matrix of reals, every constant of more than one real is one. Beside
  /// initializers only those are that an operator reads where it has its weights, as they are or
  /// turned, reshaped or cast.
  var constantWeights: Set<String> {
    var candidates: Set<String> = []
    for node in node where node.opType == "Constant" && node.domain.domain.isEmpty {
      guard let name = node.output.first, let value = node.attribute.first, value.hasT,
        value.t.isWeightLike
      else { continue }
      candidates.insert(name)
    }
    guard !candidates.isEmpty else { return [] }
    if !initializer.contains(where: { $0.isWeightLike && $0.dims.count > 1 }) { return candidates }
    // From readers to what they read, through what only moves or casts elements.
    var weights: Set<String> = []
    for node in node.reversed() {
      for place in node.weightPlaces where node.input.indices.contains(place) {
        weights.insert(node.input[place])
      }
      let moves: Set = [
        "Transpose", "Reshape", "Cast", "CastLike", "Identity", "Unsqueeze", "Squeeze",
      ]
      if moves.contains(node.opType), let source = node.input.first,
        node.output.contains(where: weights.contains)
      {
        weights.insert(source)
      }
    }
    return candidates.intersection(weights)
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
  /// Whether it holds several reals that are no mask, which is told by an infinity.
  fileprivate var isWeightLike: Bool {
    guard isReal(dataType) else { return false }
    return dims.reduce(1, { $0.multipliedReportingOverflow(by: $1).partialValue }) > 1
      && !floatData.contains(where: \.isInfinite)
  }
}

/// Whether a data type of the format, by its number, is one of reals.
private func isReal(_ number: Int32) -> Bool { DataType(rawValue: Int(number))?.kind == .real }
