import Graphs
import Semantics

/// What single operators multiplied a second moment by, as measured.
struct OperatorFactors {
  /// One operator between two layers.
  struct Step {
    /// The number of the forward node.
    let node: Int
    /// The second moment after the operator over that before it, in the order of the pass.
    let factor: Double
  }

  private let differentiated: DifferentiatedSubject
  private let secondMoments: [Double]

  init(_ differentiated: DifferentiatedSubject, _ secondMoments: [Double]) {
    self.differentiated = differentiated
    self.secondMoments = secondMoments
  }

  /// The operator that multiplies the gradient most on the way from one layer's output down to that of
  /// another, upwards or downwards as `rises` says.
  func largestBackward(from above: Value, to below: Value, rises: Bool) -> Step? {
    largest(from: below, to: above, rises: rises) { node, operand, result in
      guard let before = differentiated.cotangents[result],
        let after = differentiated.cotangents[operand]
      else { return nil }
      return secondMoments[after.index] / secondMoments[before.index]
    }
  }

  /// The operator that multiplies the activation most on the way from one layer's output to another's.
  func largestForward(from below: Value, to above: Value, rises: Bool) -> Step? {
    largest(from: below, to: above, rises: rises) { node, operand, result in
      guard differentiated.cotangents[operand] != nil else { return nil }
      return secondMoments[result.index] / secondMoments[operand.index]
    }
  }

  private func largest(
    from below: Value, to above: Value, rises: Bool,
    _ factor: (Graph.Node, _ operand: Value, _ result: Value) -> Double?
  ) -> Step? {
    let graph = differentiated.graph
    guard case .node(let last, _) = graph.source(of: above) else { return nil }
    var first = 0
    if case .node(let number, _) = graph.source(of: below) { first = number + 1 }
    guard first <= last else { return nil }
    var best: Step?
    var isOnPath: Set<Value> = [below]
    for number in first...last {
      let node = graph.nodes[number]
      let operands = node.operands.filter(isOnPath.contains)
      guard !node.isBackward, !operands.isEmpty else { continue }
      isOnPath.formUnion(node.results)
      for operand in operands {
        for result in node.results {
          guard let value = factor(node, operand, result), value.isFinite, value > 0,
            rises ? value > (best?.factor ?? 1) : value < (best?.factor ?? 1)
          else { continue }
          best = Step(node: number, factor: value)
        }
      }
    }
    return best
  }
}
