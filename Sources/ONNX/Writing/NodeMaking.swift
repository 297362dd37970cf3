import Numbers
package import ONNXMessages

extension ModelBody {
  /// A standard node that stands near another one: what tells where that belongs tells it of this one.
  package func node(
    _ type: String, _ inputs: [String], _ output: String, near other: Onnx_NodeProto,
    _ attributes: [Onnx_AttributeProto] = []
  ) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    node.opType = type
    if !other.name.isEmpty { node.name = freshName("\(other.name)_\(type)") }
    node.input = inputs
    node.output = [output]
    node.attribute = attributes
    node.metadataProps = other.metadataProps
    return node
  }

  /// A node that computes a scalar constant in front of another.
  package func scalar(
    _ value: Double, _ type: DataType, _ output: String, near other: Onnx_NodeProto
  ) -> Onnx_NodeProto {
    node("Constant", [], output, near: other, [.tensor("value", .scalar(value, type))])
  }
}

extension Onnx_NodeProto {
  /// The node as another operator on other inputs, with its name and outputs.
  package func becoming(
    _ type: String, _ inputs: [String], _ attributes: [Onnx_AttributeProto] = []
  ) -> Onnx_NodeProto {
    var node = self
    node.opType = type
    node.input = inputs
    node.attribute = attributes
    return node
  }
}

extension Onnx_TensorProto {
  /// One number of a type of reals, rounded to it, or of 64-bit integers.
  package static func scalar(_ value: Double, _ type: ONNX.DataType) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.dataType = Int32(type.rawValue)
    switch type {
    case .float: tensor.floatData = [Float(value)]
    case .double: tensor.doubleData = [value]
    case .int64: tensor.int64Data = [Int64(value)]
    default:
      let code = type.format.map { $0.code(of: $0.rounded(value)) } ?? 0
      tensor.int32Data = [Int32(truncatingIfNeeded: code)]
    }
    return tensor
  }
}

extension Onnx_AttributeProto {
  package static func integer(_ name: String, _ value: Int) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .int
    attribute.i = Int64(value)
    return attribute
  }

  package static func integers(_ name: String, _ values: [Int]) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .ints
    attribute.ints = values.map(Int64.init)
    return attribute
  }

  package static func real(_ name: String, _ value: Double) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .float
    attribute.f = Float(value)
    return attribute
  }

  package static func tensor(_ name: String, _ value: Onnx_TensorProto) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .tensor
    attribute.t = value
    return attribute
  }
}
