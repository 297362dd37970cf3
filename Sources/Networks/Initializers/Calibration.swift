import Execution
import Graphs
package import Semantics
package import Tensors

/// Finds what weights that start by layer-sequential unit variance are multiplied with.
///
/// One pass per seed: as soon as the product behind such a weight is computed, the weight is
/// divided by the standard deviation of the product, which is computed again, until it is near 1.
package struct Calibration: Sendable {
  /// A product and the weight in it that is calibrated.
  private struct Site {
    let rule: LSUVInitializer
    let weight: Value
    /// What the product reads: the weight, or the weight reshaped or transposed.
    let operand: Value
    let node: Graph.Node
  }

  private let graph: Graph
  private let sites: [Value: Site]

  /// nil where no weight of the network starts by looking at data.
  package init?(of network: LoweredNetwork) {
    var rules: [Value: (rule: LSUVInitializer, weight: Value)] = [:]
    for parameter in network.parameters {
      guard let rule = parameter.initializer as? LSUVInitializer else { continue }
      rules[parameter.value] = (rule, parameter.value)
    }
    guard !rules.isEmpty else { return nil }
    var sites: [Value: Site] = [:]
    for node in network.graph.nodes {
      for operand in node.operands {
        guard let (rule, weight) = rules.removeValue(forKey: operand) else { continue }
        // A node with one operand moves the weight's elements; the first with two multiplies them.
        if node.operands.count == 1 {
          for result in node.results { rules[result] = (rule, weight) }
        } else {
          sites[node.results[0]] = Site(rule: rule, weight: weight, operand: operand, node: node)
        }
      }
    }
    graph = network.graph
    self.sites = sites
  }

  /// What each calibrated weight is multiplied with.
  ///
  /// A weight behind which the product is constant or not finite keeps the factor it has reached.
  ///
  /// - Parameter fill: writes a parameter as it is drawn, or an input of the batch that is looked at.
  /// - Returns: the factors by weight.
  package func factors(filling fill: (Value, Tensor) -> Void) -> [Value: Double] {
    // Whoever looks at the network lays out more than this pass, and is told where memory ends.
    guard let plan = try? Plan<Float>(graph, observing: Array(sites.keys)) else { return [:] }
    for value in graph.parameters + graph.inputs { fill(value, plan[value]) }
    let unifier = Unifier(plan: plan, sites: sites)
    plan.run(observer: unifier)
    return unifier.factors
  }

  private final class Unifier: Observer {
    private(set) var factors: [Value: Double] = [:]
    private let plan: Plan<Float>
    private let sites: [Value: Site]
    private let workspace: Tensor

    init(plan: Plan<Float>, sites: [Value: Site]) {
      self.plan = plan
      self.sites = sites
      let length = sites.values.map { $0.node.op.workspace(for: plan.graph.signature(of: $0.node)) }
      workspace = Tensor(zeros: [length.max() ?? 0], .float32)
    }

    func observe(_ value: Value, _ tensor: Tensor, _: Summary) {
      guard let site = sites[value] else { return }
      let elements = tensor.elements(as: Float.self)
      var factor = 1.0
      for _ in 0..<site.rule.tries {
        let deviation = Summary(of: elements).variance.squareRoot()
        guard abs(deviation - 1) > site.rule.tolerance, deviation > 0, deviation.isFinite else {
          break
        }
        factor /= deviation
        for scaled in Set([site.weight, site.operand]) {
          plan[scaled].scaleReals(by: 1 / deviation)
        }
        // The operands still stand where the product has just read them.
        site.node.op.value(
          of: site.node.operands.map { plan[$0] }, into: site.node.results.map { plan[$0] },
          workspace: workspace.elements(as: Float.self))
      }
      factors[site.weight] = factor
    }
  }
}
