import Graphs
import Numbers
import Semantics
import Tensors

/// One interval for every value of a graph, in which all of its elements lie, in the format that
/// each node is rounded to.
///
/// It tells which nodes need no closer look. An infinite end says that something can overflow, or
/// that nothing better is known. Nodes that look alike are asked once.
struct HullWalk {
  private(set) var hulls: [Interval]
  /// The nodes that can be asked for something outside their domain within these intervals, or read
  /// what may have overflowed.
  private(set) var suspects: Set<Int> = []

  /// Operators on more elements are bounded by one that reads a single tensor, or not at all.
  private static let elementLimit = 1 << 14
  private static let largeLimit = 1 << 20

  private struct Look: Hashable {
    let name: String
    let attributes: Attributes
    let signature: Signature
    let operands: [Interval]
    let format: NumberFormat
    let readsTwice: Bool
  }

  private struct Known {
    let results: [Interval]
    let isSuspect: Bool
  }

  /// - Parameters:
  ///   - graph: a validated graph.
  ///   - leaves: what inputs and parameters lie in.
  ///   - natural: what a free real lies in.
  ///   - format: the format of a node, by its number.
  init(
    _ graph: Graph, leaves: (Value) -> Interval, natural: Interval, format: (Int) -> NumberFormat
  ) {
    hulls = Array(repeating: natural, count: graph.types.count)
    for value in graph.inputs + graph.parameters { hulls[value.index] = leaves(value) }
    var known: [Look: Known] = [:]
    for (number, node) in graph.nodes.enumerated() {
      let signature = graph.signature(of: node)
      let look = Look(
        name: node.op.typeName, attributes: node.op.attributes, signature: signature,
        operands: node.operands.map { hulls[$0.index] }, format: format(number),
        readsTwice: node.operands.count == 2 && node.operands[0] == node.operands[1])
      let found = known[look] ?? Self.examined(node, look, natural)
      known[look] = found
      if found.isSuspect { suspects.insert(number) }
      for (value, hull) in zip(node.results, found.results) { hulls[value.index] = hull }
    }
  }

  private static func examined(_ node: Graph.Node, _ look: Look, _ natural: Interval) -> Known {
    let isReal = look.signature.results.contains { $0.kind == .real }
    if node.op is any Mixing {
      return Known(
        results: look.signature.results.map { _ in mixed(node, look, natural) }, isSuspect: false)
    }
    let isByElement = node.op is any Elementwise
    let asked = isByElement ? look.signature.ofOneElement : look.signature
    let counts = (asked.operands + asked.results).map(\.shape.count)
    let isSmall = counts.allSatisfy { $0 <= elementLimit }
    let isSingle = look.operands.count == 1 && counts.allSatisfy { $0 <= largeLimit }
    let mayOverflow = isReal && look.operands.contains { !$0.isBounded }
    guard isSmall || isSingle else {
      let unknown = look.signature.results.map { kind in
        kind.kind == .boolean ? Interval(0, 1) : kind.kind == .real ? natural : .whole
      }
      return Known(results: unknown, isSuspect: mayOverflow && !(node.op is any View))
    }
    let operands = zip(look.operands, asked.operands).map {
      Bounds(repeating: $0, shape: $1.shape)
    }
    let bounds =
      look.readsTwice && isByElement
      ? node.op.boundsOfSquare(operands[0], asked) : node.op.bounds(of: operands, in: asked)
    let results = zip(bounds, look.signature.results).map { bounds, type in
      type.kind == .real ? bounds.hull.rounded(to: look.format) : bounds.hull
    }
    let fails = node.op.hazards(for: operands, in: asked, format: look.format).contains {
      $0.kind == .pole || $0.kind == .undefined
    }
    return Known(results: results, isSuspect: fails || mayOverflow && !(node.op is any View))
  }

  /// What a sum of products can be: anything with the sign that its operands give it.
  private static func mixed(_ node: Graph.Node, _ look: Look, _ natural: Interval) -> Interval {
    let reals = zip(look.operands, look.signature.operands).filter { $1.kind == .real }.map(\.0)
    let isTurned = look.attributes.values.contains { _, value in
      if case .real(let number) = value { number < 0 } else { false }
    }
    let isNonNegative = !isTurned && reals.allSatisfy { $0.lower >= 0 }
    return isNonNegative ? Interval(0, natural.upper) : natural
  }
}

extension Operator {
  /// Bounds of an operator that reads the same element twice, such as a square written as a
  /// product.
  ///
  /// Both operands lie on the same side of 0, so that each side is bounded by itself.
  fileprivate func boundsOfSquare(_ operand: Bounds, _ signature: Signature) -> [Bounds] {
    let hull = operand.hull
    let sides = [
      hull.intersection(Interval(-.infinity, 0)), hull.intersection(Interval(0, .infinity)),
    ].compactMap { $0 }.map { side in
      let part = Bounds(repeating: side, shape: operand.shape)
      return bounds(of: [part, part], in: signature)
    }
    guard sides.count == 2 else { return sides[0] }
    return zip(sides[0], sides[1]).map {
      Bounds(repeating: $0.hull.union($1.hull), shape: $0.shape)
    }
  }
}

extension Signature {
  /// The same kinds, of one element each.
  var ofOneElement: Signature {
    func one(_ type: TensorType) -> TensorType { TensorType(.scalar, type.kind) }
    return Signature(operands: operands.map(one), results: results.map(one))
  }
}
