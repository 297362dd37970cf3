import Experiments
import Findings
import Networks
import Numbers
import Samples
import Tensors
import Training
import Trials

/// What learners of other kinds find in the data: the nearest neighbours of a sample, and a common
/// perceptron on standardised features.
///
/// Where both do no better than a constant, the features tell nothing that such learners can find; where a
/// network does no better than they, it does what the data allow.
struct ReferenceLearners {
  /// The share of right classes of the better one, on samples that it has not seen; nil without classes.
  private(set) var bestAccuracy: Double?
  /// The mean squared error of the better one, on samples that it has not seen; nil with classes.
  private(set) var bestLoss: Double?
  /// Whether one of them does better than a constant by more than chance.
  let findsSomething: Bool
  /// Whether both were asked, with enough samples, about features without order in space or time, which is
  /// what these learners are made for.
  let isStrong: Bool
  /// Samples that the shares are of.
  let samples: Int
  let sentences: [String]

  private static let leastSamples = 40
  private static let enoughSamples = 200
  /// The share of the variance that a learner of noise explains by chance stays far below this.
  private static let leastExplained = 0.1

  /// - Returns: nil where the data are of a kind that neither learns, or the time is over.
  init?(_ experiment: Experiment, _ data: Dataset, deadline: Deadline) {
    guard data.features.elementType == .float32, data.count >= Self.leastSamples,
      data.indicesOfFiniteSamples.count == data.count,
      let neighbours = NearestNeighbours(data)
    else { return nil }
    let network = Self.perceptron(experiment, data, deadline)
    samples = data.count
    let isTable = data.featureShape.extents.count == 1
    isStrong = isTable && data.count >= Self.enoughSamples && network != nil
    var sentences: [String] = []
    switch data.targets {
    case .classes:
      let share = neighbours.constant
      let error = Fit.error(of: share, samples: neighbours.samples)
      let held = max(1, Int(0.3 * Double(data.count)))
      let other = network?.accuracy
      bestAccuracy = max(neighbours.score, other ?? 0)
      findsSomething =
        neighbours.score > share + 3 * error
        || (other ?? 0) > share + 3 * Fit.error(of: share, samples: held)
      sentences.append(
        "The nearest neighbours of a sample tell its class in \(Numerals.percent(neighbours.score)) of "
          + "the cases"
          + (other.map { ", and a perceptron on standardised features in \(Numerals.percent($0))" }
            ?? "") + "; the commonest class has \(Numerals.percent(share)).")
    case .reals:
      let all = Self.variance(of: data)
      bestLoss = min((1 - neighbours.score) * all, network?.loss ?? .infinity)
      let other = network.map { 1 - $0.loss / max($0.baseline, .leastNormalMagnitude) }
      findsSomething =
        neighbours.score > Self.leastExplained || (other ?? 0) > Self.leastExplained
      sentences.append(
        "The nearest neighbours of a sample explain \(Numerals.percent(max(0, neighbours.score))) of the "
          + "variance of its targets"
          + (other.map { ", a perceptron \(Numerals.percent(max(0, $0)))" } ?? "") + ".")
    }
    self.sentences = sentences
  }

  /// How a perceptron does on three tenths of the samples that it is not trained on.
  private static func perceptron(
    _ experiment: Experiment, _ data: Dataset, _ deadline: Deadline
  ) -> (loss: Double, accuracy: Double?, baseline: Double)? {
    guard let parts = try? data.split(validation: 0.3, seed: experiment.training.seed),
      let scale = try? Standardization(of: parts.training, scope: .feature),
      let own = try? scale(parts.training), let held = try? scale(parts.validation)
    else { return nil }
    let outputs: Int
    let loss: String
    switch data.targets {
    case .classes(let labels, let names):
      guard labels.count == data.count, names.count > 1 else { return nil }
      (outputs, loss) = (names.count, "softmax_cross_entropy")
    case .reals(let targets):
      (outputs, loss) = (targets.count / data.count, "mean_squared_error")
    }
    var layers = [LayerDescription]()
    if data.featureShape.extents.count > 1 { layers.append(LayerDescription(FlattenLayer())) }
    for _ in 0..<2 {
      layers.append(LayerDescription(DenseLayer(64)))
      layers.append(LayerDescription(ActivationLayer("relu")))
    }
    layers.append(LayerDescription(DenseLayer(outputs)))
    var network = NetworkDescription(
      input: data.featureShape.extents, layers: layers, loss: LossDescription(loss))
    network.initialization.weights = InitializerChoice(VarianceScaling(.he, .normal))
    var settings = TrainingSettings()
    var adam = Adam()
    adam.learningRate = 3e-3
    settings.optimizer = adam
    settings.duration = .steps(400)
    settings.batch = min(64, own.count)
    settings.validationInterval = 50
    settings.target = .accuracy(1)
    guard
      let trainer = try? Trainer(network, data: own, validation: held, settings: settings)
    else { return nil }
    var best: Evaluation?
    while !deadline.isOver, trainer.next() != nil {
      guard let seen = trainer.lastEvaluation else { continue }
      // It is stopped where it is best: later it learns its own samples by heart.
      if !(seen.loss >= best?.loss ?? .infinity) { best = seen }
    }
    guard let best else { return nil }
    return (best.loss, best.accuracy, Self.variance(of: held))
  }

  /// The mean over the columns of the variance of the targets; 1 for classes.
  private static func variance(of data: Dataset) -> Double {
    guard case .reals(let targets) = data.targets else { return 1 }
    let elements = targets.elements(as: Float.self)
    let width = elements.count / data.count
    return (0..<width).reduce(0) { sum, column in
      let values = (0..<data.count).map { Double(elements[$0 * width + column]) }
      let mean = values.reduce(0, +) / Double(values.count)
      return sum
        + values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count * width)
    }
  }
}
