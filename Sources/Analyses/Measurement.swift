import Execution
import Graphs
import Numbers
import Semantics
import Tensors

/// One forward and one backward pass of a subject, with statistics of every value.
///
/// Every real value is summarised as it is computed. Those of layers are kept; of the others only the
/// second moment is, and what is not finite, so that memory grows with layers and not with nodes.
final class Measurement {
  /// Summaries of layer outputs, of their cotangents, and of weights and their cotangents.
  private(set) var summaries: [Value: Summary] = [:]
  /// The second moment of every real value, by its number; NaN where none was computed.
  private(set) var secondMoments: [Double] = []
  /// Values of which all elements were equal.
  private(set) var uniform: Set<Value> = []
  /// The health of every activation, by the value that it gives.
  private(set) var units: [Value: UnitHealth] = [:]
  /// What is not finite.
  private(set) var nonFinite = NonFiniteTrace()
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
  private let format: NumberFormat
  /// Parameters that the plan reads where the subject holds them.
  private let bound: [Value: Tensor]
  private let kept: Set<Value>

  /// Lays the pass out; `format` is what every value is rounded to.
  ///
  /// - Throws: `MemoryError` where it takes more than there may be.
  init(
    _ differentiated: DifferentiatedSubject, format: NumberFormat,
    nodeFormats: [Int: NumberFormat] = [:]
  ) throws(MemoryError) {
    self.differentiated = differentiated
    self.format = format
    let graph = differentiated.graph
    // Rounding changes parameters in place, and what starts at 0 is moved for a second run.
    bound =
      format == .fp32
      ? differentiated.subject.contents.filter { value, tensor in
        tensor.elementType == Float.elementType(of: graph.type(of: value).kind)
          && !tensor.isZero
      } : [:]
    plan = try Plan(
      graph, keeping: [], observing: graph.values.filter { graph.type(of: $0).kind == .real },
      format: format == .fp32 ? nil : format, nodeFormats: nodeFormats, binding: bound)
    let outputs = differentiated.subject.layers.flatMap { [$0.output] + $0.weights + $0.steps }
    let others = differentiated.subject.trained + differentiated.subject.results
    kept = Set(
      outputs + others + (outputs + others).compactMap { differentiated.cotangents[$0] }
        + [differentiated.headCotangent].compactMap { $0 })
    resources = Resources(
      nodes: graph.nodes.count, arenaBytes: plan.memory.arenaBytes,
      unsharedBytes: plan.memory.unsharedBytes,
      parameterBytes: plan.memory.parameterBytes)
  }

  /// Draws parameters, inputs and the seed cotangent from `seed` and runs both passes.
  ///
  /// - Parameters:
  ///   - seed: of every draw.
  ///   - looksAtUnits: whether to measure dead and saturated units, which needs activations' inputs.
  ///   - moved: parameters that get normal elements of this standard deviation instead of their own.
  func run(seed: UInt64, looksAtUnits: Bool, moving moved: [Value: Double] = [:]) {
    let graph = differentiated.graph
    let subject = differentiated.subject
    summaries.removeAll(keepingCapacity: true)
    secondMoments = [Double](repeating: .nan, count: graph.types.count)
    nonFinite = NonFiniteTrace()
    uniform.removeAll(keepingCapacity: true)
    for parameter in graph.parameters {
      if bound[parameter] == nil { subject.fillParameter(parameter, plan[parameter], seed) }
      guard graph.type(of: parameter).kind == .real else { continue }
      let elements = plan[parameter].elements(as: Float.self)
      if let deviation = moved[parameter] {
        elements.fillNormal(
          from: RandomStream(seed: seed, name: "moved/\(graph.name(of: parameter))"))
        for i in elements.indices { elements[i] *= Float(deviation) }
      }
      if bound[parameter] == nil { keepEnds(elements) }
      guard subject.frozen.contains(parameter) else { continue }
      if elements.indices.contains(where: { elements[$0].isInfinite }) {
        nonFinite.mean(parameter)
      }
    }
    for input in graph.inputs {
      if input == differentiated.seedCotangent {
        let elements = plan[input].elements(as: Float.self)
        if subject.ending?.isLoss == true {
          for i in elements.indices { elements[i] = 1 }
        } else {
          elements.fillNormal(from: RandomStream(seed: seed, name: "cotangent"))
        }
      } else {
        subject.fillInput(input, plan[input], seed)
      }
    }
    plan.roundInputsAndParameters()
    // The cotangent of the last layer is the one that seeds the pass.
    for value in graph.inputs + graph.parameters where kept.contains(value) {
      summaries[value] = Summary(of: plan[value].elements(as: Float.self))
      secondMoments[value.index] = summaries[value]?.secondMoment ?? .nan
    }
    plan.run(observer: Gatherer(measurement: self, looksAtUnits: looksAtUnits))
  }

  /// Takes the least and the greatest number of a wider format for that of the run's.
  ///
  /// Programs write masks with the end of the format that they are exported in.
  private func keepEnds(_ elements: Elements<Float>) {
    guard format != .fp32 else { return }
    let ends = [Double(Float.greatestFiniteMagnitude), NumberFormat.bf16.greatest]
    for i in elements.indices {
      let size = abs(Double(elements[i]))
      guard size > format.greatest, ends.contains(size) else { continue }
      elements[i] = Float(elements[i] < 0 ? -format.greatest : format.greatest)
    }
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
    secondMoments[value.index] = summary.secondMoment
    if summary.minimum == summary.maximum { uniform.insert(value) }
    guard let node = differentiated.graph.producer(of: value) else { return }
    if summary.nonFinite > 0 {
      nonFinite.see(value, node, tensor, summary, plan)
    }
    // The activation's input is still in the arena: the node has just read it.
    if looksAtUnits, !node.isBackward, let function = node.op as? any ScalarFunction {
      units[value] = UnitHealth(of: function, input: plan[node.operands[0]])
    }
  }
}

extension Tensor {
  /// Whether every element is 0.
  fileprivate var isZero: Bool {
    switch elementType {
    case .float32: Self.isZero(elements(as: Float.self))
    case .float64: Self.isZero(elements(as: Double.self))
    case .int64, .bool: false
    }
  }

  private static func isZero<T: Scalar>(_ elements: Elements<T>) -> Bool {
    elements.indices.allSatisfy { elements[$0] == 0 }
  }
}
