import Execution
import Findings
import Foundation
import Graphs
import Numbers
import ONNXMessages
import Semantics
import SwiftProtobuf
import Tensors
import Testing

@testable import ONNX
@testable import Remedies

/// A model written node by node, and what remedies make of it.
struct ModelFixture {
  var message = Onnx_ModelProto()

  init(opset: Int64 = 21) {
    message.irVersion = 10
    message.graph.name = "test"
    var entry = Onnx_OperatorSetIdProto()
    entry.version = opset
    message.opsetImport = [entry]
  }

  static func port(
    _ name: String, _ type: ONNX.DataType, _ extents: [Int64]
  ) -> Onnx_ValueInfoProto {
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

  mutating func input(_ name: String, _ extents: [Int64], _ type: ONNX.DataType = .float) {
    message.graph.input.append(Self.port(name, type, extents))
  }

  mutating func output(_ name: String, _ type: ONNX.DataType = .float) {
    message.graph.output.append(Self.port(name, type, []))
  }

  mutating func node(
    _ type: String, _ inputs: [String], _ output: String, _ attributes: [Onnx_AttributeProto] = []
  ) {
    message.graph.node.append(Self.node(type, inputs, output, attributes))
  }

  static func node(
    _ type: String, _ inputs: [String], _ output: String, _ attributes: [Onnx_AttributeProto] = []
  ) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    (node.opType, node.input, node.output) = (type, inputs, [output])
    node.attribute = attributes
    return node
  }

  /// Numbers as an initializer of a type of reals.
  mutating func reals(
    _ name: String, _ numbers: [Double], _ extents: [Int64], _ type: ONNX.DataType = .float
  ) {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = extents
    tensor.dataType = Int32(type.rawValue)
    let format = type.format ?? .fp32
    switch type {
    case .float: tensor.floatData = numbers.map { Float($0) }
    case .double: tensor.doubleData = numbers
    default: tensor.int32Data = numbers.map { Int32(format.code(of: format.rounded($0))) }
    }
    message.graph.initializer.append(tensor)
  }

  /// Normal numbers as an initializer.
  mutating func normal(_ name: String, _ extents: [Int64], std: Double) {
    let stream = RandomStream(seed: 1, name: name)
    reals(
      name, (0..<Int(extents.reduce(1, *))).map { std * stream.normal(at: $0) }, extents)
  }

  mutating func integers(_ name: String, _ numbers: [Int64]) {
    var tensor = Onnx_TensorProto()
    (tensor.name, tensor.dims, tensor.dataType) = (name, [Int64(numbers.count)], 7)
    tensor.int64Data = numbers
    message.graph.initializer.append(tensor)
  }

  /// The model for remedies; `endangered` are outputs of nodes.
  func patient(_ endangered: [String] = []) throws -> ModelPatient {
    let file = try ModelFile(message.serializedBytes(), path: "test.onnx")
    let model = try ImportedModel(file)
    var patient = ModelPatient(
      file, model, importedWith: ImportOptions(),
      rules: [.explodingGradient, .domain, .nonFinite],
      endangered: Set(endangered.map { ModelPlace(nil, $0) }), seeds: [0, 1],
      filling: { _, tensor, seed in
        tensor.elements(as: Double.self).fillNormal(from: RandomStream(seed: seed, name: "x"))
      })
    (patient.freedom.mayRedraw, patient.freedom.mayRescale) = (true, true)
    return patient
  }
}

extension ModelFile {
  /// What the outputs are for inputs, in doubles.
  func outputs(_ inputs: [String: [Double]]) throws -> [[Double]] {
    let model = try ImportedModel(self)
    let plan = try Plan<Double>(model.graph, keeping: model.outputs.map(\.value))
    for (value, tensor) in model.contents {
      if plan[value].elementType == .float64 {
        let target = plan[value].elements(as: Double.self)
        for (place, number) in tensor.doubles.enumerated() { target[place] = number }
      } else {
        plan[value].copyBytes(from: tensor)
      }
    }
    for port in model.inputs {
      let target = plan[port.value].elements(as: Double.self)
      for (place, number) in try #require(inputs[port.name]).enumerated() {
        target[place] = number
      }
    }
    plan.run()
    return model.outputs.map { plan[$0.value].doubles }
  }

  var operators: [String] { message.graph.node.map(\.opType) }

  /// What an initializer holds.
  func initializer(_ name: String) throws -> [Double] {
    let tensor = try #require(message.graph.initializer.first { $0.name == name })
    return try contents(of: tensor).tensor.doubles
  }
}
