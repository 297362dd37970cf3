import Graphs
import Numbers
import RealModule
import Semantics
import Tensors

/// How much each operator type multiplies the second moment that passes through it.
struct FactorTable {
  let forward: [Factor]
  let backward: [Factor]

  /// Averages the predicted ratios geometrically over the nodes of one type.
  ///
  /// Only nodes with one operand on the path count: where paths meet, a ratio would not be the
  /// operator's own.
  init(_ subject: DifferentiatedSubject, _ prediction: Prediction) {
    let graph = subject.graph
    let count = subject.subject.graph.nodes.count
    let isParameter = Self.dependsOnlyOnParameters(graph)
    var uses = [Int](repeating: 0, count: graph.types.count)
    for node in graph.nodes.prefix(count) {
      for operand in node.operands { uses[operand.index] += 1 }
    }
    var forward = Tally()
    var backward = Tally()
    for node in graph.nodes.prefix(count) where node.results.count == 1 {
      let path = node.operands.filter {
        !isParameter[$0.index] && graph.type(of: $0).kind == .real
      }
      guard path.count == 1 else { continue }
      let name = (node.op as? any ScalarFunction)?.name ?? node.op.typeName
      forward.add(name, from: prediction[path[0]], to: prediction[node.results[0]])
      if uses[path[0].index] == 1, let above = subject.cotangents[node.results[0]],
        let below = subject.cotangents[path[0]]
      {
        backward.add(name, from: prediction[above], to: prediction[below])
      }
    }
    self.forward = forward.factors
    self.backward = backward.factors
  }

  private static func dependsOnlyOnParameters(_ graph: Graph) -> [Bool] {
    var result = [Bool](repeating: false, count: graph.types.count)
    for parameter in graph.parameters { result[parameter.index] = true }
    for node in graph.nodes where node.operands.allSatisfy({ result[$0.index] }) {
      for value in node.results { result[value.index] = true }
    }
    return result
  }

  private struct Tally {
    var sums: [String: (logarithm: Double, count: Int)] = [:]

    mutating func add(_ name: String, from before: Moments, to after: Moments) {
      let ratio = after.secondMoment / before.secondMoment
      guard ratio > 0, ratio.isFinite else { return }
      let old = sums[name] ?? (0, 0)
      sums[name] = (old.logarithm + Double.log(ratio), old.count + 1)
    }

    var factors: [Factor] {
      sums.keys.sorted().compactMap { name in
        sums[name].map {
          Factor(name: name, value: Double.exp($0.logarithm / Double($0.count)), count: $0.count)
        }
      }
    }
  }
}
