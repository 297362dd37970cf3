public import Execution
public import Findings
import Graphs
public import Networks
public import Numbers
public import Semantics
public import Tensors

/// A network with its loss and backward pass, laid out once and run step after step.
///
/// Parameters live in the step; fill them and the inputs, then call ``run(rate:)``, or
/// ``computeGradients()``, what is to be done to gradients, and ``update(rate:)``. A step allocates
/// nothing of its own. Used by one thread at a time.
public final class TrainingStep {
  public typealias Parameter = TrainedParameter

  public let network: LoweredNetwork
  /// In the order of the network's parameters that the loss depends on.
  ///
  /// Call ``weightsWereWritten()`` after writing to weights that were taken from here.
  public let parameters: [Parameter]
  /// The optimiser with its state.
  public let updates: UpdatePass<Float>
  /// Why the last update was not made; nil when it was.
  public private(set) var refusal: StepRecord.Refusal?
  /// Bytes of the step's values and workspace.
  public var memory: PlanMemory { plan.memory }

  /// What activations and the weights that the network reads are rounded to.
  let format: NumberFormat?
  /// Whether either pass is rounded to another format than single precision.
  let isNarrow: Bool
  private let plan: Plan<Float>
  private let loss: Value
  /// The weights where the network reads a copy of them.
  private let masters: [Value: Tensor]
  /// The values in the plan of what updates change, and of their gradients.
  private let trained: Set<Value>
  private let gradients: [Value]
  private var areWeightsNew = true
  /// The values of the plan in place of the network's.
  private let places: [Value: Value]
  private let cotangents: [Value: Value]
  private let seed: Elements<Float>

  /// Differentiates the loss and lays everything out.
  ///
  /// - Parameters:
  ///   - network: a network with a loss.
  ///   - adding: makes the operator that adds two tensors of one type.
  ///   - optimizer: what makes updates of gradients, with options in their ranges.
  ///   - isWatched: whether every activation, cotangent, gradient, weight and update is summarised
  ///     in every step.
  ///   - isTraced: whether ``trace(_:)`` can show every value as it is computed.
  ///   - format: the number format that activations, cotangents and the weights that the network
  ///     reads are rounded to; inputs are read as they are filled in, and the loss itself is not rounded.
  ///   - backwardFormat: what the backward pass is rounded to, where that is another format.
  ///   - keepsMasters: whether weights are kept and updated in single precision, and the network reads
  ///     rounded copies; otherwise weights themselves are rounded after every update.
  ///   - exactValues: values of the network that are computed in single precision, with their cotangents.
  ///   - rateFactors: factors of the learning rate by parameter of the network, where other than 1.
  /// - Throws: `OperatorError` where an operator cannot be differentiated, `MemoryError` where a step
  ///   takes more than there may be.
  /// - Precondition: the network has a loss.
  public init(
    _ network: LoweredNetwork, adding: () -> any Operator, optimizer: any Optimizer = SGD(),
    isWatched: Bool = false, isTraced: Bool = false, format: NumberFormat? = nil,
    backwardFormat: NumberFormat? = nil, keepsMasters: Bool = true,
    exactValues: Set<Value> = [], rateFactors: [Value: Double] = [:]
  ) throws {
    precondition(!(isWatched && isTraced), "a step that is watched cannot be traced")
    guard let end = network.loss else { preconditionFailure("the network has no loss") }
    var whole = network.graph
    let seed = whole.addInput("seed", whole.type(of: end))
    let found = try whole.differentiate(
      [(value: end, cotangent: seed)], withRespectTo: whole.parameters, adding: adding)
    let trained = network.parameters.filter { found[$0.value] != nil }
    let pruned = whole.pruned(
      keeping: [end, seed] + trained.compactMap { found[$0.value] })
    let graph = pruned.graph
    var places: [Value: Value] = [:]
    for value in network.graph.values { places[value] = pruned[value] }
    let cotangents = found.compactMapValues { pruned[$0] }
    (self.places, self.cotangents) = (places, cotangents)
    let gradients = trained.compactMap { cotangents[$0.value] }
    let observed =
      isTraced
      ? Array(graph.values) : isWatched ? Array(places.values) + Array(cotangents.values) : []
    let exact = Set(exactValues.compactMap { pruned[$0] })
    var nodeFormats: [Int: NumberFormat] = [:]
    for (number, node) in graph.nodes.enumerated() {
      // The loss itself is only looked at, and three digits of it would tell little.
      if node.results.contains(pruned[end] ?? end) { nodeFormats[number] = .fp32 }
      if node.isBackward, let backwardFormat { nodeFormats[number] = backwardFormat }
      let forward = node.forward.map { graph.nodes[$0] } ?? node
      if forward.results.contains(where: { exact.contains($0) }) { nodeFormats[number] = .fp32 }
    }
    let plan = try Plan<Float>(
      graph, keeping: gradients + [pruned[end] ?? end],
      observing: observed.filter { graph.type(of: $0).kind == .real },
      remembersSummaries: isWatched, format: format, nodeFormats: nodeFormats)
    self.seed = plan[pruned[seed] ?? seed].elements(as: Float.self)
    self.seed[0] = 1
    let readsCopies = keepsMasters && (format.map { $0.bitCount < 32 } ?? false)
    let read = trained.map { plan[places[$0.value] ?? $0.value] }
    let weights = read.map { readsCopies ? $0.copy() : $0 }
    let parameters = trained.indices.map { number in
      Parameter(
        name: trained[number].name, weight: weights[number], gradient: plan[gradients[number]])
    }
    masters =
      readsCopies
      ? Dictionary(uniqueKeysWithValues: zip(trained.map(\.value), weights)) : [:]
    self.trained = Set(trained.map(\.value))
    self.gradients = gradients
    self.format = format
    isNarrow = format != nil || backwardFormat != nil
    (self.network, self.plan, self.parameters) = (network, plan, parameters)
    loss = pruned[end] ?? end
    updates = UpdatePass(
      parameters, optimizer: optimizer, format: format, copies: readsCopies ? read : nil,
      isWatched: isWatched, rateFactors: trained.map { rateFactors[$0.value] ?? 1 })
  }

  /// The memory of an input or parameter of the network, to be filled before a step.
  public subscript(value: Value) -> Tensor {
    if trained.contains(value) { areWeightsNew = true }
    return masters[value] ?? plan[places[value] ?? value]
  }

  /// What the loss is multiplied by before it is differentiated; gradients and cotangents come with
  /// this factor.
  public var lossScale: Float {
    get { seed[0] }
    set { seed[0] = newValue }
  }

  /// Says that weights were written to other than by updates and through the subscript.
  public func weightsWereWritten() { areWeightsNew = true }

  /// Computes the loss and all gradients, and updates the weights unless that is refused.
  ///
  /// - Returns: the loss before the update.
  @discardableResult
  public func run(rate: Double) -> Float {
    let loss = computeGradients()
    for (number, value) in gradients.enumerated() {
      guard let seen = plan.summary(of: value), seen.count > 0 else { continue }
      updates.setGradientBound(
        seen.nonFinite == 0 ? seen.greatestMagnitude : .infinity, parameter: number)
    }
    refusal = updates.run(rate: rate)
    return loss
  }

  /// Rounds weights that were written to where the network reads them.
  func prepareWeights() {
    if areWeightsNew { updates.weightsWereWritten() }
    areWeightsNew = false
  }

  /// Computes the loss and all gradients.
  ///
  /// - Returns: the loss.
  public func computeGradients() -> Float {
    prepareWeights()
    plan.run()
    return plan[loss].elements(as: Float.self)[0]
  }

  /// Computes the loss and all gradients of what the network reads as it is, and shows every value as it
  /// is computed.
  ///
  /// - Precondition: the step was made to be traced.
  func trace(_ observer: some Observer) { plan.run(observer: observer) }

  /// The graph of both passes.
  var graph: Graph { plan.graph }

  /// The memory of a value of the step's graph, while it holds what was computed.
  func tensor(of value: Value) -> Tensor { plan[value] }

  /// Updates the weights by the gradients as they are, unless that is refused.
  ///
  /// - Returns: nil, or why nothing was changed.
  @discardableResult
  public func update(rate: Double) -> StepRecord.Refusal? {
    refusal = updates.run(rate: rate)
    return refusal
  }

  /// What was seen of a value of the network in the last step, and of its cotangent.
  public func summaries(of value: Value) -> (value: Summary?, cotangent: Summary?) {
    (
      places[value].flatMap { plan.summary(of: $0) },
      cotangents[value].flatMap { plan.summary(of: $0) }
    )
  }

  /// Where the network reads a parameter from, rounded to its format.
  func tensorRead(for value: Value) -> Tensor { plan[places[value] ?? value] }

  /// The name of a value of the step.
  func name(of value: Value) -> String { plan.graph.name(of: value) }

  /// What was seen of cotangents and gradients in the last step, without the loss scale.
  func backwardSummaries() -> [(name: String, summary: Summary)] {
    plan.graph.nodes.filter(\.isBackward).flatMap(\.results).compactMap { value in
      plan.summary(of: value).map { (plan.graph.name(of: value), $0) }
    }
  }

  /// The first value that was not finite in the last step, in the order in which they were computed;
  /// nil where all were, and unless watched.
  ///
  /// Inputs and parameters are not among them.
  func firstNonFinite() -> (value: Value, isBackward: Bool, summary: Summary)? {
    for node in plan.graph.nodes {
      for value in node.results {
        guard let summary = plan.summary(of: value), summary.nonFinite > 0 else { continue }
        return (value, node.isBackward, summary)
      }
    }
    return nil
  }

  /// The value of the network that a value of the step stands for, or whose cotangent it is.
  func origin(of value: Value) -> Value? {
    places.first { $0.value == value }?.key ?? cotangents.first { $0.value == value }?.key
  }

  /// What was seen of a parameter's gradient in the last step, with the loss scale in it.
  func gradientSummary(ofParameter number: Int) -> Summary? {
    plan.summary(of: gradients[number])
  }

  /// What was seen of a parameter in the last update: its weights after it, the update, and how many
  /// updates were lost, as ``UpdatePass/watched(parameter:)`` tells.
  public func summaries(
    ofParameter number: Int
  ) -> (weight: Summary, update: Summary, lost: Int)? {
    updates.watched(parameter: number)
  }
}
