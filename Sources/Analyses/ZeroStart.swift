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
  /// Values of which all elements were equal.
  let uniform: Set<Value>

  /// A run with factors moved by the standard deviation for each: its summaries.
  typealias Run = ([Value: Double]) -> [Value: Summary]

  /// What stands still, and summaries with the factors moved that start at 0.
  ///
  /// Factors move in the order in which gradients reach them, as updates would. There is none where a
  /// factor cannot leave 0, or leaves units alike because it multiplies values that are all equal.
  func found(running run: Run) -> (start: ZeroStart, moved: [Value: Summary])? {
    let subject = differentiated.subject
    let graph = differentiated.graph
    let zeros = subject.trained.filter { isZero($0, summaries) }
    let multiplied = zeros.isEmpty ? [:] : partners()
    let factors = zeros.filter { multiplied[$0] != nil }
    let standing = standing(zeros)
    guard !factors.isEmpty, !standing.isEmpty else { return nil }
    let isAlike = factors.contains { factor in
      graph.type(of: factor).shape.fanIn != nil
        && (multiplied[factor] ?? []).allSatisfy { uniform.contains($0) }
    }
    guard !isAlike else { return nil }
    var moves: [Value: Double] = [:]
    var moved = summaries
    while true {
      let next = factors.filter { factor in
        moves[factor] == nil
          && (differentiated.cotangents[factor].map { !isZero($0, moved) } ?? false)
      }
      guard !next.isEmpty else { break }
      for factor in next { moves[factor] = deviation(of: factor) }
      moved = run(moves)
    }
    let movers = factors.filter { moves[$0] != nil }
    guard movers.count == factors.count, let first = movers.first else { return nil }
    let layer = subject.layers.first { $0.weights.contains(first) }?.name
    return (
      ZeroStart(factors: movers.map { graph.name(of: $0) }, standing: standing, layer: layer), moved
    )
  }

  /// Names of layers and parameters that give or get exactly 0.
  private func standing(_ zeros: [Value]) -> [String] {
    let subject = differentiated.subject
    let layers = subject.layers.filter { layer in
      isZero(layer.output, summaries)
        || (differentiated.cotangents[layer.output].map { isZero($0, summaries) } ?? false)
    }
    let parameters = subject.trained.filter { parameter in
      !zeros.contains(parameter)
        && (differentiated.cotangents[parameter].map { isZero($0, summaries) } ?? false)
    }
    return layers.map(\.name) + parameters.map { differentiated.graph.name(of: $0) }
  }

  private func isZero(_ value: Value, _ summaries: [Value: Summary]) -> Bool {
    guard let summary = summaries[value], summary.count > 0 else { return false }
    return summary.zeros == summary.count
  }

  /// That of a usual start: what keeps the second moment of a product, and 0.1 for a scale.
  private func deviation(of parameter: Value) -> Double {
    let shape = differentiated.graph.type(of: parameter).shape
    guard let fan = shape.fanIn else { return 0.1 }
    return 1 / fan.squareRoot()
  }

  /// Parameters that the backward pass multiplies with, as they are or moved about, each with the
  /// values that it is multiplied with.
  private func partners() -> [Value: [Value]] {
    let graph = differentiated.graph
    var roots: [Value: Value] = [:]
    for parameter in graph.parameters { roots[parameter] = parameter }
    var multiplied: Set<Value> = []
    var read: [Value: [Value]] = [:]
    for node in graph.nodes {
      let own = node.operands.compactMap { roots[$0] }
      if node.isBackward {
        multiplied.formUnion(own)
      } else if node.operands.count == 1, let root = own.first {
        for result in node.results { roots[result] = root }
      } else {
        let others = node.operands.filter {
          roots[$0] == nil && graph.type(of: $0).kind == .real
        }
        for root in own { read[root, default: []] += others }
      }
    }
    return read.filter { multiplied.contains($0.key) }
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
