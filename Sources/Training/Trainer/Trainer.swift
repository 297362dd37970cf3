public import Findings
import Graphs
public import Networks
import Numbers
import Operators
public import Samples
import Semantics
import TensorFiles
import Tensors

/// Trains a network on data, one guarded and watched step after the other.
///
/// A sequence of records: `for record in trainer { … }` trains to the end, and may stop at any step.
/// No number that is not finite reaches a weight or the state of the optimiser: such a step is refused
/// whole and told in its record. The same settings give the same weights bit for bit, whatever the
/// number of threads. Used by one thread at a time.
public final class Trainer: Sequence, IteratorProtocol {
  public let settings: TrainingSettings
  public let network: LoweredNetwork
  /// Steps of the whole run.
  public let plannedSteps: Int
  /// The number of the next step.
  public internal(set) var step = 0
  /// How the run ended; nil while it goes on.
  public internal(set) var ending: Ending?
  /// What the last step did.
  ///
  /// Its arrays are made once, and written anew in each step.
  public internal(set) var record: StepRecord
  /// Steps that were refused.
  public internal(set) var refusedSteps = 0
  /// The loss over the validation data, and the share of right classes where there are classes.
  public internal(set) var lastEvaluation: Evaluation?

  let model: TrainingStep
  let feed: Feed
  var batches: Batches
  let layers: [WatchedLayer]
  var scaler: LossScaler?
  var memory = ScheduleMemory()
  var refusedInARow = 0
  var hasRolledBack = false
  /// To go back to, where that is asked for.
  var last: TrainingSnapshot?
  let sums: [Elements<Float>]
  var norms: [Double]
  let evaluator: Evaluator?
  var average: WeightAverage?
  /// The best loss over the validation data so far, and evaluations since then.
  var best: (loss: Double, waited: Int) = (.infinity, 0)
  private let description: NetworkDescription
  private let data: Dataset

  /// How a run came to its end.
  public enum Ending: Hashable, Sendable {
    /// All steps were made.
    case finished
    /// The loss over the validation data was no better for as many evaluations as was asked for.
    case stoppedEarly(bestLoss: Double)
    /// More steps in a row were refused than is allowed.
    case refused(StepRecord.Refusal, advice: String)

    /// Whether the run came to the end that its settings ask for.
    public var isComplete: Bool {
      switch self {
      case .finished, .stoppedEarly: true
      case .refused: false
      }
    }
  }

  /// A layer in the order of the records.
  struct WatchedLayer {
    let output: Value
    let saturation: Saturation?
  }

  /// Lays everything out and fills the weights.
  ///
  /// - Parameters:
  ///   - description: a network with a loss.
  ///   - data: what is trained on.
  ///   - validation: what the network is judged by; nil for none.
  ///   - settings: in their ranges, as ``TrainingSettings/check()`` tells.
  /// - Throws: ``TrainingError`` when settings or data do not fit; `NetworkError` when the network cannot
  ///   be built; `OperatorError` where it has no gradient.
  public init(
    _ description: NetworkDescription, data: Dataset, validation: Dataset? = nil,
    settings: TrainingSettings = TrainingSettings()
  ) throws {
    try settings.check()
    self.settings = settings
    self.description = description
    self.data = data
    let network = try description.lowered(
      batch: settings.batch, registry: .standard, activations: .standard, for: .training)
    feed = try Feed(data, to: network)
    batches = try Batches(of: data, size: settings.batch, seed: settings.seed)
    plannedSteps = settings.duration.steps(
      samples: data.count, batch: settings.batch, accumulation: settings.accumulation)
    let precision = settings.precision
    model = try TrainingStep(
      network, adding: { Add() }, optimizer: settings.optimizer, isWatched: true,
      format: precision.format == .fp32 ? nil : precision.format,
      backwardFormat: precision.backwardFormat, keepsMasters: precision.keepsMasters,
      exactValues: try Self.exactValues(of: network, precision.exactLayers),
      rateFactors: try Self.rateFactors(of: network, settings.layerRates))
    self.network = network
    for parameter in network.parameters {
      parameter.fill(model[parameter.value], seed: settings.seed)
    }
    Self.calibrate(model, by: feed, batches.indices(ofStep: 0), seed: settings.seed)
    layers = network.layers.map {
      WatchedLayer(output: $0.output, saturation: Saturation(of: $0, in: network.graph))
    }
    scaler = precision.lossScaling.map { LossScaler($0) }
    let parameters = model.parameters
    let summed = settings.accumulation == 1 ? [] : parameters
    sums = summed.map { Tensor(zeros: $0.gradient.shape, .float32).elements(as: Float.self) }
    norms = parameters.map { _ in 0 }
    record = StepRecord(of: network, parameters: model.parameters)
    let judged = validation ?? (settings.target.map(\.isAccuracy) == true ? data : nil)
    evaluator = try judged.map { [model] in
      try Evaluator(description, model: model, training: data, data: $0, settings)
    }
    average = settings.averaging.map {
      WeightAverage($0, of: model.parameters, plannedSteps: plannedSteps)
    }
    if settings.earlyStopping != nil, validation == nil {
      throw TrainingError(
        .mismatch, "'early_stopping' looks at the validation data, and there are none",
        cure: "add 'validation' to 'data', such as 'validation: 0.2'")
    }
    if settings.guarding.rollsBack { last = snapshot() }
  }

  /// Divides weights that start by looking at data by what the first batch shows behind them.
  private static func calibrate(
    _ model: TrainingStep, by feed: Feed, _ samples: ArraySlice<Int>, seed: UInt64
  ) {
    guard let calibration = Calibration(of: model.network) else { return }
    feed.fill(samples) { model[$0] }
    for input in model.network.auxiliaryInputs {
      input.fill(model[input.value], from: RandomStream(seed: seed, name: input.name).substream(0))
    }
    let factors = calibration.factors { value, tensor in tensor.copyBytes(from: model[value]) }
    for (value, factor) in factors {
      let elements = model[value].elements(as: Float.self)
      VectorKernels.scale(elements, by: Float(factor), into: elements)
    }
    model.weightsWereWritten()
  }

  /// The values that are computed in single precision whatever the format.
  static func exactValues(
    of network: LoweredNetwork, _ names: [String]
  ) throws(TrainingError) -> Set<Value> {
    var values: Set<Value> = []
    let behind = network.layers.map(\.nodes.upperBound).max() ?? 0
    for name in names {
      let nodes: Range<Int>
      if name == "loss" {
        nodes = behind..<network.graph.nodes.count
      } else if let layer = network.layers.first(where: { $0.name == name }) {
        nodes = layer.nodes
      } else {
        let known = network.layers.map(\.name) + ["loss"]
        throw TrainingError(
          .unknownName, "'keep_fp32' names \(quoted(name)), which there is not",
          cure: nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
            ?? "name layers such as '\(known[0])', or 'loss'")
      }
      for node in nodes { values.formUnion(network.graph.nodes[node].results) }
    }
    return values
  }

  /// Factors of the learning rate by parameter.
  private static func rateFactors(
    of network: LoweredNetwork, _ rates: [TrainingSettings.LayerRate]
  ) throws(TrainingError) -> [Value: Double] {
    var factors: [Value: Double] = [:]
    for rate in rates {
      for name in rate.layers {
        guard let layer = network.layers.first(where: { $0.name == name }) else {
          let known = network.layers.map(\.name)
          throw TrainingError(
            .unknownName, "'layer_rates' names the layer \(quoted(name)), which does not exist",
            cure: nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
              ?? "name layers such as '\(known[0])'")
        }
        for weight in layer.weights { factors[weight] = rate.factor }
      }
    }
    return factors
  }

  /// How well the network does on other samples with its weights as they are.
  ///
  /// - Parameter samples: of the kind that is trained on; all of them are looked at.
  /// - Returns: the mean loss, and the share of right classes where there are classes.
  /// - Throws: ``TrainingError`` when the samples do not fit the network.
  public func evaluation(on samples: Dataset) throws -> Evaluation {
    try Evaluator(description, model: model, training: data, data: samples, settings)
      .evaluate(after: step)
  }

  /// Makes one step.
  ///
  /// - Returns: what it did; nil when the run has ended.
  public func next() -> StepRecord? {
    guard ending == nil else { return nil }
    guard step < plannedSteps else {
      ending = .finished
      return nil
    }
    advance()
    return record
  }

  private func advance() {
    let start = ContinuousClock.now
    let scale = scaler?.scale ?? 1
    model.lossScale = Float(scale)
    record.clear(step: step)
    record.learningRate =
      settings.optimizer.learningRate
      * settings.schedule.factor(step: step, of: plannedSteps, memory)
    record.lossScale = scaler?.scale
    var refusal = computeGradients(scale: scale)
    recordGradients(scale: scale)
    if refusal == nil {
      treatGradients(scale: scale)
      refusal = model.update(rate: record.learningRate)
    }
    record.refusal = refusal
    recordWeights()
    settle(refusal)
    record.seconds = (ContinuousClock.now - start) / .seconds(1)
  }

  /// Brings what goes on from step to step forward.
  private func settle(_ refusal: StepRecord.Refusal?) {
    let wasAtFloor = scaler?.isAtFloor ?? true
    // An overflow of the forward pass is none that another scale would cure, but scalers cannot tell.
    scaler?.advance(isFinite: refusal == nil)
    if record.loss.isFinite {
      settings.schedule.observe(loss: record.loss, step: step, &memory)
    }
    step += 1
    if refusal == nil { average?.add(step: step) }
    if let refusal {
      refusedSteps += 1
      refusedInARow += 1
      if refusedInARow > settings.guarding.maxSkipped { giveUp(refusal, wasAtFloor: wasAtFloor) }
    } else {
      refusedInARow = 0
    }
    if step == plannedSteps, ending == nil { ending = .finished }
    if settings.guarding.rollsBack, refusal == nil, settings.snapshots.every > 0,
      step.isMultiple(of: settings.snapshots.every)
    {
      last = snapshot()
    }
    let interval =
      settings.validationInterval > 0
      ? settings.validationInterval : Swift.max(1, batches.perEpoch / settings.accumulation)
    if let evaluator, step.isMultiple(of: interval) || ending != nil { evaluate(evaluator) }
  }

  /// Judges the weights, or their mean where one is kept, and ends a run that becomes no better.
  private func evaluate(_ evaluator: Evaluator) {
    if average?.isReady == true {
      average?.exchange()
      model.weightsWereWritten()
      model.prepareWeights()
    }
    let evaluation = evaluator.evaluate(after: step)
    if average?.isReady == true {
      average?.exchange()
      model.weightsWereWritten()
      model.prepareWeights()
    }
    lastEvaluation = evaluation
    guard let stopping = settings.earlyStopping, ending == nil else { return }
    if evaluation.loss < best.loss - stopping.leastChange {
      best = (evaluation.loss, 0)
    } else {
      best.waited += 1
      if best.waited >= stopping.patience { ending = .stoppedEarly(bestLoss: best.loss) }
    }
  }

  /// Goes back to the last snapshot, once and with other batches than before, or ends the run.
  private func giveUp(_ refusal: StepRecord.Refusal, wasAtFloor: Bool) {
    if settings.guarding.rollsBack, !hasRolledBack, let last {
      let next = step
      do {
        try restore(last)
        hasRolledBack = true
        refusedInARow = 0
        step = next
        return
      } catch {
        // It is of this very run.
        preconditionFailure("a snapshot does not fit the run that it is of: \(error)")
      }
    }
    var advice = "\(refusedInARow) steps in a row were refused"
    if scaler != nil, wasAtFloor, let verdict = scaleVerdict() { advice += "; \(verdict)" }
    ending = .refused(refusal, advice: advice)
  }
}
