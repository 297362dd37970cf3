import Graphs
import Semantics
import Tensors

/// Nodes that are computed together, piece by piece: each piece passes through all of them while
/// it is in cache.
struct Group {
  let nodes: Range<Int>
  /// Elements of every result; nil for a node that is computed whole.
  let count: Int?

  /// All nodes of a graph in order: runs of elementwise nodes of one count, and single others.
  static func all(of graph: Graph) -> [Group] {
    var groups: [Group] = []
    for (number, node) in graph.nodes.enumerated() {
      let count = elementwiseCount(of: node, in: graph)
      if let count, let last = groups.last, last.count == count {
        groups[groups.count - 1] = Group(nodes: last.nodes.lowerBound..<number + 1, count: count)
      } else {
        groups.append(Group(nodes: number..<number + 1, count: count))
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
