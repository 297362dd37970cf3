package import ONNXMessages

/// A list of nodes that is edited, with the names in its sight: the graph, a graph within a node, or a
/// function.
package struct ModelBody {
  /// Nil for graphs.
  package let function: ModelFunction?
  /// Whether it is the graph of the model itself.
  package let isMainGraph: Bool
  /// The version of the standard operators; nil where they are not imported.
  package let opset: Int?
  package var nodes: [Onnx_NodeProto]
  /// Of graphs; functions have none.
  package var initializers: [Onnx_TensorProto]
  package let outputs: [String]
  /// Inputs of the main graph that an initializer is only the default of.
  package let overridable: Set<String>
  /// Constants of the bodies around this one.
  let outer: [String: Onnx_TensorProto]
  /// Standard operators that the model defines otherwise.
  let redefined: Set<String>
  /// The functions that the model defines.
  let functions: Set<ModelFunction>
  let supply: NameSupply

  /// A name that nothing in the model has.
  package func freshName(_ stem: String) -> String { supply.name(stem) }

  /// Whether a node is one of these standard operators.
  package func isStandard(_ node: Onnx_NodeProto, _ types: String...) -> Bool {
    opset != nil && node.domain.domain.isEmpty && types.contains(node.opType)
      && !redefined.contains(node.opType)
  }

  /// Whether a node runs a function that the model defines.
  package func callsFunction(_ node: Onnx_NodeProto) -> Bool {
    functions.contains(
      ModelFunction(domain: node.domain.domain, name: node.opType, overload: node.overload))
  }

  /// How often each name is read: by nodes, by graphs within them, and as an output of the body.
  func uses() -> [String: Int] {
    var uses: [String: Int] = [:]
    for name in outputs { uses[name, default: 0] += 1 }
    for node in nodes { node.count(into: &uses) }
    return uses
  }

  /// Removes nodes whose results nothing reads any more, starting from those that compute `names`, and
  /// initializers among these.
  package mutating func removeUnused(_ names: [String]) {
    guard !names.isEmpty else { return }
    var uses = uses()
    var producers: [String: Int] = [:]
    for (number, node) in nodes.enumerated() {
      for name in node.output where !name.isEmpty { producers[name] = number }
    }
    var removed: Set<Int> = []
    var waiting = names
    var unused: Set<String> = []
    while let name = waiting.popLast() {
      guard uses[name, default: 0] == 0 else { continue }
      guard let number = producers[name] else {
        unused.insert(name)
        continue
      }
      let node = nodes[number]
      guard !removed.contains(number),
        node.output.allSatisfy({ uses[$0, default: 0] == 0 || $0.isEmpty })
      else { continue }
      removed.insert(number)
      var own: [String: Int] = [:]
      node.count(into: &own)
      for (name, count) in own {
        uses[name, default: 0] -= count
        waiting.append(name)
      }
    }
    nodes = nodes.enumerated().filter { !removed.contains($0.offset) }.map(\.element)
    initializers.removeAll { unused.contains($0.name) && !overridable.contains($0.name) }
  }

  /// What nodes of this body, and initializers, hold by name; constants from outside included.
  func constants() -> [String: Onnx_TensorProto] {
    var constants = outer
    for tensor in initializers where !overridable.contains(tensor.name) {
      constants[tensor.name] = tensor
    }
    for node in nodes {
      guard isStandard(node, "Constant"), let name = node.output.first,
        let tensor = node.constant
      else { continue }
      constants[name] = tensor
    }
    return constants
  }
}

extension Onnx_NodeProto {
  /// Counts what the node, and graphs within it, read.
  fileprivate func count(into uses: inout [String: Int]) {
    for name in input where !name.isEmpty { uses[name, default: 0] += 1 }
    for attribute in attribute {
      for graph in attribute.allGraphs {
        for port in graph.output { uses[port.name, default: 0] += 1 }
        for node in graph.node { node.count(into: &uses) }
      }
    }
  }

  /// Whether the node has graphs, such as the branches of If.
  package var runsGraphs: Bool { attribute.contains { !$0.allGraphs.isEmpty } }

  /// What graphs within the node read; names of their own among it.
  package var namesReadInGraphs: Set<String> {
    guard runsGraphs else { return [] }
    var uses: [String: Int] = [:]
    count(into: &uses)
    // Inputs of the node itself are counted once each.
    for name in input where !name.isEmpty { uses[name, default: 0] -= 1 }
    return Set(uses.filter { $0.value > 0 }.keys)
  }

  /// What a Constant holds, where that is a number or a tensor of numbers.
  fileprivate var constant: Onnx_TensorProto? {
    guard let own = attribute.first, own.refAttrName.isEmpty else { return nil }
    var tensor = Onnx_TensorProto()
    switch own.name {
    case "value": return own.hasT ? own.t : nil
    case "value_float":
      tensor.dataType = Int32(DataType.float.rawValue)
      tensor.floatData = [own.f]
    case "value_floats":
      tensor.dataType = Int32(DataType.float.rawValue)
      tensor.floatData = own.floats
      tensor.dims = [Int64(own.floats.count)]
    case "value_int":
      tensor.dataType = Int32(DataType.int64.rawValue)
      tensor.int64Data = [own.i]
    case "value_ints":
      tensor.dataType = Int32(DataType.int64.rawValue)
      tensor.int64Data = own.ints
      tensor.dims = [Int64(own.ints.count)]
    default: return nil
    }
    return tensor
  }
}

extension Onnx_ModelProto {
  /// Edits every list of nodes: the graph, graphs within nodes, and functions.
  ///
  /// What is told of values that no node computes any more, such as their types, is dropped.
  package mutating func editBodies(_ edit: (inout ModelBody) throws -> Void) rethrows {
    let context = BodyContext(self)
    let inputs = Set(graph.input.map(\.name))
    let frame = BodyContext.Frame(
      function: nil, isMainGraph: true, opset: Self.standardOpset(opsetImport),
      // Until version 4 of the format every initializer had to be an input as well.
      overridable: irVersion < 4 ? [] : inputs)
    try graph.edit(context, frame, outer: [:], edit)
    for i in functions.indices { try functions[i].edit(context, edit) }
  }

  fileprivate static func standardOpset(_ imports: [Onnx_OperatorSetIdProto]) -> Int? {
    imports.first { $0.domain.domain.isEmpty }.map { Int($0.version) }
  }
}

/// What all bodies of a model share.
private struct BodyContext {
  struct Frame {
    let function: ModelFunction?
    var isMainGraph = false
    let opset: Int?
    let overridable: Set<String>
  }

  let supply: NameSupply
  let redefined: Set<String>
  let functions: Set<ModelFunction>

  init(_ model: Onnx_ModelProto) {
    supply = NameSupply(model)
    redefined = Set(model.functions.filter { $0.domain.domain.isEmpty }.map(\.name))
    functions = Set(
      model.functions.map {
        ModelFunction(domain: $0.domain.domain, name: $0.name, overload: $0.overload)
      })
  }
}

extension [Onnx_NodeProto] {
  fileprivate mutating func editGraphs(
    _ context: BodyContext, _ frame: BodyContext.Frame, outer: [String: Onnx_TensorProto],
    _ edit: (inout ModelBody) throws -> Void
  ) rethrows {
    let inner = BodyContext.Frame(function: frame.function, opset: frame.opset, overridable: [])
    for i in indices {
      for j in self[i].attribute.indices {
        if self[i].attribute[j].hasG {
          try self[i].attribute[j].g.edit(context, inner, outer: outer, edit)
        }
        for k in self[i].attribute[j].graphs.indices {
          try self[i].attribute[j].graphs[k].edit(context, inner, outer: outer, edit)
        }
      }
    }
  }

  fileprivate var computed: Set<String> { Set(flatMap(\.output)) }
}

extension Onnx_GraphProto {
  fileprivate mutating func edit(
    _ context: BodyContext, _ frame: BodyContext.Frame, outer: [String: Onnx_TensorProto],
    _ edit: (inout ModelBody) throws -> Void
  ) rethrows {
    // A name that is given anew here is not that of a constant outside.
    var seen = outer
    if !outer.isEmpty {
      for name in node.computed.union(input.map(\.name)) { seen[name] = nil }
    }
    var body = ModelBody(
      function: frame.function, isMainGraph: frame.isMainGraph, opset: frame.opset, nodes: node,
      initializers: initializer, outputs: output.map(\.name), overridable: frame.overridable,
      outer: seen,
      redefined: context.redefined, functions: context.functions, supply: context.supply)
    let before = node.computed.union(initializer.map(\.name))
    try edit(&body)
    let gone = before.subtracting(body.nodes.computed).subtracting(body.initializers.map(\.name))
    node = body.nodes
    initializer = body.initializers
    if !gone.isEmpty {
      valueInfo.removeAll { gone.contains($0.name) }
      quantizationAnnotation.removeAll { gone.contains($0.tensorName) }
    }
    try node.editGraphs(context, frame, outer: body.constants(), edit)
  }
}

extension Onnx_FunctionProto {
  fileprivate mutating func edit(
    _ context: BodyContext, _ edit: (inout ModelBody) throws -> Void
  ) rethrows {
    let frame = BodyContext.Frame(
      function: ModelFunction(domain: domain.domain, name: name, overload: overload),
      opset: Onnx_ModelProto.standardOpset(opsetImport), overridable: [])
    var body = ModelBody(
      function: frame.function, isMainGraph: false, opset: frame.opset, nodes: node,
      initializers: [],
      outputs: output, overridable: [], outer: [:], redefined: context.redefined,
      functions: context.functions, supply: context.supply)
    let before = node.computed
    try edit(&body)
    let gone = before.subtracting(body.nodes.computed)
    node = body.nodes
    valueInfo.removeAll { gone.contains($0.name) }
    try node.editGraphs(context, frame, outer: body.constants(), edit)
  }
}
