import Execution
import Graphs
import Numbers
import Semantics
import Tensors

/// Looks at every value of a step and keeps the first that is not finite, with its cause.
final class Tracer: Observer {
  /// The first value that is not finite: what it holds, and why.
  struct Found {
    let value: Value
    let node: Int
    let element: Int
    let number: Double
    let summary: Summary
    let cause: Cause
    let operands: [NonFiniteOrigin.Operand]
    /// The number before it was rounded to a format that does not hold it.
    let unrounded: Double?
  }

  private let step: TrainingStep
  private(set) var found: Found?
  /// Later values that are not finite, in the order in which they were computed.
  private(set) var passedOn: [Value] = []

  init(_ step: TrainingStep) { self.step = step }

  func observe(_ value: Value, _ tensor: Tensor, _ summary: Summary) {
    guard summary.nonFinite > 0 else { return }
    guard found == nil else { return passedOn.append(value) }
    let graph = step.graph
    guard case .node(let number, let result) = graph.source(of: value) else { return }
    let node = graph.nodes[number]
    let elements = tensor.elements(as: Float.self)
    guard let element = elements.indices.first(where: { !elements[$0].isFinite }) else { return }
    let operands = node.operands.map { step.tensor(of: $0) }
    found = Found(
      value: value, node: number, element: element, number: Double(elements[element]),
      summary: summary,
      cause: node.op.cause(
        ofElement: element, inResult: result, operands: operands,
        results: node.results.map { step.tensor(of: $0) }),
      operands: zip(node.operands, operands).map {
        Self.operand(graph.name(of: $0), $1, like: tensor, element)
      }, unrounded: unrounded(node, result, operands, element))
  }

  /// What the node gives in single precision, where that is finite.
  private func unrounded(
    _ node: Graph.Node, _ result: Int, _ operands: [Tensor], _ element: Int
  ) -> Double? {
    guard step.isNarrow else { return nil }
    var graph = Graph()
    let inputs = node.operands.enumerated().map {
      graph.addInput("operand\($0.offset)", step.graph.type(of: $0.element))
    }
    guard let results = try? graph.append(node.op, to: inputs),
      let plan = try? Plan<Float>(
        graph, keeping: results, binding: Dictionary(uniqueKeysWithValues: zip(inputs, operands)))
    else { return nil }
    plan.run()
    let number = plan[results[result]].elements(as: Float.self)[element]
    return number.isFinite ? Double(number) : nil
  }

  private static func operand(
    _ name: String, _ tensor: Tensor, like result: Tensor, _ element: Int
  ) -> NonFiniteOrigin.Operand {
    guard tensor.elementType == .float32 else {
      return .init(name: name, shape: tensor.shape, minimum: .nan, maximum: .nan, value: nil)
    }
    let elements = tensor.elements(as: Float.self)
    let summary = Summary(of: elements)
    return .init(
      name: name, shape: tensor.shape, minimum: summary.minimum, maximum: summary.maximum,
      value: tensor.shape == result.shape ? Double(elements[element]) : nil)
  }
}
