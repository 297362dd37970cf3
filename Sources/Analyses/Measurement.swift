import Execution
import Graphs
import Numbers
import Semantics
import Tensors

/// One forward and one backward pass of a subject, with statistics of every value.
///
/// Every real value is summarised as it is computed. Those of layers are kept; of the others only
/// the first that is not finite is, so that memory grows with layers and not with nodes.
final class Measurement {
  /// Summaries of layer outputs, of their cotangents and of the weights' cotangents.
  private(set) var summaries: [Value: Summary] = [:]
  /// The health of every activation, by the value that it gives.
  private(set) var units: [Value: UnitHealth] = [:]
  /// The first value in order of execution that is not finite, and why.
  private(set) var failure: (value: Value, element: Int, count: Int, cause: Cause)?
  let resources: Resources

  /// Memory of the plan that was run.
  struct Resources: Sendable {
    let nodes: Int
    let arenaBytes: Int
    let unsharedBytes: Int
    let parameterBytes: Int
  }

  private let differentiated: DifferentiatedSubject
  private let plan: Plan<Float>
  /// Parameters that the plan reads where the subject holds them.
  private let bound: [Value: Tensor]
  private let kept: Set<Value>
  /// Values that hold infinities because a constant of the model does, such as the logits that a
  /// mask leaves out.
  private var meant: Set<Value> = []

  /// Lays the pass out; `format` is what every value is rounded to.
  ///
  /// - Throws: `MemoryError` where it takes more than there may be.
  init(
    _ differentiated: DifferentiatedSubject, format: NumberFormat,
    nodeFormats: [Int: NumberFormat] = [:]
  ) throws(MemoryError) {
    self.differentiated = differentiated
    let graph = differentiated.graph
    // Rounding changes parameters in place.
    bound =
      format == .fp32
      ? differentiated.subject.contents.filter { value, tensor in
        tensor.elementType == Float.elementType(of: graph.type(of: value).kind)
      } : [:]
    plan = try Plan(
      graph, keeping: [], observing: graph.values.filter { graph.type(of: $0).kind == .real },
      format: format == .fp32 ? nil : format, nodeFormats: nodeFormats, binding: bound)
    let outputs = differentiated.subject.layers.flatMap { [$0.output] + $0.weights + $0.steps }
    kept = Set(outputs + outputs.compactMap { differentiated.cotangents[$0] })
    resources = Resources(
      nodes: graph.nodes.count, arenaBytes: plan.memory.arenaBytes,
      unsharedBytes: plan.memory.unsharedBytes,
      parameterBytes: plan.memory.parameterBytes)
  }

  /// Draws parameters, inputs and the seed cotangent from `seed` and runs both passes.
  ///
  /// `looksAtUnits` also measures dead and saturated units, which needs the activations' inputs.
  func run(seed: UInt64, looksAtUnits: Bool) {
    let graph = differentiated.graph
    let subject = differentiated.subject
    summaries.removeAll(keepingCapacity: true)
    failure = nil
    meant.removeAll(keepingCapacity: true)
    for parameter in graph.parameters {
      if bound[parameter] == nil { subject.fillParameter(parameter, plan[parameter], seed) }
      guard subject.frozen.contains(parameter), graph.type(of: parameter).kind == .real else {
        continue
      }
      let elements = plan[parameter].elements(as: Float.self)
      if elements.indices.contains(where: { elements[$0].isInfinite }) { meant.insert(parameter) }
    }
    for input in graph.inputs {
      if input == differentiated.seedCotangent {
        plan[input].elements(as: Float.self)
          .fillNormal(from: RandomStream(seed: seed, name: "cotangent"))
      } else {
        subject.fillInput(input, plan[input], seed)
      }
    }
    plan.roundInputsAndParameters()
    // The cotangent of the last layer is the one that seeds the pass.
    for input in graph.inputs where kept.contains(input) {
      summaries[input] = Summary(of: plan[input].elements(as: Float.self))
    }
    plan.run(observer: Gatherer(measurement: self, looksAtUnits: looksAtUnits))
  }

  private struct Gatherer: Observer {
    let measurement: Measurement
    let looksAtUnits: Bool

    func observe(_ value: Value, _ tensor: Tensor, _ summary: Summary) {
      measurement.gather(value, tensor, summary, looksAtUnits: looksAtUnits)
    }
  }

  private func gather(
    _ value: Value, _ tensor: Tensor, _ summary: Summary, looksAtUnits: Bool
  ) {
    if kept.contains(value) { summaries[value] = summary }
    guard let node = differentiated.graph.producer(of: value) else { return }
    if summary.nonFinite > 0, summary.nanCount == 0,
      node.operands.isEmpty || node.operands.contains(where: meant.contains)
    {
      meant.insert(value)
    } else if summary.nonFinite > 0, failure == nil {
      explain(value, node, tensor, count: summary.nonFinite)
    }
    // The activation's input is still in the arena: the node has just read it.
    if looksAtUnits, !node.isBackward, let function = node.op as? any ScalarFunction {
      units[value] = UnitHealth(of: function, input: plan[node.operands[0]])
    }
  }

  private func explain(_ value: Value, _ node: Graph.Node, _ tensor: Tensor, count: Int) {
    let elements = tensor.elements(as: Float.self)
    guard let element = elements.indices.first(where: { !elements[$0].isFinite }),
      let result = node.results.firstIndex(of: value)
    else { return }
    let cause = node.op.cause(
      ofElement: element, inResult: result, operands: node.operands.map { plan[$0] },
      results: node.results.map { plan[$0] })
    failure = (value, element, count, cause)
  }
}
