package import ONNXMessages
package import Tensors

/// The nodes of a body as patterns look at them: which node computes a name, and what constants hold.
package struct BodyView {
  package let body: ModelBody
  private let file: ModelFile
  private let types: [ModelPlace: ModelType]
  private let producers: [String: Int]
  private let constants: [String: Onnx_TensorProto]
  /// Elements of a constant that is looked into.
  private static let mostElements = 1 << 16

  package init(
    _ body: ModelBody, of file: ModelFile, types: [ModelPlace: ModelType]
  ) {
    self.body = body
    self.file = file
    self.types = types
    var producers: [String: Int] = [:]
    for (number, node) in body.nodes.enumerated() {
      for name in node.output where !name.isEmpty { producers[name] = number }
    }
    self.producers = producers
    constants = body.constants()
  }

  package var opset: Int { body.opset ?? 0 }

  /// The node that computes a name, what only hands it on left out.
  package func producer(_ name: String?) -> Onnx_NodeProto? {
    guard var node = node(name) else { return nil }
    for _ in 0..<8 where body.isStandard(node, "Identity") {
      guard let before = self.node(node.input.first) else { return nil }
      node = before
    }
    return node
  }

  private func node(_ name: String?) -> Onnx_NodeProto? {
    name.flatMap { producers[$0] }.map { body.nodes[$0] }
  }

  /// The node that computes a name, where it is one of these standard operators with one output.
  package func producer(_ name: String?, _ types: String...) -> Onnx_NodeProto? {
    guard let node = producer(name), types.contains(node.opType),
      body.isStandard(node, node.opType), node.output.count == 1
    else { return nil }
    return node
  }

  /// The name at the start of nodes that only hand on what it holds.
  package func origin(_ name: String) -> String {
    var name = name
    for _ in 0..<8 {
      guard let node = node(name), body.isStandard(node, "Identity"), let before = node.input.first
      else { break }
      name = before
    }
    return name
  }

  /// What a name holds, where that is a constant that is not large.
  package func constant(_ name: String?) -> Tensor? {
    guard var name else { return nil }
    for _ in 0..<8 {
      if let tensor = constants[name] {
        guard tensor.dims.allSatisfy({ $0 >= 0 && $0 <= Self.mostElements }),
          tensor.dims.reduce(1.0, { $0 * Double($1) }) <= Double(Self.mostElements)
        else { return nil }
        return try? file.contents(of: tensor).tensor
      }
      // The value of a constant after a cast is that of the constant, as near as its type has it.
      guard let node = node(name), body.isStandard(node, "Identity", "Cast", "CastLike"),
        let before = node.input.first
      else { return nil }
      name = before
    }
    return nil
  }

  /// Whether every element of a constant is this number, and using it broadcasts nothing.
  package func isScalar(_ name: String?, _ number: Double, besides other: String) -> Bool {
    guard let tensor = constant(name), tensor.count == 1, tensor.doubles[0] == number else {
      return false
    }
    return tensor.shape.rank == 0 || rank(other).map { $0 >= tensor.shape.rank } ?? false
  }

  package func integers(_ name: String?) -> [Int]? {
    guard let tensor = constant(name), tensor.elementType == .int64 else { return nil }
    return tensor.array(of: Int64.self).map(Int.init)
  }

  /// The element type of a value; nil where it is not known, or not the same in all calls.
  package func type(_ name: String) -> DataType? { types[ModelPlace(body.function, name)]?.type }

  package func rank(_ name: String) -> Int? { types[ModelPlace(body.function, name)]?.rank }

  /// The axes along which a node reduces, from its attribute or its constant input; empty for all of
  /// them, nil where they are not known.
  package func axes(of node: Onnx_NodeProto) -> [Int]? {
    if let attribute = node.attribute.first(where: { $0.name == "axes" }) {
      return attribute.refAttrName.isEmpty ? attribute.ints.map(Int.init) : nil
    }
    guard node.input.count > 1, !node.input[1].isEmpty else { return [] }
    return integers(node.input[1])
  }
}

extension Onnx_NodeProto {
  /// An integer among the attributes; nil where a function's caller decides it.
  package func integer(_ name: String, default fallback: Int) -> Int? {
    guard let own = attribute.first(where: { $0.name == name }) else { return fallback }
    return own.refAttrName.isEmpty ? Int(own.i) : nil
  }

  package func hasAttribute(_ name: String) -> Bool { attribute.contains { $0.name == name } }
}
