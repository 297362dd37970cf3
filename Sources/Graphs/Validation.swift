import Semantics
import Tensors

/// A fault in a graph: a bug of the pass that wrote it, not of the user's file.
public struct GraphFault: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
}

extension Graph {
  /// Checks that the graph is well formed; run after every pass that rewrites it.
  ///
  /// Every operand comes before its node, every value has one source that names it back, types are
  /// those that the shape rules give, names of inputs and parameters differ, and a backward node
  /// links to a forward node before it.
  public func validate() throws(GraphFault) {
    var names: Set<String> = []
    for (index, source) in sources.enumerated() {
      switch source {
      case .input(let name), .parameter(let name):
        guard names.insert(name).inserted else {
          throw GraphFault(description: "two inputs or parameters are called '\(name)'")
        }
      case .node(let number, let result):
        guard nodes.indices.contains(number), nodes[number].results.indices.contains(result),
          nodes[number].results[result].index == index
        else {
          throw GraphFault(description: "value \(index) has no node that computes it")
        }
      }
    }
    for (number, node) in nodes.enumerated() {
      let name = node.op.typeName
      guard node.operands.allSatisfy({ $0.index < (node.results.map(\.index).min() ?? .max) })
      else {
        throw GraphFault(description: "\(name) #\(number) reads a value that comes after it")
      }
      let expected: [TensorType]
      do {
        expected = try node.op.types(of: node.operands.map { types[$0.index] })
      } catch {
        throw GraphFault(description: "#\(number) is refused by its operator: \(error)")
      }
      guard expected == node.results.map({ types[$0.index] }) else {
        throw GraphFault(description: "\(name) #\(number) has results of other types")
      }
      if let forward = node.forward, forward >= number {
        throw GraphFault(description: "\(name) #\(number) belongs to a later forward node")
      }
      if node.forward != nil, !node.isBackward {
        throw GraphFault(description: "\(name) #\(number) links to a forward node but is one")
      }
    }
  }
}
