import Foundation
import Graphs
import Numbers
package import ONNX
import Operators
import Semantics
import Tensors

/// Whether the weights of a model are as an initialiser draws them, or as training has made them.
///
/// Initialisers draw independent elements of one normal, truncated normal or uniform law, or orthogonal
/// rows; biases are 0 or uniform within ±1/√fan-in; norms scale by 1. Training adds directions to weights
/// that stand out of the noise, and moves biases and scales. So every weight has to pass a test of
/// Kolmogorov and Smirnov for one of those laws, and to have no singular value beyond those of independent
/// elements (Marchenko and Pastur 1967; its fluctuation: Tracy and Widom, Johnstone 2001).
package struct WeightOrigin {
  /// Whether nothing speaks of training, and there is enough to look at.
  package let isFresh: Bool
  /// Whether something speaks of training.
  package let isTrained: Bool
  /// What it is known by, as part of a sentence.
  package let reason: String

  /// The probability of calling fresh weights trained, over all tests of a model.
  private static let level = 0.01
  /// Elements that are looked at altogether at least.
  private static let least = 256
  /// Elements of one tensor that are sorted at most.
  private static let mostSorted = 1 << 16

  package init(_ model: ImportedModel) {
    let verdict = Self.judge(model)
    (isFresh, isTrained, reason) = (
      verdict.isFresh == true, verdict.isFresh == false, verdict.reason
    )
  }

  /// What the weights are, nil where they are too few to tell, and why.
  private static func judge(_ model: ImportedModel) -> (isFresh: Bool?, reason: String) {
    let graph = model.graph
    let weights = ModelWeights(model)
    let biases = Set(weights.biases)
    // Weights, tables of embeddings, and what recurrent layers cut into gates.
    let matrices = model.parameters.compactMap { value -> (name: String, tensor: Tensor)? in
      guard !biases.contains(value), let tensor = model.contents[value],
        tensor.shape.extents.count(where: { $0 > 1 }) > 1
      else { return nil }
      return (graph.name(of: value), tensor)
    }
    let elements = matrices.reduce(0) { $0 + $1.tensor.count }
    guard elements >= least else { return (nil, "its weights are too few to tell") }
    let tests = Double(max(1, matrices.count + biases.count))
    for (name, tensor) in matrices {
      if let why = trace(of: tensor, tests) { return (false, "\(name) \(why)") }
    }
    for value in weights.biases {
      guard let tensor = model.contents[value] else { continue }
      let fanIn = weights.fanIn(ofBias: value)
      if let why = trace(ofBias: tensor, fanIn: fanIn, tests) {
        return (false, "\(graph.name(of: value)) \(why)")
      }
    }
    let norms = graph.nodes.filter { node in
      node.op is LayerNormalization || node.op is BatchNormalization || node.op is RMSNormalization
    }
    for value in norms.flatMap({ $0.operands.dropFirst() }) {
      guard let tensor = weights.sources[value].flatMap({ model.contents[$0] }), tensor.count > 1
      else { continue }
      let numbers = tensor.numbers
      if numbers.contains(where: { $0 != numbers[0] }) {
        return (false, "\(graph.name(of: value)) was moved from where it starts")
      }
    }
    return (
      true,
      "its weights are drawn independently from one law, its biases are where they start, and its "
        + "norms are as they start"
    )
  }

  /// What speaks against a weight being drawn independently; nil where nothing does.
  private static func trace(of tensor: Tensor, _ tests: Double) -> String? {
    let numbers = tensor.numbers
    guard numbers.count >= 32, numbers.contains(where: { $0 != numbers[0] }) else { return nil }
    guard numbers.allSatisfy(\.isFinite) else { return "is not finite" }
    let rows = tensor.shape.extents.first { $0 > 1 } ?? 1
    let matrix = Matrix(numbers, rows: rows)
    if matrix.isOrthogonal { return nil }
    let distance = WeightLaw.allCases.map { $0.distance(to: sample(numbers)) }.min() ?? 1
    let count = Double(min(numbers.count, mostSorted))
    let limit = (log(2 * tests / level) / 2 / count).squareRoot()
    guard distance <= limit else { return "has elements of none of the laws of initialisers" }
    guard matrix.hasNoDirection(level: level / tests) else {
      return "has directions that stand out of independent elements"
    }
    return nil
  }

  private static func trace(
    ofBias tensor: Tensor, fanIn: Double?, _ tests: Double
  ) -> String? {
    let numbers = tensor.numbers
    guard let first = numbers.first, numbers.contains(where: { $0 != first }) else { return nil }
    let limit = (log(2 * tests / level) / 2 / Double(numbers.count)).squareRoot()
    let distance = WeightLaw.uniform.distance(to: sample(numbers))
    if let fanIn, numbers.allSatisfy({ abs($0) <= 1.001 / fanIn.squareRoot() }), distance <= limit {
      return nil
    }
    // Starts that are scaled as a whole scale biases too.
    guard min(distance, WeightLaw.normal.distance(to: sample(numbers))) <= limit else {
      return "was moved from where biases start"
    }
    return nil
  }

  /// At most `mostSorted` of the elements, evenly chosen.
  private static func sample(_ numbers: [Double]) -> [Double] {
    guard numbers.count > mostSorted else { return numbers }
    return (0..<mostSorted).map { numbers[$0 * numbers.count / mostSorted] }
  }
}

/// The laws that initialisers draw from, around 0.
private enum WeightLaw: CaseIterable {
  case normal, truncatedNormal, uniform

  /// The greatest distance between the law, of the second moment of the numbers, and their own
  /// distribution: the statistic of Kolmogorov and Smirnov.
  func distance(to numbers: [Double]) -> Double {
    let count = Double(numbers.count)
    let size = (numbers.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
    guard size > 0 else { return 1 }
    var distance = 0.0
    for (place, number) in numbers.sorted().enumerated() {
      let share = cumulative(number / size)
      distance = max(distance, Double(place + 1) / count - share, share - Double(place) / count)
    }
    return distance
  }

  /// The share of a law of second moment 1 below x.
  private func cumulative(_ x: Double) -> Double {
    switch self {
    case .normal: return 0.5 * erfc(-x / 2.0.squareRoot())
    case .truncatedNormal:
      // Cut off at two standard deviations, its own is 0.8796 of what it was.
      let deviation = 0.8796256610342398
      let whole = erf(2 / 2.0.squareRoot())
      let y = min(max(x * deviation, -2), 2)
      return 0.5 + 0.5 * erf(y / 2.0.squareRoot()) / whole
    case .uniform:
      let bound = 3.0.squareRoot()
      return min(max(0.5 + x / (2 * bound), 0), 1)
    }
  }
}

/// A weight as a matrix with a row for each output.
private struct Matrix {
  let numbers: [Double]
  let rows: Int
  let columns: Int

  init(_ numbers: [Double], rows: Int) {
    self.numbers = numbers
    self.rows = max(1, rows)
    columns = numbers.count / max(1, rows)
  }

  /// Whether rows, or columns, are orthogonal and of one length; known by some of them.
  var isOrthogonal: Bool {
    guard rows > 1, columns > 1 else { return false }
    let few = min(6, rows, columns)
    func line(_ number: Int) -> [Double] {
      rows <= columns
        ? (0..<columns).map { numbers[number * columns + $0] }
        : (0..<rows).map { numbers[$0 * columns + number] }
    }
    let lines = (0..<few).map(line)
    let size = zip(lines[0], lines[0]).reduce(0) { $0 + $1.0 * $1.1 }
    guard size > 0 else { return false }
    return lines.indices.allSatisfy { i in
      lines.indices.allSatisfy { j in
        let product = zip(lines[i], lines[j]).reduce(0) { $0 + $1.0 * $1.1 }
        return abs(product - (i == j ? size : 0)) < 1e-3 * size
      }
    }
  }

  /// Whether the greatest singular value is one of independent elements of the same variance.
  ///
  /// Power iteration finds it from below; what stands out is found in few steps.
  func hasNoDirection(level: Double) -> Bool {
    guard rows >= 8, columns >= 8 else { return true }
    let variance = numbers.reduce(0) { $0 + $1 * $1 } / Double(numbers.count)
    let stream = RandomStream(seed: 0, name: "directions")
    var vector = (0..<columns).map { stream.uniform(at: $0) - 0.5 }
    var square = 0.0
    for _ in 0..<24 {
      var image = [Double](repeating: 0, count: rows)
      for i in 0..<rows {
        var sum = 0.0
        for j in 0..<columns { sum += numbers[i * columns + j] * vector[j] }
        image[i] = sum
      }
      var back = [Double](repeating: 0, count: columns)
      for i in 0..<rows {
        for j in 0..<columns { back[j] += numbers[i * columns + j] * image[i] }
      }
      square = back.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard square > 0 else { return true }
      vector = back.map { $0 / square }
    }
    let (m, n) = (Double(rows).squareRoot(), Double(columns).squareRoot())
    let edge = (m + n) * (m + n)
    let spread = (m + n) * cbrt(1 / m + 1 / n)
    // The upper tail of the Tracy–Widom law falls like exp(−4/3 · s^1.5).
    let quantile = pow(-0.75 * log(level), 2.0 / 3)
    return square <= variance * (edge + spread * quantile) * 1.01
  }
}
