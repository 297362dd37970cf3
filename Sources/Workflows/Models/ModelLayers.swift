import Analyses
import Graphs
import ONNX
import Semantics
import Tensors

/// The layers of an imported model, found from the names of its nodes and from its structure.
///
/// Nodes that stand in one block, such as `encoder.layers.3`, belong together; outside of blocks
/// those of one module do, and without names every product with a weight begins a layer. What has no
/// weight matrix of its own, such as an activation or a normalisation, belongs to the layer before.
struct ModelLayers {
  let layers: [Subject.Layer]

  private struct Group {
    var key: String
    var nodes: [ModelNode]
    var parameters: [Value]
  }

  init(_ model: ImportedModel) {
    let graph = model.graph
    let frozen = model.constants
    // The node of the model that reads each parameter.
    var groups: [Group] = []
    for node in model.nodes where !node.range.isEmpty {
      let parameters = Self.parameters(of: node, graph).filter { !frozen.contains($0) }
      let scope = node.scope.isEmpty ? Self.scope(of: parameters, graph) : node.scope
      let key = Self.block(scope)
      let isMatrix = parameters.contains { Self.isMatrix($0, graph) }
      if let last = groups.last, last.key == key, !(key.isEmpty && isMatrix) {
        groups[groups.count - 1].nodes.append(node)
        groups[groups.count - 1].parameters += parameters
      } else {
        groups.append(Group(key: key, nodes: [node], parameters: parameters))
      }
    }
    var merged: [Group] = []
    for group in groups {
      let isWeighted = group.parameters.contains { Self.isMatrix($0, graph) }
      if isWeighted || merged.isEmpty {
        // What comes before the first weights belongs to it.
        if merged.count == 1, let first = merged.first,
          !first.parameters.contains(where: { Self.isMatrix($0, graph) })
        {
          var joined = group
          joined.nodes = first.nodes + group.nodes
          joined.parameters = first.parameters + group.parameters
          merged[0] = joined
        } else if let last = merged.last, Self.isSameBlock(last, group) {
          merged[merged.count - 1].nodes += group.nodes
          merged[merged.count - 1].parameters += group.parameters
        } else {
          merged.append(group)
        }
      } else {
        merged[merged.count - 1].nodes += group.nodes
        merged[merged.count - 1].parameters += group.parameters
      }
    }
    let lastRead = Self.lastRead(model)
    var names: [String: Int] = [:]
    layers = merged.compactMap { group in
      guard let output = Self.output(of: group.nodes, graph, lastRead) else { return nil }
      let name =
        group.key.isEmpty
        ? Self.fallbackName(group.nodes, group.parameters, graph) : group.key
      names[name, default: 0] += 1
      let count = names[name] ?? 1
      var seen: Set<Value> = []
      return Subject.Layer(
        name: count == 1 ? name : "\(name)#\(count)",
        operators: Self.compact(group.nodes.map(\.type)), output: output,
        weights: group.parameters.filter {
          graph.type(of: $0).kind == .real && seen.insert($0).inserted
        })
    }
  }

  /// Whether what stands in no module lies between two parts of one block, which is not run again.
  private static func isSameBlock(_ first: Group, _ second: Group) -> Bool {
    first.key == second.key && first.key.split(separator: ".").contains { Int($0) != nil }
      && Set(first.parameters).isDisjoint(with: second.parameters)
  }

  /// Whether a parameter is more than a factor or a summand of every channel, which exporters write
  /// as a vector or with axes of extent 1 around it.
  private static func isMatrix(_ parameter: Value, _ graph: Graph) -> Bool {
    let extents = graph.type(of: parameter).shape.extents
    return extents.count > 1 && !(extents.count > 2 && extents.count(where: { $0 > 1 }) < 2)
  }

  /// Parameters that the nodes of a range read.
  private static func parameters(of node: ModelNode, _ graph: Graph) -> [Value] {
    var seen: Set<Value> = []
    return node.range.flatMap { graph.nodes[$0].operands }.filter { value in
      guard case .parameter = graph.source(of: value) else { return false }
      return graph.type(of: value).kind == .real && seen.insert(value).inserted
    }
  }

  /// `fc1` of a parameter called `fc1.weight`.
  private static func scope(of parameters: [Value], _ graph: Graph) -> String {
    guard let first = parameters.first else { return "" }
    let parts = graph.name(of: first).split(separator: ".")
    return parts.dropLast().joined(separator: ".")
  }

  /// The path up to the first part that is a number, as modules of a list are called.
  static func block(_ scope: String) -> String {
    let parts = scope.split(separator: ".")
    guard let number = parts.firstIndex(where: { Int($0) != nil }) else { return scope }
    return parts[...number].joined(separator: ".")
  }

  private static func fallbackName(
    _ nodes: [ModelNode], _ parameters: [Value], _ graph: Graph
  ) -> String {
    let weight = parameters.first { isMatrix($0, graph) } ?? parameters.first
    return weight.map { graph.name(of: $0) } ?? nodes.last?.name ?? "model"
  }

  /// The last node that reads each value; those that the model gives count as read at the end.
  private static func lastRead(_ model: ImportedModel) -> [Value: Int] {
    var last: [Value: Int] = [:]
    for (number, node) in model.graph.nodes.enumerated() {
      for operand in node.operands { last[operand] = number }
    }
    for port in model.outputs { last[port.value] = .max }
    return last
  }

  /// The last real value that something after the group reads.
  private static func output(
    of nodes: [ModelNode], _ graph: Graph, _ lastRead: [Value: Int]
  ) -> Value? {
    let end = nodes.map(\.range.upperBound).max() ?? 0
    for node in nodes.reversed() {
      for number in node.range.reversed() {
        for value in graph.nodes[number].results.reversed()
        where graph.type(of: value).kind == .real && (lastRead[value] ?? -1) >= end {
          return value
        }
      }
    }
    return nil
  }

  /// Operator types in order, those that only move elements left out where others are.
  private static func compact(_ types: [String]) -> [String] {
    let moves: Set = [
      "Reshape", "Transpose", "Shape", "Gather", "Concat", "Unsqueeze", "Squeeze", "Cast",
      "Constant", "Slice", "Identity", "Expand", "Split", "Flatten", "ConstantOfShape", "Range",
    ]
    let own = types.filter { !moves.contains($0) }
    return own.isEmpty ? types : own
  }
}
