import Foundation
import ONNXMessages
import SwiftProtobuf

/// Valid ONNX files with extreme numbers: attributes, extents and what small integers hold.
enum ModelMutation {
  static func numbers(_ original: [UInt8], _ draws: inout Draws) -> [UInt8] {
    guard var model = try? Onnx_ModelProto(serializedBytes: Data(original)) else { return original }
    for _ in 0...draws.below(3) { change(&model.graph, &draws) }
    return (try? model.serializedBytes()) ?? original
  }

  private static func change(_ graph: inout Onnx_GraphProto, _ draws: inout Draws) {
    let number = draws.element(of: ExtremeNumber.integers)
    switch draws.below(5) {
    case 0, 1:
      guard !graph.node.isEmpty else { return }
      let node = draws.below(graph.node.count)
      guard !graph.node[node].attribute.isEmpty else { return }
      let place = draws.below(graph.node[node].attribute.count)
      change(&graph.node[node].attribute[place], number, &draws)
    case 2:
      guard !graph.input.isEmpty else { return }
      let input = draws.below(graph.input.count)
      let count = graph.input[input].type.tensorType.shape.dim.count
      guard count > 0 else { return }
      graph.input[input].type.tensorType.shape.dim[draws.below(count)].dimValue = number
    default:
      guard !graph.initializer.isEmpty else { return }
      let place = draws.below(graph.initializer.count)
      change(&graph.initializer[place], number, &draws)
    }
  }

  private static func change(
    _ attribute: inout Onnx_AttributeProto, _ number: Int64, _ draws: inout Draws
  ) {
    switch attribute.type {
    case .int: attribute.i = number
    case .float: attribute.f = draws.element(of: [.nan, .infinity, 1e38, -1, 0, Float(number)])
    case .ints where !attribute.ints.isEmpty:
      attribute.ints[draws.below(attribute.ints.count)] = number
    case .tensor: change(&attribute.t, number, &draws)
    case .graph: change(&attribute.g, &draws)
    default: break
    }
  }

  private static func change(
    _ tensor: inout Onnx_TensorProto, _ number: Int64, _ draws: inout Draws
  ) {
    let holdsIntegers = tensor.dataType == 7
    if holdsIntegers, tensor.rawData.count >= 8, draws.below(3) > 0 {
      let place = tensor.rawData.startIndex + 8 * draws.below(tensor.rawData.count / 8)
      for i in 0..<8 {
        tensor.rawData[place + i] = UInt8(truncatingIfNeeded: number >> Int64(8 * i))
      }
    } else if holdsIntegers, !tensor.int64Data.isEmpty, draws.below(3) > 0 {
      tensor.int64Data[draws.below(tensor.int64Data.count)] = number
    } else if !tensor.dims.isEmpty {
      tensor.dims[draws.below(tensor.dims.count)] = number
    }
  }
}
