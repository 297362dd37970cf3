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
  /// Of values with more elements only what all of them lie in is known: a scan must stay cheap.
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
      var kinds: Set<Hazard.Kind> = []
      for hazard in hazards(of: node, signature) where kinds.insert(hazard.kind).inserted {
        found.append(
          PlacedHazard(
            layer: layerOf(number) ?? node.scope, operatorName: node.typeForPeople, hazard: hazard,
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

  /// What a node can meet outside of its domain.
  ///
  /// Of one that works element by element on many, one element is asked.
  private func hazards(of node: Graph.Node, _ signature: Signature) -> [Hazard] {
    let isSmall = signature.operands.allSatisfy { $0.shape.count <= elementLimit }
    guard isSmall || node.op is any Elementwise else { return [] }
    let asked = isSmall ? signature : signature.ofOneElement
    func hazards(_ operands: [Bounds]) -> [Hazard] {
      node.op.hazards(for: operands, in: asked, format: format).filter {
        $0.kind == .pole || $0.kind == .undefined
      }
    }
    let any = asked.operands.map { Bounds(repeating: anyFinite, shape: $0.shape) }
    guard !hazards(any).isEmpty else { return [] }
    return hazards(
      node.operands.map { operand in
        isSmall
          ? bounds(of: operand, depth: reach)
          : Bounds([hull(of: operand, depth: reach)], shape: .scalar)
      })
  }

  private var anyFinite: Interval { Interval(-format.greatest, format.greatest) }

  /// What all elements of a value lie in, which is also known of more of them than are bounded one by
  /// one: of results of an operator that works element by element, and of one that reads one tensor,
  /// such as a mean.
  private func hull(of value: Value, depth: Int) -> Interval {
    if graph.type(of: value).shape.count <= elementLimit {
      return bounds(of: value, depth: depth).hull
    }
    guard depth > 0, case .node(let number, let result) = graph.source(of: value) else {
      return anyFinite
    }
    let node = graph.nodes[number]
    guard node.op is any Elementwise else {
      return ofLarge(node, depth: depth)?[result].hull ?? anyFinite
    }
    let operands = node.operands.map { Bounds([hull(of: $0, depth: depth - 1)], shape: .scalar) }
    return bounds(of: node, operands, graph.signature(of: node).ofOneElement)[result].hull
  }

  /// Bounds of an operator that reads one large tensor and whose rule takes as long as reading it.
  private func ofLarge(_ node: Graph.Node, depth: Int) -> [Bounds]? {
    let signature = graph.signature(of: node)
    guard node.operands.count == 1, signature.operands[0].shape.count <= 64 * elementLimit,
      signature.results.allSatisfy({ $0.shape.count <= 64 * elementLimit })
    else { return nil }
    let operand = Bounds(
      repeating: hull(of: node.operands[0], depth: depth - 1), shape: signature.operands[0].shape)
    return node.op.bounds(of: [operand], in: signature)
  }

  private func bounds(of value: Value, depth: Int) -> Bounds {
    let type = graph.type(of: value)
    var any: Bounds { Bounds(repeating: anyFinite, shape: type.shape) }
    guard case .node(let number, let result) = graph.source(of: value) else {
      return known(value) ?? any
    }
    guard depth > 0 else { return any }
    let node = graph.nodes[number]
    let signature = graph.signature(of: node)
    guard signature.operands.allSatisfy({ $0.shape.count <= elementLimit }) else {
      return ofLarge(node, depth: depth)?[result] ?? any
    }
    return bounds(
      of: node, node.operands.map { bounds(of: $0, depth: depth - 1) }, signature)[result]
  }

  private func bounds(
    of node: Graph.Node, _ operands: [Bounds], _ signature: Signature
  ) -> [Bounds] {
    if node.op is any Elementwise, node.operands.count == 2, node.operands[0] == node.operands[1] {
      return ofOneOperand(node, operands[0], signature)
    }
    return node.op.bounds(of: operands, in: signature)
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

extension Signature {
  /// The same kinds, of one element each.
  fileprivate var ofOneElement: Signature {
    func one(_ type: TensorType) -> TensorType { TensorType(.scalar, type.kind) }
    return Signature(operands: operands.map(one), results: results.map(one))
  }
}
