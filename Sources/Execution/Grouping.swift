import Graphs
import Semantics
import Tensors

/// Nodes that are computed together, piece by piece: each piece passes through all of them while
/// it is in cache.
struct Group {
  /// Numbers of nodes, in order.
  private(set) var nodes: [Int]
  /// Elements of every result that is computed in pieces; nil where none is.
  private(set) var count: Int?
  /// Whether the first node is computed whole, ahead of the pieces.
  let startsWhole: Bool

  /// The nodes of a graph in order, less idle ones: runs of elementwise nodes of one count, and single
  /// others.
  ///
  /// - Parameters:
  ///   - graph: what is run.
  ///   - roles: what is left to its nodes.
  ///   - isIdle: whether nobody looks at a node that has nothing to do.
  ///   - joinsWhole: whether a node that is computed whole starts the run that follows it, whose
  ///     pieces are then rounded and summarised in the same pass.
  /// - Returns: groups in the order in which they run.
  static func all(
    of graph: Graph, roles: [Aliases.Role], isIdle: (Graph.Node) -> Bool, joinsWhole: Bool
  ) -> [Group] {
    var groups: [Group] = []
    for (number, node) in graph.nodes.enumerated() {
      let isNothing = roles[number] == .nothing
      if isNothing && isIdle(node) { continue }
      let count = isNothing ? nil : elementwiseCount(of: node, in: graph)
      if let count, let last = groups.last,
        last.count == count || joinsWhole && last.isWhole(of: count, in: graph)
      {
        groups[groups.count - 1].nodes.append(number)
        groups[groups.count - 1].count = count
      } else {
        groups.append(
          Group(nodes: [number], count: count, startsWhole: count == nil && !isNothing))
      }
    }
    return groups
  }

  /// Whether this is a node that is computed whole and has one result of `count` elements.
  private func isWhole(of count: Int, in graph: Graph) -> Bool {
    guard startsWhole, self.count == nil else { return false }
    let results = graph.nodes[nodes[0]].results
    return results.count == 1 && graph.type(of: results[0]).shape.count == count
  }

  private static func elementwiseCount(of node: Graph.Node, in graph: Graph) -> Int? {
    guard let op = node.op as? any Elementwise, op.worksInPieces(in: graph.signature(of: node))
    else { return nil }
    return graph.type(of: node.results[0]).shape.count
  }
}
