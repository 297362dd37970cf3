import Graphs
public import Networks
public import Numbers
import Semantics
import Tensors

/// Which numbers a network's output can take, whatever its weights are.
///
/// Found by the bound rules of the operators behind the last weights, from operands of which
/// nothing is known.
public struct OutputRange {
  /// What stands behind the last weights, as it is written: `["softmax"]`; empty where nothing
  /// does.
  public let names: [String]
  /// Every number that an element of the output can be.
  public let range: Interval
  /// Whether elements whose operand is below 0 are all the same number, so that they have no slope.
  public let isFlatBelow: Bool

  /// Elements of an output beyond which nothing is looked at: their bounds would take too much
  /// memory.
  private static let mostElements = 1 << 20

  /// nil where the output is too large, or is no real number.
  public init?(of network: LoweredNetwork) {
    let graph = network.graph
    var isFixed = [Bool](repeating: false, count: graph.types.count)
    for node in graph.nodes {
      let isOwn = node.operands.allSatisfy { isFixed[$0.index] }
      for result in node.results { isFixed[result.index] = isOwn }
    }
    var value = network.output
    var tail: [Graph.Node] = []
    while let node = graph.producer(of: value), graph.type(of: value).shape.count > 0 {
      let open = Set(node.operands.filter { !isFixed[$0.index] })
      // A node that reads weights, masks or two different values is none of the tail.
      guard open.count == 1, let operand = open.first, graph.producer(of: operand) != nil,
        graph.type(of: operand).kind == .real,
        graph.type(of: operand).shape.count <= Self.mostElements
      else { break }
      tail.insert(node, at: 0)
      value = operand
    }
    guard graph.type(of: value).kind == .real,
      graph.type(of: value).shape.count <= Self.mostElements
    else { return nil }
    func output(from start: Interval) -> Interval {
      let shape = graph.type(of: value).shape
      var found = [value: Bounds(repeating: start, shape: shape)]
      for node in graph.nodes where node.operands.allSatisfy({ isFixed[$0.index] }) {
        let signature = graph.signature(of: node)
        guard signature.results.allSatisfy({ $0.shape.count <= Self.mostElements }) else {
          continue
        }
        let operands = node.operands.compactMap { found[$0] }
        guard operands.count == node.operands.count else { continue }
        for (result, bounds) in zip(
          node.results, node.op.bounds(of: operands, in: signature))
        { found[result] = bounds }
      }
      for node in tail {
        let operands = node.operands.compactMap { found[$0] }
        guard operands.count == node.operands.count else { return .whole }
        let results = node.op.bounds(of: operands, in: graph.signature(of: node))
        for (result, bounds) in zip(node.results, results) { found[result] = bounds }
      }
      return found[network.output]?.hull ?? .whole
    }
    range = output(from: .whole)
    let elements = graph.type(of: network.output).shape.count
    // A mean over places is flat only where all of them are.
    let isElementwise = tail.allSatisfy { node in
      node.results.allSatisfy { graph.type(of: $0).shape.count == elements }
    }
    let below = output(from: Interval(-.infinity, 0))
    isFlatBelow = !tail.isEmpty && isElementwise && below.lower == below.upper
    names = tail.map { String($0.scope.split(separator: ".").last ?? "") }.reduce(into: []) {
      if !$1.isEmpty && !$0.contains($1) { $0.append($1) }
    }
  }
}
