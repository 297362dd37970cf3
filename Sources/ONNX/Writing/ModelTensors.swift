import Foundation
import ONNXMessages

extension Onnx_ModelProto {
  /// Looks at every tensor: initializers, and attributes of nodes, in all graphs and functions.
  func forEachTensor(_ body: (Onnx_TensorProto) -> Void) {
    graph.forEachTensor(body)
    for function in functions {
      for node in function.node { node.forEachTensor(body) }
      for attribute in function.attributeProto { attribute.forEachTensor(body) }
    }
    for training in trainingInfo {
      training.initialization.forEachTensor(body)
      training.algorithm.forEachTensor(body)
    }
  }

  /// Changes every tensor.
  mutating func editTensors(_ body: (inout Onnx_TensorProto) throws -> Void) rethrows {
    try graph.editTensors(body)
    for i in functions.indices {
      for j in functions[i].node.indices { try functions[i].node[j].editTensors(body) }
      for j in functions[i].attributeProto.indices {
        try functions[i].attributeProto[j].editTensors(body)
      }
    }
    for i in trainingInfo.indices {
      if trainingInfo[i].hasInitialization { try trainingInfo[i].initialization.editTensors(body) }
      if trainingInfo[i].hasAlgorithm { try trainingInfo[i].algorithm.editTensors(body) }
    }
  }
}

extension Onnx_GraphProto {
  fileprivate func forEachTensor(_ body: (Onnx_TensorProto) -> Void) {
    initializer.forEach(body)
    for sparse in sparseInitializer {
      body(sparse.values)
      body(sparse.indices)
    }
    for node in node { node.forEachTensor(body) }
  }

  fileprivate mutating func editTensors(
    _ body: (inout Onnx_TensorProto) throws -> Void
  ) rethrows {
    for i in initializer.indices { try body(&initializer[i]) }
    for i in sparseInitializer.indices {
      if sparseInitializer[i].hasValues { try body(&sparseInitializer[i].values) }
      if sparseInitializer[i].hasIndices { try body(&sparseInitializer[i].indices) }
    }
    for i in node.indices { try node[i].editTensors(body) }
  }
}

extension Onnx_NodeProto {
  fileprivate func forEachTensor(_ body: (Onnx_TensorProto) -> Void) {
    for attribute in attribute { attribute.forEachTensor(body) }
  }

  fileprivate mutating func editTensors(
    _ body: (inout Onnx_TensorProto) throws -> Void
  ) rethrows {
    for i in attribute.indices where attribute[i].holdsTensors {
      try attribute[i].editTensors(body)
    }
  }
}

extension Onnx_AttributeProto {
  fileprivate var holdsTensors: Bool {
    hasT || hasG || hasSparseTensor || !tensors.isEmpty || !graphs.isEmpty
      || !sparseTensors.isEmpty
  }

  fileprivate func forEachTensor(_ body: (Onnx_TensorProto) -> Void) {
    if hasT { body(t) }
    tensors.forEach(body)
    for sparse in (hasSparseTensor ? [sparseTensor] : []) + sparseTensors {
      body(sparse.values)
      body(sparse.indices)
    }
    for graph in allGraphs { graph.forEachTensor(body) }
  }

  fileprivate mutating func editTensors(
    _ body: (inout Onnx_TensorProto) throws -> Void
  ) rethrows {
    if hasT { try body(&t) }
    for i in tensors.indices { try body(&tensors[i]) }
    if hasSparseTensor {
      if sparseTensor.hasValues { try body(&sparseTensor.values) }
      if sparseTensor.hasIndices { try body(&sparseTensor.indices) }
    }
    for i in sparseTensors.indices {
      if sparseTensors[i].hasValues { try body(&sparseTensors[i].values) }
      if sparseTensors[i].hasIndices { try body(&sparseTensors[i].indices) }
    }
    if hasG { try g.editTensors(body) }
    for i in graphs.indices { try graphs[i].editTensors(body) }
  }
}
