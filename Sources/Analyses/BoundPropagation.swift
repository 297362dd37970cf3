public import Graphs
public import Numbers
public import Semantics
import Tensors

/// Bounds of every value of a graph, propagated from its inputs and parameters.
///
/// A walk with the bound rule: whatever the inputs and parameters are within their bounds, every
/// value that is defined lies within its own, computed exactly or in doubles. A bound is
/// infinite where nothing better is known. Intervals forget that two operands may come from one
/// value, so that `x − x` for x in [0, 1] is bounded by [−1, 1].
public struct BoundPropagation: Sendable {
  public let graph: Graph
  private let found: [Bounds]

  /// - Parameters:
  ///   - graph: a validated graph.
  ///   - known: bounds of every input and parameter.
  ///   - nodeFormats: formats that the real results of nodes are rounded to, by number.
  public init(
    of graph: Graph, from known: [Value: Bounds], nodeFormats: [Int: NumberFormat] = [:]
  ) {
    self.graph = graph
    var number = -1
    found = graph.walk(from: known) { node, signature, operands in
      number += 1
      return node.bounds(of: operands, in: signature, format: nodeFormats[number])
    }
  }

  /// The bounds of a value.
  public subscript(value: Value) -> Bounds { found[value.index] }
}

extension Graph.Node {
  /// Bounds of the results, where reals are rounded to `format`.
  func bounds(
    of operands: [Bounds], in signature: Signature, format: NumberFormat?
  ) -> [Bounds] {
    let results = op.bounds(of: operands, in: signature)
    guard let format else { return results }
    return zip(results, signature.results).map { bounds, type in
      guard type.kind == .real else { return bounds }
      return Bounds(bounds.intervals.map { $0.rounded(to: format) }, shape: bounds.shape)
    }
  }
}
