public import Execution
import Graphs
public import Networks
public import Numbers
public import Semantics
public import Tensors

/// A network with its loss and backward pass, laid out once and run step after step.
///
/// Parameters live in the step; fill them and the inputs, then call ``run(rate:)``. A step allocates
/// nothing of its own. Used by one thread at a time.
public final class TrainingStep {
  /// A parameter: its weights, which updates change, and its gradient in the last step.
  public struct Parameter: Sendable {
    public let name: String
    public let weight: Tensor
    public let gradient: Tensor
  }

  public let network: LoweredNetwork
  /// In the order of the network's parameters that the loss depends on.
  public let parameters: [Parameter]
  /// Bytes of the step's values and workspace.
  public var memory: PlanMemory { plan.memory }

  private let plan: Plan<Float>
  private let loss: Value
  private let descent: GradientDescent
  private let format: NumberFormat?
  /// The weights in single precision where the network reads rounded ones.
  private let masters: [Value: Tensor]
  /// The values of the plan in place of the network's.
  private let places: [Value: Value]
  private let cotangents: [Value: Value]

  /// Differentiates the loss and lays everything out.
  ///
  /// - Parameters:
  ///   - network: a network with a loss.
  ///   - adding: makes the operator that adds two tensors of one type.
  ///   - isWatched: whether every activation, cotangent, gradient, weight and update is summarised
  ///     in every step.
  ///   - format: the number format that activations, cotangents and the weights that the network
  ///     reads are rounded to. Weights are kept and updated in single precision; inputs are read as
  ///     they are filled in.
  /// - Throws: ``OperatorError`` where an operator cannot be differentiated.
  /// - Precondition: the network has a loss.
  public init(
    _ network: LoweredNetwork, adding: () -> any Operator, isWatched: Bool = false,
    format: NumberFormat? = nil
  ) throws(OperatorError) {
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
    let observed = isWatched ? Array(places.values) + Array(cotangents.values) : []
    let plan = Plan<Float>(
      graph, keeping: gradients + [pruned[end] ?? end],
      observing: observed.filter { graph.type(of: $0).kind == .real },
      remembersSummaries: isWatched, format: format)
    plan[pruned[seed] ?? seed].elements(as: Float.self)[0] = 1
    let isNarrow = format.map { $0.bitCount < 32 } ?? false
    let read = trained.map { plan[places[$0.value] ?? $0.value] }
    let weights = read.map { isNarrow ? $0.copy() : $0 }
    let parameters = trained.indices.map { number in
      Parameter(
        name: trained[number].name, weight: weights[number], gradient: plan[gradients[number]])
    }
    self.format = isNarrow ? format : nil
    masters =
      isNarrow
      ? Dictionary(uniqueKeysWithValues: zip(trained.map(\.value), weights)) : [:]
    (self.network, self.plan, self.parameters) = (network, plan, parameters)
    loss = pruned[end] ?? end
    descent = GradientDescent(
      parameters, copies: isNarrow ? read : read.map { _ in nil }, isWatched: isWatched)
  }

  /// The memory of an input or parameter of the network, to be filled before a step.
  public subscript(value: Value) -> Tensor { masters[value] ?? plan[places[value] ?? value] }

  /// Computes the loss and all gradients, and takes `rate` times the gradients from the weights.
  ///
  /// - Returns: the loss before the update.
  @discardableResult
  public func run(rate: Float) -> Float {
    if let format { descent.roundWeights(to: format) }
    plan.run()
    descent.run(rate: rate)
    return plan[loss].elements(as: Float.self)[0]
  }

  /// What was seen of a value of the network in the last step, and of its cotangent.
  public func summaries(of value: Value) -> (value: Summary?, cotangent: Summary?) {
    (
      places[value].flatMap { plan.summary(of: $0) },
      cotangents[value].flatMap { plan.summary(of: $0) }
    )
  }

  /// What was seen of a parameter in the last step: its weights after the update and the update.
  public func summaries(ofParameter number: Int) -> (weight: Summary, update: Summary)? {
    descent.summaries(ofParameter: number)
  }
}
