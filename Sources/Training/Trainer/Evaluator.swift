import Execution
import Graphs
import Networks
import Operators
import Samples
import Semantics
import Tensors

/// How well a network does on data that it is judged by.
public struct Evaluation: Hashable, Sendable {
  /// Steps that were made before.
  public let step: Int
  /// The mean loss of all samples.
  public let loss: Double
  /// The share of right classes; nil where targets are no classes.
  public let accuracy: Double?

  public init(step: Int, loss: Double, accuracy: Double?) {
    (self.step, self.loss, self.accuracy) = (step, loss, accuracy)
  }
}

/// Runs a network without dropout over all samples of a set.
///
/// What batch norms subtract and divide by is measured over batches of the training data with the
/// weights as they are, rather than remembered from weights that have changed since: Wu and Johnson
/// (2021), section 3.
final class Evaluator {
  /// Batches of training data that batch norms are measured over.
  private static let measuredBatches = 16

  private let data: Dataset
  private let batch: Int
  private let whole: Pass
  /// For the samples that do not fill a batch.
  private let rest: Pass?
  private let statistics: PopulationStatistics?
  private let threshold: Float

  /// A network for inference with a number of samples at once.
  private struct Pass {
    let network: LoweredNetwork
    let plan: Plan<Float>
    let loss: Value
    let feed: Feed
  }

  /// Lays out passes over the data; `model`'s weights are read as they are at each evaluation, and batch
  /// norms are measured over `training`.
  init(
    _ description: NetworkDescription, model: TrainingStep, training: Dataset, data: Dataset,
    _ settings: TrainingSettings
  ) throws {
    func pass(_ samples: Int) throws -> Pass {
      let network = try description.lowered(
        batch: samples, registry: .standard, activations: .standard, for: .inference)
      guard let loss = network.loss else { preconditionFailure("the network has no loss") }
      let values = Dictionary(
        uniqueKeysWithValues: model.network.parameters.map { ($0.name, $0.value) })
      var bound: [Value: Tensor] = [:]
      for parameter in network.parameters {
        bound[parameter.value] = values[parameter.name].map { model.tensorRead(for: $0) }
      }
      let plan = try Plan<Float>(
        network.graph, keeping: [loss, network.output], format: model.format, binding: bound)
      return Pass(
        network: network, plan: plan, loss: loss, feed: try Feed(data, to: network))
    }
    self.data = data
    batch = min(settings.batch, data.count)
    whole = try pass(batch)
    let left = data.count % batch
    rest = left == 0 ? nil : try pass(left)
    statistics = try PopulationStatistics(
      model: model, data: training, settings, batches: Self.measuredBatches)
    // A probability, or a number whose sign tells the class.
    threshold = description.loss?.name == "bce_on_probabilities" ? 0.5 : 0
  }

  func evaluate(after step: Int) -> Evaluation {
    statistics?.measure()
    var (loss, right, labels) = (0.0, 0, 0)
    var start = 0
    while start < data.count {
      let count = min(batch, data.count - start)
      let pass = count == batch ? whole : rest ?? whole
      for (number, input) in pass.network.auxiliaryInputs.enumerated() {
        statistics?.fill(pass.plan[input.value], number)
      }
      let samples = [Int](start..<start + count)
      pass.feed.fill(samples[...]) { pass.plan[$0] }
      pass.plan.run()
      loss += Double(pass.plan[pass.loss].elements(as: Float.self)[0]) * Double(count)
      if case .classes(let classes, _) = data.targets {
        let found = score(pass.plan[pass.network.output], classes, from: start, samples: count)
        right += found.right
        labels += found.labels
      }
      start += count
    }
    return Evaluation(
      step: step, loss: loss / Double(data.count),
      accuracy: labels == 0 ? nil : Double(right) / Double(labels))
  }

  private func score(
    _ output: Tensor, _ classes: Tensor, from start: Int, samples: Int
  ) -> (right: Int, labels: Int) {
    let scores = output.elements(as: Float.self)
    let labels = classes.elements(as: Int64.self)
    let perSample = labels.count / data.count
    let count = samples * perSample
    let width = scores.count / count
    var right = 0
    for i in 0..<count {
      var best = 0
      if width == 1 {
        best = scores[i] > threshold ? 1 : 0
      } else {
        for k in 1..<width where scores[i * width + k] > scores[i * width + best] { best = k }
      }
      if labels[start * perSample + i] == Int64(best) { right += 1 }
    }
    return (right, count)
  }
}
