public import Semantics

extension Graph {
  /// A graph without its dead nodes, and where its values come from.
  public struct Pruned: Sendable {
    public let graph: Graph
    fileprivate let places: [Value?]

    /// The new value in place of `value` of the unpruned graph, or nil where it was removed.
    public subscript(value: Value) -> Value? { places[value.index] }
  }

  /// The graph without the nodes that none of `values` depends on.
  ///
  /// Inputs and parameters stay, used or not, because callers fill them. A node of which any result
  /// is needed keeps all of them.
  public func pruned(keeping values: [Value]) -> Pruned {
    let live = nodesNeeded(by: values)
    var result = Graph()
    result.scope = scope
    var places = [Value?](repeating: nil, count: types.count)
    var numbers = [Int?](repeating: nil, count: nodes.count)
    for (index, source) in sources.enumerated() {
      switch source {
      case .input(let name): places[index] = result.addInput(name, types[index])
      case .parameter(let name): places[index] = result.addParameter(name, types[index])
      case .node(let number, result: 0) where live[number]:
        let node = nodes[number]
        numbers[number] = result.nodes.count
        let copies = result.add(
          node.op, node.operands.compactMap { places[$0.index] },
          node.results.map { types[$0.index] }, scope: node.scope,
          forward: node.forward.flatMap { numbers[$0] }, isBackward: node.isBackward,
          origin: node.origin)
        for (old, new) in zip(node.results, copies) { places[old.index] = new }
      case .node: break
      }
    }
    return Pruned(graph: result, places: places)
  }

  /// Whether any of `values` depends on each node, by the node's number.
  private func nodesNeeded(by values: [Value]) -> [Bool] {
    var needed = [Bool](repeating: false, count: types.count)
    var live = [Bool](repeating: false, count: nodes.count)
    for value in values { needed[value.index] = true }
    for (number, node) in nodes.enumerated().reversed()
    where node.results.contains(where: { needed[$0.index] }) {
      live[number] = true
      for operand in node.operands { needed[operand.index] = true }
    }
    return live
  }
}
