import Execution
import Graphs
import Networks
import Numbers
import Semantics
import Tensors

/// Where the activations of a layer are flat: what they read, and the magnitude from which their
/// slope is below 1 % of its greatest.
struct Saturation: Sendable {
  private let inputs: [(value: Value, limit: Double)]

  /// - Returns: nil for a layer without an activation that is bounded and flat at both ends.
  init?(of layer: LayerRecord, in graph: Graph) {
    var limits: [String: Double?] = [:]
    var inputs: [(value: Value, limit: Double)] = []
    for number in layer.nodes {
      let node = graph.nodes[number]
      guard let function = node.op as? any ScalarFunction else { continue }
      let limit = limits[function.name] ?? Self.limit(of: function)
      limits[function.name] = limit
      if let limit { inputs.append((node.operands[0], limit)) }
    }
    guard !inputs.isEmpty else { return nil }
    self.inputs = inputs
  }

  /// The magnitude from which a function is flat at both ends; nil where it is not, or where its ends
  /// differ.
  private static func limit(of function: any ScalarFunction) -> Double? {
    let step = 0x1p-5
    let steps = 40 * 32
    let slopes = (-steps...steps).map { abs(function.slope(at: Double($0) * step)) }
    let greatest = slopes.max() ?? 0
    func isFlat(_ place: Int) -> Bool { slopes[place] < 0.01 * greatest }
    for side in [-1.0, 1] {
      // One that grows on, such as relu's right side, is not flat.
      let rise = function.value(at: 1e4 * side) - function.value(at: 40 * side)
      guard isFlat(steps + Int(side) * steps), abs(rise) < 1 else { return nil }
    }
    guard let first = slopes.indices.first(where: { !isFlat($0) }),
      let last = slopes.indices.last(where: { !isFlat($0) })
    else { return nil }
    let (below, above) = (Double(steps - first + 1) * step, Double(last + 1 - steps) * step)
    return abs(below - above) <= 2 * step ? max(below, above) : nil
  }

  /// The share of elements that lie where their activation is flat, as the exponents of what it reads
  /// tell; those of the limit's own exponent are taken to be spread evenly.
  func share(_ summary: (Value) -> Summary?) -> Double? {
    var (flat, all) = (0.0, 0.0)
    for (value, limit) in inputs {
      guard let seen = summary(value) else { return nil }
      all += Double(seen.finiteCount)
      guard seen.greatestMagnitude >= limit else { continue }
      let exponent = Int(limit.exponent)
      let part = min(2, max(1, limit.significand))
      flat += Double(seen.count(exponent: exponent)) * (2 - part)
      for greater in (exponent + 1)..<Summary.exponents.upperBound {
        flat += Double(seen.count(exponent: greater))
      }
    }
    return all > 0 ? flat / all : nil
  }
}
