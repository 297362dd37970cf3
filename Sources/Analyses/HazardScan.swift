import Graphs
import Numbers
import Semantics
import Tensors

/// Finds forward nodes that can be asked for something outside their domain.
///
/// A node is first asked with operands of any finite size. Only where it then names a pole or an
/// undefined result are its operands bounded, by the bound rules of the few nodes before them, and
/// the node asked again: so that a logarithm of `x² + ε` is cleared and one of a softmax is not.
struct HazardScan {
  let graph: Graph
  let format: NumberFormat
  /// What inputs and parameters are known to lie in; nil of those about which nothing is.
  var known: (Value) -> Bounds? = { _ in nil }
  /// How many nodes back operands are bounded.
  let reach = 6
  /// Values with more elements are not bounded: a scan must stay cheap.
  let elementLimit = 1 << 14

  /// The hazards of the forward pass, at most one of a kind for a node.
  ///
  /// Nodes that look alike as far back as the scan reaches are asked once: a network repeats
  /// itself, and only the first place is told.
  func placedHazards(layerOf: (Int) -> String?) -> [PlacedHazard] {
    var found: [PlacedHazard] = []
    var alike: [Int: [Int]] = [:]
    let looks = self.looks
    for (number, node) in graph.nodes.enumerated() where !node.isBackward {
      guard let result = node.results.first else { continue }
      alike[looks[result.index], default: []].append(number)
      guard alike[looks[result.index]]?.count == 1 else { continue }
      let signature = graph.signature(of: node)
      guard signature.operands.allSatisfy({ $0.shape.count <= elementLimit }) else { continue }
      let any = node.operands.map { anyFinite(graph.type(of: $0)) }
      guard fails(node, any, signature) else { continue }
      let bounded = node.operands.map { bounds(of: $0, depth: reach) }
      var kinds: Set<Hazard.Kind> = []
      for hazard in node.op.hazards(for: bounded, in: signature, format: format)
      where isOutsideDomain(hazard) && kinds.insert(hazard.kind).inserted {
        found.append(
          PlacedHazard(
            layer: layerOf(number) ?? node.scope, operatorName: node.op.typeName, hazard: hazard,
            nodes: [number]))
      }
    }
    for number in found.indices {
      guard let node = found[number].nodes.first, let result = graph.nodes[node].results.first
      else { continue }
      found[number].nodes = alike[looks[result.index]] ?? []
    }
    return found
  }

  /// A number for every value that is equal for values computed alike, `reach` nodes back.
  private var looks: [Int] {
    var looks = graph.values.map { value in
      var hasher = Hasher()
      let type = graph.type(of: value)
      hasher.combine(type)
      if graph.producer(of: value) == nil, type.shape.count <= elementLimit,
        let hull = known(value)?.hull
      {
        // A single number, such as an epsilon, decides by its size; of many the signs do.
        if type.shape.count == 1 {
          hasher.combine(hull)
        } else {
          hasher.combine([hull.lower < 0, hull.lower > 0, hull.upper < 0, hull.upper > 0])
        }
      }
      return hasher.finalize()
    }
    for _ in 0..<reach {
      var next = looks
      for node in graph.nodes where !node.isBackward {
        var hasher = Hasher()
        hasher.combine(node.op.typeName)
        hasher.combine(node.op.attributes)
        for operand in node.operands {
          hasher.combine(graph.type(of: operand))
          hasher.combine(looks[operand.index])
        }
        for (number, result) in node.results.enumerated() {
          var own = hasher
          own.combine(number)
          next[result.index] = own.finalize()
        }
      }
      looks = next
    }
    return looks
  }

  private func isOutsideDomain(_ hazard: Hazard) -> Bool {
    hazard.kind == .pole || hazard.kind == .undefined
  }

  private func fails(_ node: Graph.Node, _ operands: [Bounds], _ signature: Signature) -> Bool {
    node.op.hazards(for: operands, in: signature, format: format).contains(where: isOutsideDomain)
  }

  private func anyFinite(_ type: TensorType) -> Bounds {
    let greatest = format.greatest
    return Bounds(repeating: Interval(-greatest, greatest), shape: type.shape)
  }

  private func bounds(of value: Value, depth: Int) -> Bounds {
    let type = graph.type(of: value)
    guard type.shape.count <= elementLimit else { return anyFinite(type) }
    guard case .node(let number, let result) = graph.source(of: value) else {
      return known(value) ?? anyFinite(type)
    }
    guard depth > 0 else { return anyFinite(type) }
    let node = graph.nodes[number]
    let signature = graph.signature(of: node)
    guard signature.operands.allSatisfy({ $0.shape.count <= elementLimit }) else {
      return anyFinite(type)
    }
    if node.op is any Elementwise, node.operands.count == 2, node.operands[0] == node.operands[1] {
      return ofOneOperand(
        node, bounds(of: node.operands[0], depth: depth - 1), signature)[result]
    }
    return node.op.bounds(
      of: node.operands.map { bounds(of: $0, depth: depth - 1) }, in: signature)[result]
  }

  /// Bounds of an operator that reads the same elements twice, such as a square written as a product.
  ///
  /// Both operands lie on the same side of 0, so that each side is bounded by itself.
  private func ofOneOperand(
    _ node: Graph.Node, _ operand: Bounds, _ signature: Signature
  ) -> [Bounds] {
    func side(_ low: Double, _ high: Double) -> [Bounds] {
      let part = Bounds(
        operand.intervals.map {
          // An operand on the other side alone stays as it is.
          $0.upper < low || $0.lower > high
            ? $0 : Interval(max($0.lower, low), min($0.upper, high))
        }, shape: operand.shape)
      return node.op.bounds(of: [part, part], in: signature)
    }
    return zip(side(-.infinity, 0), side(0, .infinity)).map { below, above in
      Bounds(
        zip(below.intervals, above.intervals).map { $0.union($1) }, shape: below.shape)
    }
  }
}
