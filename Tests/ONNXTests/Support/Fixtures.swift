import Execution
import Foundation
import Graphs
import Numbers
import ONNX
import ONNXMessages
import Operators
import Semantics
import SwiftProtobuf
import TensorFiles
import Tensors
import Testing

/// Files that tests read.
enum Fixture {
  /// The path of a file in the folder Data.
  static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Data/\(name)").path
  }
}

/// A model written node by node.
struct TestModel {
  var message = Onnx_ModelProto()

  init(opset: Int64 = 21) {
    message.irVersion = 10
    message.graph.name = "test"
    var entry = Onnx_OperatorSetIdProto()
    entry.version = opset
    message.opsetImport = [entry]
  }

  mutating func input(_ name: String, _ type: DataType, _ extents: [Int64]) {
    message.graph.input.append(Self.port(name, type, extents))
  }

  mutating func output(_ name: String, _ type: DataType = .float) {
    message.graph.output.append(Self.port(name, type, []))
  }

  static func port(_ name: String, _ type: DataType, _ extents: [Int64]) -> Onnx_ValueInfoProto {
    var port = Onnx_ValueInfoProto()
    port.name = name
    port.type.tensorType.elemType = Int32(type.rawValue)
    port.type.tensorType.shape.dim = extents.map { extent in
      var dimension = Onnx_TensorShapeProto.Dimension()
      dimension.dimValue = extent
      return dimension
    }
    return port
  }

  @discardableResult
  mutating func node(
    _ type: String, _ inputs: [String], _ outputs: [String],
    _ attributes: [Onnx_AttributeProto] = []
  ) -> Int {
    message.graph.node.append(Self.node(type, inputs, outputs, attributes))
    return message.graph.node.count - 1
  }

  static func node(
    _ type: String, _ inputs: [String], _ outputs: [String],
    _ attributes: [Onnx_AttributeProto] = []
  ) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    node.opType = type
    node.input = inputs
    node.output = outputs
    node.attribute = attributes
    return node
  }

  static func floats(_ name: String, _ numbers: [Float], _ extents: [Int64]) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dataType = Int32(DataType.float.rawValue)
    tensor.dims = extents
    tensor.floatData = numbers
    return tensor
  }

  /// The same numbers as bytes.
  static func raw(_ name: String, _ numbers: [Float], _ extents: [Int64]) -> Onnx_TensorProto {
    var tensor = floats(name, [], extents)
    tensor.rawData = Data(
      numbers.flatMap { number in (0..<4).map { UInt8(number.bitPattern >> ($0 * 8) & 255) } })
    return tensor
  }

  func file(folder: URL? = nil) throws -> ModelFile {
    try ModelFile(message.serializedData(), path: "test.onnx", folder: folder)
  }

  func imported(_ options: ImportOptions = ImportOptions()) throws -> ImportedModel {
    try ImportedModel(file(), options)
  }
}

extension ImportedModel {
  /// Outputs, and gradients of the sum of cotangents times the first output, in doubles.
  func evaluated(
    _ inputs: [String: Tensor], cotangent: Tensor? = nil
  ) throws -> (outputs: [String: Tensor], gradients: [String: Tensor]) {
    var graph = self.graph
    var found: Graph.Cotangents = [:]
    var seed: Value?
    let targets = parameters + self.inputs.map(\.value).filter { graph.type(of: $0).kind == .real }
    if cotangent != nil {
      let value = graph.addInput("cotangent", graph.type(of: outputs[0].value))
      seed = value
      found = try graph.differentiate(
        [(outputs[0].value, value)], withRespectTo: targets, adding: { Add() })
    }
    let plan = try Plan<Double>(
      graph, keeping: outputs.map(\.value) + targets.compactMap { found[$0] })
    for (value, tensor) in contents { plan[value].set(tensor) }
    for port in self.inputs { plan[port.value].set(try #require(inputs[port.name])) }
    if let seed, let cotangent { plan[seed].set(cotangent) }
    plan.run()
    let named = targets.compactMap { target in
      found[target].map { (graph.name(of: target), plan[$0].copy()) }
    }
    return (
      Dictionary(uniqueKeysWithValues: outputs.map { ($0.name, plan[$0.value].copy()) }),
      Dictionary(uniqueKeysWithValues: named)
    )
  }
}

extension Tensor {
  func set(_ other: Tensor) {
    precondition(shape == other.shape, "another shape")
    if elementType == other.elementType { return copyBytes(from: other) }
    let target = elements(as: Double.self)
    for (i, x) in other.doubles.enumerated() { target[i] = x }
  }
}
