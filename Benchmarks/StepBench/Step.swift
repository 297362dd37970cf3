import Execution
import Graphs
import Networks
import Operators
import Semantics
import Tensors

/// A network with its loss, backward pass and plain gradient descent.
struct Step {
  let network: LoweredNetwork
  private let plan: Plan<Float>
  private let loss: Value
  private let pairs: [(weight: Elements<Float>, gradient: Elements<Float>)]
  private let statistics: Statistics?

  /// - Parameters:
  ///   - yaml: a network with a loss.
  ///   - batch: samples.
  ///   - watches: whether every value, weight and update is summarised in every step.
  /// - Throws: what is wrong with the network.
  init(_ yaml: String, batch: Int, watches: Bool) throws {
    network = try NetworkDescription(yaml: yaml, activations: .standard)
      .lowered(batch: batch, registry: .standard, activations: .standard)
    guard let end = network.loss else { throw BenchError("the network has no loss") }
    var whole = network.graph
    let seed = whole.addInput("seed", whole.type(of: end))
    let found = try whole.differentiate(
      [(value: end, cotangent: seed)], withRespectTo: whole.parameters, adding: { Add() })
    // Forward values keep their numbers, because all of them are kept.
    let pruned = whole.pruned(
      keeping: network.graph.values + [seed] + whole.parameters.compactMap { found[$0] })
    let graph = pruned.graph
    let gradients = graph.parameters.compactMap { found[$0].flatMap { pruned[$0] } }
    plan = Plan(
      graph, keeping: gradients + [end],
      observing: watches ? graph.values.filter { graph.type(of: $0).kind == .real } : [])
    loss = end
    plan[seed].elements(as: Float.self)[0] = 1
    pairs = zip(graph.parameters, gradients).map { [plan] in
      (plan[$0].elements(as: Float.self), plan[$1].elements(as: Float.self))
    }
    statistics = watches ? Statistics(values: graph.types.count, parameters: pairs.count) : nil
  }

  /// Fills parameters, the batch and the targets with numbers that the peer has too.
  func fill() {
    for (number, parameter) in network.parameters.enumerated() {
      let elements = plan[parameter.value].elements(as: Float.self)
      let isBias = parameter.shape.rank == 1
      let scale = isBias ? 0 : (3 / Float(parameter.shape[1])).squareRoot()
      for i in elements.indices { elements[i] = scale * hashed(i, number) }
    }
    for (number, input) in network.inputs.enumerated() {
      let elements = plan[input.value].elements(as: Float.self)
      for i in elements.indices { elements[i] = 1.75 * hashed(i, 1_000_001 + number) }
    }
  }

  /// Runs a step and returns the loss before it.
  func run(rate: Float) -> Float {
    if let statistics {
      plan.run(observer: statistics)
    } else {
      plan.run()
    }
    Threads.run(
      parts: pairs.count, Descent(pairs: pairs, rate: rate, summaries: statistics?.parameters))
    return plan[loss].elements(as: Float.self)[0]
  }

  /// The update of one parameter, and what is known of it afterwards.
  private struct Descent: PartedWork {
    let pairs: [(weight: Elements<Float>, gradient: Elements<Float>)]
    let rate: Float
    let summaries: SummarySlots?

    func run(part: Int) {
      let (weight, gradient) = pairs[part]
      VectorKernels.accumulate(gradient, times: -rate, into: weight)
      guard let summaries else { return }
      summaries.clear(part)
      summaries.add(weight, to: part)
    }
  }
}

/// Keeps a summary of every value in memory of its own.
///
/// An update is the gradient times a number, so its summary is that of the gradient.
final class Statistics: Observer {
  private var values: [Summary]
  let parameters: SummarySlots

  init(values: Int, parameters: Int) {
    self.values = Array(repeating: Summary(), count: values)
    self.parameters = SummarySlots(count: parameters)
  }

  func observe(_ value: Value, _ tensor: Tensor, _ summary: Summary) {
    values[value.index] = summary
  }
}

/// Number `i` of stream `stream`, uniform in [−1, 1), as the peer computes it.
func hashed(_ i: Int, _ stream: Int) -> Float {
  var h = UInt32(truncatingIfNeeded: i) &* 2_654_435_761
  h = h &+ UInt32(truncatingIfNeeded: stream) &* 2_246_822_519
  h ^= h >> 15
  h = h &* 2_246_822_519
  h ^= h >> 13
  return Float(h >> 8) / 8_388_608 - 1
}

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
