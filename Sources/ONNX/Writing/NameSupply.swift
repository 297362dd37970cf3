import ONNXMessages

/// Names that nothing in a model has yet.
package final class NameSupply {
  private var taken: Set<String> = []

  init(_ model: Onnx_ModelProto) {
    add(model.graph)
    for function in model.functions {
      taken.formUnion(function.input)
      taken.formUnion(function.output)
      taken.formUnion(function.attribute)
      for node in function.node { add(node) }
    }
  }

  /// A name that starts with `stem`; it is taken from now on.
  package func name(_ stem: String) -> String {
    var name = stem
    var number = 1
    while !taken.insert(name).inserted {
      number += 1
      name = "\(stem)_\(number)"
    }
    return name
  }

  private func add(_ graph: Onnx_GraphProto) {
    for port in graph.input + graph.output + graph.valueInfo { taken.insert(port.name) }
    for tensor in graph.initializer { taken.insert(tensor.name) }
    for tensor in graph.sparseInitializer { taken.insert(tensor.values.name) }
    for node in graph.node { add(node) }
  }

  private func add(_ node: Onnx_NodeProto) {
    taken.insert(node.name)
    taken.formUnion(node.input)
    taken.formUnion(node.output)
    for attribute in node.attribute {
      for graph in attribute.allGraphs { add(graph) }
    }
  }
}

extension Onnx_AttributeProto {
  /// The graphs that a node runs, such as the branches of If.
  var allGraphs: [Onnx_GraphProto] { (hasG ? [g] : []) + graphs }
}
