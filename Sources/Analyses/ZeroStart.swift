import Graphs
import Semantics
import Tensors

/// Parameters that start at 0, and what stands still until their first update.
///
/// A factor of 0 passes no gradient to the other factor: the second factor of a low-rank adapter, the
/// scale of a residual branch, a head that starts at 0. Where the factor's own gradient is not 0 its
/// first update ends that, so that the network is judged with such factors moved.
public struct ZeroStart: Sendable {
  /// Names of the factors that start at 0.
  public let factors: [String]
  /// Names of layers, or parameters, whose gradient or activation is exactly 0 until then.
  public let standing: [String]
  /// The layer that the first factor belongs to.
  public let layer: String?

  public init(factors: [String], standing: [String], layer: String?) {
    self.factors = factors
    self.standing = standing
    self.layer = layer
  }
}

/// Finds factors that start at 0 after a run.
struct ZeroStartFinder {
  let differentiated: DifferentiatedSubject
  let summaries: [Value: Summary]

  /// What stands still, and the factors to move with the standard deviation for each; nil where
  /// nothing does, or where a factor cannot leave 0 because its partner is 0 as well.
  func found() -> (start: ZeroStart, moves: [Value: Double])? {
    let subject = differentiated.subject
    let graph = differentiated.graph
    let zeros = subject.trained.filter { isZero($0) && graph.type(of: $0).shape.count > 0 }
    guard !zeros.isEmpty else { return nil }
    let multiplied = factorsOfBackwardNodes()
    let factors = zeros.filter { multiplied.contains($0) }
    let moving = factors.filter { factor in
      differentiated.cotangents[factor].map { !isZero($0) } ?? false
    }
    let isStuck = factors.contains { factor in
      graph.type(of: factor).shape.rank > 1
        && (differentiated.cotangents[factor].map(isZero) ?? false)
    }
    guard !moving.isEmpty, !isStuck else { return nil }
    var standing: [String] = []
    for layer in subject.layers {
      let gradient = differentiated.cotangents[layer.output]
      if isZero(layer.output) || (gradient.map(isZero) ?? false) { standing.append(layer.name) }
    }
    for parameter in subject.trained where !zeros.contains(parameter) {
      guard let gradient = differentiated.cotangents[parameter], isZero(gradient) else { continue }
      standing.append(graph.name(of: parameter))
    }
    guard !standing.isEmpty else { return nil }
    let layer = subject.layers.first { $0.weights.contains(moving[0]) }?.name
    return (
      ZeroStart(factors: moving.map { graph.name(of: $0) }, standing: standing, layer: layer),
      Dictionary(uniqueKeysWithValues: moving.map { ($0, deviation(of: $0)) })
    )
  }

  private func isZero(_ value: Value) -> Bool {
    guard let summary = summaries[value], summary.count > 0 else { return false }
    return summary.zeros == summary.count
  }

  /// That of a usual start: what keeps the second moment of a product, and 0.1 for a scale.
  private func deviation(of parameter: Value) -> Double {
    let shape = differentiated.graph.type(of: parameter).shape
    guard let fan = shape.fanIn else { return 0.1 }
    return 1 / fan.squareRoot()
  }

  /// Parameters that the backward pass multiplies with, as they are or moved about.
  private func factorsOfBackwardNodes() -> Set<Value> {
    let graph = differentiated.graph
    var roots: [Value: Value] = [:]
    for parameter in graph.parameters { roots[parameter] = parameter }
    var found: Set<Value> = []
    for node in graph.nodes {
      if node.isBackward {
        found.formUnion(node.operands.compactMap { roots[$0] })
      } else if node.operands.count == 1, let root = roots[node.operands[0]] {
        for result in node.results { roots[result] = root }
      }
    }
    return found
  }
}

extension Shape {
  /// How many products a sum of a weight of this shape has: of a kernel all but its first extent, of
  /// a matrix, of which files do not say which side is which, the geometric mean of both; nil for a
  /// vector.
  var fanIn: Double? {
    let long = extents.filter { $0 > 1 }
    guard long.count > 1 else { return nil }
    if rank > 2 { return Double(count) / Double(max(1, extents[0])) }
    return Double(count).squareRoot()
  }
}
