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
      baselineLoss: Self.baseline(of: experiment.network.loss, data, trainer.network))
  }

  /// Units of the narrowest hidden layer: channels where there are places, features elsewhere.
  public static func width(of network: LoweredNetwork) -> Int? {
    network.layers.dropLast().map { layer in
      let extents = network.graph.type(of: layer.output).shape.extents
      return extents.count == 4 ? extents[1] : extents.last ?? 1
    }.min()
  }

  /// The loss of the best prediction that does not look at the features.
  private static func baseline(
    of loss: LossDescription?, _ data: Dataset, _ network: LoweredNetwork
  ) -> Double? {
    guard let loss, let mean = BaselineLoss(loss: loss, data: data).mean else { return nil }
    guard loss.reduction == .sum, let targets = network.inputs.last else { return mean }
    let count = network.graph.type(of: targets.value).shape.count
    if case .oneHot(let classes) = targets.content { return mean * Double(count / classes) }
    return mean * Double(count)
  }
}
