public import Graphs
public import Semantics
import Tensors

/// Moments of every value of a graph, forward and backward, by the operators' moment rules.
public struct Prediction: Sendable {
  private let moments: [Moments]

  /// Walks the graph once.
  ///
  /// Real inputs, the seed cotangent among them, are standard normal; other inputs are indices,
  /// of which moments say nothing. Where a rule meets an operand about which nothing is known,
  /// or gives no number, or where weights that are used again break its independence, the result is
  /// unknown with the reason.
  public init(of graph: Graph, parameters: [Value: Moments], frozen: Set<Value> = []) {
    var facts = parameters
    for input in graph.inputs {
      facts[input] =
        graph.type(of: input).kind == .real
        ? .standardNormal : .unknown("elements are indices, not numbers")
    }
    for parameter in graph.parameters where facts[parameter] == nil {
      facts[parameter] = .unknown("the parameter's distribution is not known")
    }
    let weights = RepeatedWeights(in: graph, parameters: parameters, frozen: frozen)
    moments = graph.walk(from: facts) { node, signature, operands in
      let objection = weights.objection(to: node, in: graph)
      if let objection, node.isBackward { return node.results.map { _ in .unknown(objection) } }
      let shapes = signature.results.map(\.shape)
      return zip(node.op.moments(of: operands, in: signature), shapes).map { result, shape in
        var result = result
        result.keepRoles(of: operands, in: shape)
        if let objection, result.basis != .unknown {
          result.fluctuation = result.fluctuation.uncertain(by: RepeatedWeights.error)
          result.basis = max(result.basis, .firstOrder)
          result.note = result.note ?? objection
        }
        let reason = operands.first { $0.basis == .unknown }?.note
        // Rules hand on notes. That of an operand which is known is no reason why this is not.
        if result.basis == .unknown, let note = result.note,
          operands.contains(where: { $0.basis != .unknown && $0.note == note })
        {
          result.note = reason ?? "\(node.op.typeName) has no honest rule for these operands"
        }
        guard result.secondMoment.isNaN, result.basis != .unknown else { return result }
        return .unknown(reason ?? "\(node.op.typeName) has no honest rule for these operands")
      }
    }
  }

  /// Predicts both passes of a subject.
  public init(of differentiated: DifferentiatedSubject) {
    self.init(
      of: differentiated.graph, parameters: differentiated.subject.parameterMoments,
      frozen: differentiated.subject.frozen)
  }

  public subscript(value: Value) -> Moments { moments[value.index] }
}
