package import Findings
import Graphs
import ONNX
import ONNXMessages
import Operators
import Semantics
import Tensors

/// tanh around the logarithm of a scale that a layer computes and an exponential multiplies a stream
/// with, as couplings of flows have it: one layer then scales by at most e.
///
/// It changes what the model computes, so it is for models that are not trained yet (Dinh and others 2017,
/// section 4.1).
package struct BoundedLogScales: ModelRemedy {
  package let name = "bounded_log_scale"
  package let answers = Set<RuleName>.growth.union([.nonFinite])
  package let effort = 4

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard patient.freedom.mayRedraw else { return [] }
    let scales = Self.scales(patient.model)
    guard !scales.isEmpty else { return [] }
    let rewriting = NodeRewriting(of: patient) { node, view in
      guard view.body.isStandard(node, "Exp"), let x = node.input.first, let y = node.output.first,
        scales[ModelPlace(view.body.function, y)] != nil, view.producer(x, "Tanh") == nil
      else { return nil }
      let bounded = view.body.freshName("\(x)_bounded")
      return [
        view.body.node("Tanh", [x], bounded, near: node), node.becoming("Exp", [bounded]),
      ]
    }
    guard let file = rewriting.file else { return [] }
    let sentence =
      "put tanh around the logarithm of scales, so that each multiplies by at most e,"
      + rewriting.places
    var changes = [
      ModelChange(self, sentence, file, isExact: false, keepsOutputs: false)
    ]
    let last = Set(scales.values.joined())
    var contents: [String: Tensor] = [:]
    for parameter in last {
      contents[patient.model.graph.name(of: parameter)] =
        patient.model.contents[parameter]?.scaled(by: Self.smallness)
    }
    if let small = file.replacing(contents) {
      changes.append(
        ModelChange(
          self,
          sentence + ", and multiply the weights and biases of the layers that give them by "
            + Numerals.short(Self.smallness),
          small, isExact: false, keepsOutputs: false, extraEffort: 1))
    }
    return changes
  }

  /// What the last layers are multiplied by, so that scales start near 1.
  private static let smallness = 0.1

  /// Exponentials of what a layer gives, that multiply something no layer has computed for them, with the
  /// weight and bias of the layer.
  private static func scales(_ model: ImportedModel) -> [ModelPlace: Set<Value>] {
    let graph = model.graph
    let sources = ModelWeights(model).sources
    var readers: [Value: [Int]] = [:]
    for (number, node) in graph.nodes.enumerated() {
      for operand in Set(node.operands) { readers[operand, default: []].append(number) }
    }
    var places: [ModelPlace: Set<Value>] = [:]
    for (number, node) in graph.nodes.enumerated() where node.op is Exp {
      guard let place = model.origins[number], let result = node.results.first,
        let parameters = layer(before: node.operands[0], graph, sources),
        (readers[result] ?? []).contains(where: { reader in
          let next = graph.nodes[reader]
          return next.op is Mul
            && next.operands.contains { $0 != result && isComputed($0, graph) }
        })
      else { continue }
      places[place, default: []].formUnion(parameters)
    }
    return places
  }

  /// The weight and bias of the layer whose result a value is, moved and multiplied by constants; nil
  /// where it is that of none.
  private static func layer(
    before value: Value, _ graph: Graph, _ sources: [Value: Value]
  ) -> Set<Value>? {
    var value = value
    var parameters: Set<Value> = []
    for _ in 0..<12 {
      guard let node = graph.producer(of: value) else { return nil }
      let own = node.operands.compactMap { sources[$0] }
      if node.op is any SumOfProducts { return parameters.union(own) }
      let isBias = node.op is Add && !own.isEmpty
      let isFactor = node.op is Mul && node.operands.contains { !isComputed($0, graph) }
      guard isBias || isFactor || ModelWeights.moves(node.op) || node.op is Gather,
        let next = node.operands.first(where: { sources[$0] == nil && isComputed($0, graph) })
      else { return nil }
      if isBias { parameters.formUnion(own) }
      value = next
    }
    return nil
  }

  /// Whether a value is no constant.
  private static func isComputed(_ value: Value, _ graph: Graph) -> Bool {
    switch graph.source(of: value) {
    case .input: true
    case .parameter: false
    case .node(let number, _): !graph.nodes[number].operands.isEmpty
    }
  }
}
