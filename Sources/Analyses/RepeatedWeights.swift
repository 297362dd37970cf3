import Graphs
import Semantics
import Tensors

/// Which values were made by the same weights more than once, as in a recurrent layer.
///
/// Moment rules take every product's weights as independent of what they multiply. Along a chain of
/// the same weights that holds for one vector pushed forward through wide layers, but neither for
/// sums and products of what the chain has made, nor for cotangents that go back through it. A
/// parameter whose elements are all equal is no random number, and may be used again.
struct RepeatedWeights {
  private let repeats: [Bool]

  /// `frozen` parameters are constants of the model, such as masks and tables of angles.
  init(in graph: Graph, parameters: [Value: Moments], frozen: Set<Value> = []) {
    let count = graph.values.count
    // The parameter that a value is made of alone.
    var roots = [Value?](repeating: nil, count: count)
    var uses: [Value: Int] = [:]
    for parameter in graph.parameters {
      roots[parameter.index] = parameter
      // Never shared, however often it is used.
      let isFixed = parameters[parameter]?.law == .constant || frozen.contains(parameter)
      if isFixed { uses[parameter] = -graph.nodes.count }
    }
    for node in graph.nodes where !node.isBackward {
      let own = node.operands.map { roots[$0.index] }
      if own.contains(nil) || own.isEmpty {
        for root in Set(own.compactMap(\.self)) { uses[root, default: 0] += 1 }
      } else {
        for result in node.results { roots[result.index] = own[0] }
      }
    }
    // Whether a value was made by shared weights once, or at least twice.
    var depends = [Bool](repeating: false, count: count)
    var repeats = depends
    for node in graph.nodes {
      let usesShared = node.operands.contains { operand in
        roots[operand.index].map { uses[$0, default: 0] > 1 } ?? false
      }
      let isDependent = node.operands.contains { depends[$0.index] }
      let isRepeated = node.operands.contains { repeats[$0.index] }
      for result in node.results where roots[result.index] == nil {
        depends[result.index] = isDependent || usesShared
        repeats[result.index] = isRepeated || usesShared && isDependent
      }
    }
    self.repeats = repeats
  }

  /// How far rules of values are off, relative, that combine what the same weights made.
  static let error = 0.12

  /// Why the moment rule of a node does not hold; nil where it does.
  func objection(to node: Graph.Node, in graph: Graph) -> String? {
    let repeated = node.operands.filter { repeats[$0.index] }
    if node.isBackward {
      return repeated.isEmpty
        ? nil : "cotangents that go back through the same weights at every step are correlated"
    }
    // Values put side by side are not combined.
    let size = graph.type(of: node.results[0]).shape.count
    let combined = repeated.filter { graph.type(of: $0).shape.count >= size }
    return combined.count < 2 ? nil : Self.correlated
  }

  private static let correlated = "what the same weights made at several steps is correlated"
}
