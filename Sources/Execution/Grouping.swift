import Graphs
import Semantics
import Tensors

/// Nodes that are computed together, piece by piece: each piece passes through all of them while
/// it is in cache.
struct Group {
  /// Numbers of nodes, in order.
  private(set) var nodes: [Int]
  /// Elements of every result; nil for a node that is computed whole, or not at all.
  let count: Int?

  /// The nodes of a graph in order, less `idle` ones: runs of elementwise nodes of one count, and
  /// single others.
  static func all(
    of graph: Graph, roles: [Aliases.Role], isIdle: (Graph.Node) -> Bool
  ) -> [Group] {
    var groups: [Group] = []
    for (number, node) in graph.nodes.enumerated() {
      let isNothing = roles[number] == .nothing
      if isNothing && isIdle(node) { continue }
      let count = isNothing ? nil : elementwiseCount(of: node, in: graph)
      if let count, let last = groups.last, last.count == count {
        groups[groups.count - 1].nodes.append(number)
      } else {
        groups.append(Group(nodes: [number], count: count))
      }
    }
    return groups
  }

  private static func elementwiseCount(of node: Graph.Node, in graph: Graph) -> Int? {
    guard let op = node.op as? any Elementwise, op.worksInPieces(in: graph.signature(of: node))
    else { return nil }
    return graph.type(of: node.results[0]).shape.count
  }
}
