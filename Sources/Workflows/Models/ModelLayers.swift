import Analyses
import Graphs
import ONNX
import Semantics
import Tensors

/// The layers of an imported model, found from the names of its nodes and from its structure.
///
/// Nodes that stand in one block, such as `encoder.layers.3`, belong together; outside of blocks
/// those of one module do, and without names every product with a weight begins a layer. What has no
/// weight matrix of its own, such as an activation or a normalisation, belongs to the layer before;
/// a normalisation after a block, such as the last of a decoder, is a layer of its own.
struct ModelLayers {
  let layers: [Subject.Layer]

  private struct Group {
    var key: String
    var nodes: [ModelNode]
    var parameters: [Value]
    /// Whether it stays apart although it has no matrix.
    var isOwn = false

    mutating func add(_ other: Group) {
      nodes += other.nodes
      parameters += other.parameters
    }
  }

  init(_ model: ImportedModel, _ stream: ModelStream) {
    let graph = model.graph
    let (groups, modules) = Self.groups(model, stream)
    var merged: [Group] = []
    for group in groups {
      let isWeighted = group.parameters.contains { Self.isMatrix($0, graph) }
      guard let last = merged.last else {
        merged.append(group)
        continue
      }
      if isWeighted {
        // What comes before the first weights belongs to it.
        if merged.count == 1, !last.parameters.contains(where: { Self.isMatrix($0, graph) }) {
          var joined = group
          joined.nodes = last.nodes + group.nodes
          joined.parameters = last.parameters + group.parameters
          merged[0] = joined
        } else if Self.isSameBlock(last, group) {
          merged[merged.count - 1].add(group)
        } else {
          merged.append(group)
        }
      } else if modules.isBlock(last.key), !group.key.isEmpty, group.key != last.key,
        group.parameters.contains(where: { graph.type(of: $0).shape.count > 1 })
      {
        var own = group
        own.isOwn = true
        merged.append(own)
      } else {
        merged[merged.count - 1].add(group)
      }
    }
    let ends = OutputFinder(model, stream)
    var names: [String: Int] = [:]
    layers = merged.compactMap { group in
      guard let output = ends.output(of: group.nodes, Set(group.parameters)) else { return nil }
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

  /// Runs of nodes of one module, and the modules that hold matrices.
  private static func groups(_ model: ImportedModel, _ stream: ModelStream) -> ([Group], ModuleTree)
  {
    let graph = model.graph
    // The node of the model that reads each parameter.
    let places = model.nodes.filter { !$0.range.isEmpty }.map { node in
      let parameters = parameters(of: node, graph).filter { !stream.frozen.contains($0) }
      let scope = node.scope.isEmpty ? scope(of: parameters, graph) : node.scope
      return (node: node, parameters: parameters, scope: scope)
    }
    var modules = ModuleTree()
    var placed: Set<Value> = []
    for place in places {
      for matrix in place.parameters
      where isMatrix(matrix, graph) && placed.insert(matrix).inserted {
        modules.add(matrix, in: place.scope)
      }
    }
    var groups: [Group] = []
    for place in places {
      let key = modules.layer(of: place.scope)
      let isMatrix = place.parameters.contains { Self.isMatrix($0, graph) }
      let group = Group(key: key, nodes: [place.node], parameters: place.parameters)
      if let last = groups.last, last.key == key, !(key.isEmpty && isMatrix) {
        groups[groups.count - 1].add(group)
      } else {
        groups.append(group)
      }
    }
    return (groups, modules)
  }

  /// Whether what stands in no module lies between two parts of one block, which is not run again.
  private static func isSameBlock(_ first: Group, _ second: Group) -> Bool {
    first.key == second.key && first.key.contains(where: \.isNumber)
      && Set(first.parameters).isDisjoint(with: second.parameters)
  }

  /// Whether a parameter is more than a factor or a summand of every channel, which exporters write
  /// as a vector or with axes of extent 1 around it.
  fileprivate static func isMatrix(_ parameter: Value, _ graph: Graph) -> Bool {
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

  private static func fallbackName(
    _ nodes: [ModelNode], _ parameters: [Value], _ graph: Graph
  ) -> String {
    let weight = parameters.first { isMatrix($0, graph) } ?? parameters.first
    return weight.map { graph.name(of: $0) } ?? nodes.last?.name ?? "model"
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

/// Finds what groups of nodes hand on.
private struct OutputFinder {
  private let graph: Graph
  private let stream: ModelStream
  /// The last node that reads each value; those that the model gives count as read at the end.
  private var lastRead: [Value: Int] = [:]

  init(_ model: ImportedModel, _ stream: ModelStream) {
    graph = model.graph
    self.stream = stream
    for (number, node) in model.graph.nodes.enumerated() {
      for operand in node.operands { lastRead[operand] = number }
    }
    for port in model.outputs { lastRead[port.value] = .max }
  }

  /// The last value that something after the group reads and that depends on the group's own weights,
  /// on its matrices where it has some; without any, the last on the stream.
  ///
  /// Nothing counts that comes after what a loss is computed from.
  func output(of nodes: [ModelNode], _ weights: Set<Value>) -> Value? {
    let end = nodes.map(\.range.upperBound).max() ?? 0
    let numbers = nodes.flatMap { Array($0.range) }
    if let start = stream.lossStart, numbers.contains(start), let ending = stream.ending {
      return ending.head
    }
    var own = weights
    var products = weights.filter { ModelLayers.isMatrix($0, graph) }
    var candidates: [Value] = []
    for number in numbers where number <= stream.lossStart ?? .max {
      let node = graph.nodes[number]
      if node.operands.contains(where: own.contains) {
        own.formUnion(node.results.filter { graph.type(of: $0).kind == .real })
      }
      if node.operands.contains(where: products.contains) {
        products.formUnion(node.results.filter { graph.type(of: $0).kind == .real })
      }
      candidates += node.results.filter {
        graph.type(of: $0).kind == .real && (lastRead[$0] ?? -1) >= end
      }
    }
    return candidates.last { products.contains($0) && stream.holds($0) }
      ?? candidates.last { own.contains($0) && stream.holds($0) }
      ?? candidates.last { own.contains($0) && stream.isComputed($0) }
      ?? candidates.last { stream.holds($0) }
      ?? candidates.last { own.contains($0) }
      ?? (weights.isEmpty ? candidates.last : nil)
  }
}
