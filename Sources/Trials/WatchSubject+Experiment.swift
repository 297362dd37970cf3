import Experiments
import Graphs
public import Networks
import Samples
import Semantics
import Tensors
import Training
public import Watching

extension WatchSubject {
  /// What a watch should know of a run, as its experiment and data say it.
  init(_ experiment: Experiment, _ trainer: Trainer, _ data: Dataset) {
    let precision = experiment.training.precision
    self.init(
      format: precision.backwardFormat ?? precision.format, width: Self.width(of: trainer.network),
      plannedSteps: trainer.plannedSteps,
      baselineLoss: Self.baseline(of: experiment.network.loss?.name, data))
  }

  /// Units of the narrowest hidden layer: channels where there are places, features elsewhere.
  public static func width(of network: LoweredNetwork) -> Int? {
    network.layers.dropLast().map { layer in
      let extents = network.graph.type(of: layer.output).shape.extents
      return extents.count == 4 ? extents[1] : extents.last ?? 1
    }.min()
  }

  /// The loss of the best prediction that does not look at the features.
  static func baseline(of loss: String?, _ data: Dataset) -> Double? {
    switch (loss, data.targets) {
    case ("softmax_cross_entropy"?, .classes(let labels, let names)),
      ("nll_of_softmax"?, .classes(let labels, let names)),
      ("binary_cross_entropy_with_logits"?, .classes(let labels, let names)),
      ("bce_on_probabilities"?, .classes(let labels, let names)):
      // Losses of bits take two classes alone.
      return baselineLoss(ofClassCounts: counts(of: labels, names.count))
    case ("hinge"?, .classes(let labels, let names)):
      let counts = counts(of: labels, names.count)
      return 2 * Double(counts.min() ?? 0) / Double(max(1, counts.reduce(0, +)))
    case ("mean_squared_error"?, .reals(let targets)):
      return variance(of: targets, rows: data.count)
    case ("mean_squared_error"?, .classes(let labels, let names)):
      let counts = counts(of: labels, names.count)
      let total = Double(max(1, counts.reduce(0, +)))
      let shares = counts.map { Double($0) / total }
      return shares.map { $0 * (1 - $0) }.reduce(0, +) / Double(names.count)
    default: return nil
    }
  }

  static func counts(of labels: Tensor, _ classes: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: classes)
    let numbers = labels.elements(as: Int64.self)
    for i in numbers.indices { counts[Int(numbers[i])] += 1 }
    return counts
  }

  /// The mean over the columns of the variance of each.
  private static func variance(of targets: Tensor, rows: Int) -> Double? {
    let elements = targets.elements(as: Float.self)
    let width = elements.count / rows
    var sum = 0.0
    for column in 0..<width {
      let values = stride(from: column, to: elements.count, by: width).map { Double(elements[$0]) }
        .filter(\.isFinite)
      guard !values.isEmpty else { return nil }
      let mean = values.reduce(0, +) / Double(values.count)
      sum += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    }
    return sum / Double(width)
  }
}
