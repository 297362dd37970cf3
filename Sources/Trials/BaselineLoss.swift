import Networks
import RealModule
import Samples
import Tensors

/// The loss of the best prediction that does not look at the features: one number, or one
/// distribution over the classes, for all samples.
struct BaselineLoss {
  let loss: LossDescription
  let data: Dataset

  /// The mean over all terms; nil where it is not known for such targets.
  var mean: Double? {
    switch (loss.name, data.targets) {
    case ("softmax_cross_entropy", .classes(let labels, let names)),
      ("nll_of_softmax", .classes(let labels, let names)):
      return crossEntropy(
        Self.shares(of: labels, names.count), loss.classWeights, smoothing: loss.labelSmoothing)
    case ("binary_cross_entropy_with_logits", .classes(let labels, let names)),
      ("bce_on_probabilities", .classes(let labels, let names)):
      let shares = Self.shares(of: labels, names.count)
      // The weight of positive bits is no weight of a mean: the terms are averaged as they are.
      let factors = shares.count == 2 ? [1, loss.positiveWeight] : []
      let mass = zip(shares, factors).reduce(0) { $0 + $1.0 * $1.1 }
      return crossEntropy(shares, factors).map { factors.isEmpty ? $0 : $0 * mass }
    case ("hinge", .classes(let labels, let names)):
      return 2 * (Self.shares(of: labels, names.count).min() ?? 0)
    case ("mean_squared_error", .classes(let labels, let names)):
      let shares = Self.shares(of: labels, names.count)
      return shares.map { $0 * (1 - $0) }.reduce(0, +) / Double(names.count)
    case (_, .reals(let targets)): return ofColumns(of: targets)
    default: return nil
    }
  }

  /// `-Σ m ln(m / Σ m) / Σ w p` with masses m = w ((1 − smoothing) p + smoothing / classes): the
  /// prediction m / Σ m has the least weighted cross entropy.
  private func crossEntropy(
    _ shares: [Double], _ weights: [Double], smoothing: Double = 0
  ) -> Double? {
    guard weights.isEmpty || weights.count == shares.count else { return nil }
    let weights = weights.isEmpty ? shares.map { _ in 1 } : weights
    let even = smoothing / Double(max(1, shares.count))
    let masses = zip(shares, weights).map { $1 * ((1 - smoothing) * $0 + even) }
    let total = masses.reduce(0, +)
    let divisor = zip(shares, weights).reduce(0) { $0 + $1.0 * $1.1 }
    guard total > 0, divisor > 0 else { return nil }
    return masses.reduce(0) { $0 - ($1 > 0 ? $1 * Double.log($1 / total) : 0) } / divisor
  }

  /// The share of each class among labels.
  static func shares(of labels: Tensor, _ classes: Int) -> [Double] {
    var counts = [Int](repeating: 0, count: classes)
    let numbers = labels.elements(as: Int64.self)
    for i in numbers.indices { counts[Int(numbers[i])] += 1 }
    return counts.map { Double($0) / Double(max(1, numbers.count)) }
  }

  /// The mean over the columns of the least loss of a constant.
  private func ofColumns(of targets: Tensor) -> Double? {
    let elements = targets.elements(as: Float.self)
    let width = elements.count / data.count
    var sum = 0.0
    for column in 0..<width {
      let values = stride(from: column, to: elements.count, by: width).map { Double(elements[$0]) }
        .filter(\.isFinite)
      guard !values.isEmpty, let least = ofConstant(values) else { return nil }
      sum += least
    }
    return sum / Double(width)
  }

  private func ofConstant(_ values: [Double]) -> Double? {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    switch loss.name {
    case "mean_squared_error": return variance
    case "l1":
      let median = values.sorted()[values.count / 2]
      return values.reduce(0) { $0 + abs($1 - median) } / count
    case "huber": return huber(values)
    case "poisson_nll": return mean > 0 ? mean - mean * Double.log(mean) : mean == 0 ? 0 : nil
    case "gaussian_nll": return variance > 0 ? (Double.log(variance) + 1) / 2 : nil
    default: return nil
    }
  }

  /// The loss is convex: its slope, the mean of clipped differences, is 0 at the best constant.
  private func huber(_ values: [Double]) -> Double? {
    guard var low = values.min(), var high = values.max() else { return nil }
    let delta = loss.delta
    func clipped(_ difference: Double) -> Double { min(max(difference, -delta), delta) }
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if values.reduce(0, { $0 + clipped(middle - $1) }) > 0 { high = middle } else { low = middle }
    }
    return values.reduce(0) { $0 + loss.term(ofDifference: low - $1) } / Double(values.count)
  }
}

extension LossDescription {
  /// The loss of one prediction that differs from its target by so much, where it depends on nothing
  /// else: the square for losses that do.
  func term(ofDifference difference: Double) -> Double {
    switch name {
    case "l1": return abs(difference)
    case "huber":
      let inner = min(max(difference, -delta), delta)
      return inner * (difference - inner / 2)
    default: return difference * difference
    }
  }
}
