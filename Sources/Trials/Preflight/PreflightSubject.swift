import Experiments
import Findings
import Networks
import Samples
import Semantics
import Tensors
import Training
import Watching

/// What inspections look at: an experiment, its samples, its network as a graph, and one step of
/// it.
struct PreflightSubject {
  let experiment: Experiment
  let samples: ExperimentData
  let network: LoweredNetwork
  let plannedSteps: Int
  /// The loss of the best prediction that does not look at the features; nil where it is not known.
  let baselineLoss: Double?
  /// nil where the first step is not finite.
  let first: FirstStep?
  /// The columns of the features.
  let columns: [ColumnStatistics]

  var training: TrainingSettings { experiment.training }

  /// nil where the network cannot be built, or the samples do not fit it: then other words say so.
  init?(_ experiment: Experiment, _ samples: ExperimentData) {
    var settings = experiment.training
    // One plain step: nothing is done to gradients, and the rate is the optimiser's own.
    settings.schedule = LearningRatePlan()
    settings.clipping = nil
    settings.treatments = []
    settings.optimizer = settings.optimizer.without(["weight_decay"])
    settings.accumulation = 1
    settings.duration = .steps(1)
    settings.precision = TrainingSettings.Precision()
    settings.target = nil
    settings.guarding = TrainingSettings.Guarding()
    settings.earlyStopping = nil
    settings.averaging = nil
    guard let loss = experiment.network.loss,
      let trainer = try? Trainer(
        experiment.network, data: samples.training, settings: settings)
    else { return nil }
    self.experiment = experiment
    self.samples = samples
    network = trainer.network
    plannedSteps = experiment.training.duration.steps(
      samples: samples.training.count, batch: experiment.training.batch,
      accumulation: experiment.training.accumulation)
    let baseline = BaselineLoss(loss: loss, data: samples.training).mean
    baselineLoss = baseline
    columns = Self.columns(of: samples.training)
    first = trainer.next().flatMap {
      // A regression has to go as far as its targets are spread, logits about 1.
      let way = loss.reading == .values ? (baseline ?? 1).squareRoot() : 1
      return FirstStep($0, trainer.network, way: way)
    }
  }

  /// The parameters that a penalty on weights draws towards 0, with the square of their norm at the
  /// start, as their initialisers make them.
  var squaredNorm: Double {
    network.parameters.reduce(0) { $0 + $1.moments.secondMoment * Double($1.shape.count) }
  }

  /// Steps that are made before every sample was seen once.
  var stepsPerEpoch: Double {
    Double(samples.training.count) / Double(training.batch * training.accumulation)
  }
}

/// The first step of a training, without clipping, decay, noise and schedule.
struct FirstStep {
  let loss: Double
  let gradientNorm: Double
  /// The root mean square of the network's output.
  let outputScale: Double
  /// How far the step moves the weights of the layer that it moves most, relative to their start.
  let movement: Double
  /// How far it moves the output of a layer, relative to itself.
  ///
  /// The movement of its weights times √fan-in: an update lies along the layer's input, so that its
  /// effect adds up over the inputs. Biases of the output count as well, by how far they bring it:
  /// they move where all signals of a start vanish.
  let effect: Double
  /// The root mean square of one gradient element, over all parameters.
  let elementScale: Double
  /// Elements of all parameters.
  let elements: Int

  init?(_ record: StepRecord, _ network: LoweredNetwork, way: Double) {
    guard record.refusal == nil, record.loss.isFinite, record.gradientNorm.isFinite else {
      return nil
    }
    loss = record.loss
    gradientNorm = record.gradientNorm
    outputScale = record.layers.last.map { $0.activation.secondMoment.squareRoot() } ?? 0
    elements = network.parameters.reduce(0) { $0 + $1.shape.count }
    elementScale = elements > 0 ? record.gradientNorm / Double(elements).squareRoot() : 0
    var (most, strongest) = (0.0, 0.0)
    let laws = Dictionary(
      network.parameters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for health in record.parameters {
      guard let law = laws[health.name], let update = health.update else { continue }
      if law.target.role == .bias, network.layers.last?.weights.contains(law.value) == true,
        way > 0
      {
        strongest = max(strongest, update.secondMoment.squareRoot() / way)
      }
      // A parameter that starts at 0 has no scale of its own to be compared with.
      guard law.target.role != .bias, law.moments.secondMoment > 0 else { continue }
      let ratio = (update.secondMoment / law.moments.secondMoment).squareRoot()
      most = max(most, ratio)
      strongest = max(strongest, ratio * law.target.fanIn.squareRoot())
    }
    (movement, effect) = (most, strongest)
  }
}

extension LoweredParameter {
  /// The root mean square that its elements start with.
  var startScale: Double { moments.secondMoment.squareRoot() }
}

extension Optimizer {
  /// The optimiser with some options at 0, where it has them.
  func without(_ names: Set<String>) -> any Optimizer {
    var options = optionValues
    for name in names where options[name] != nil { options[name] = 0 }
    return (try? OptimizerCatalogue.optimizer(Self.name, options: options)) ?? self
  }

  /// An option by its name, such as `momentum`; nil where the optimiser has none of this name.
  func option(_ name: String) -> Double? { optionValues[name] }
}
