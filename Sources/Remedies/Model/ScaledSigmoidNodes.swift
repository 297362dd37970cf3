package import Findings
import Graphs
import ONNX
import ONNXMessages
import Operators
import Semantics

/// `4·sigmoid(x) − 2` in place of sigmoids between layers, with weights drawn anew: 0 at 0 with slope 1, as
/// Xavier's variance assumes.
///
/// Sigmoids that multiply something, as gates do, and those that give an output stay.
package struct ScaledSigmoidNodes: ModelRemedy {
  package let name = "scaled_sigmoid_activation"
  package let answers = Set<RuleName>.spread
  package let effort = 9

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard patient.freedom.mayRedraw else { return [] }
    let places = Self.places(patient.model)
    guard !places.isEmpty else { return [] }
    let rewriting = NodeRewriting(of: patient) { node, view in
      guard view.body.isStandard(node, "Sigmoid"), view.opset >= 7, let output = node.output.first,
        places.contains(ModelPlace(view.body.function, output)),
        let type = node.input.first.flatMap({ view.type($0) })
      else { return nil }
      let body = view.body
      let names = ["sigmoid", "four", "four_times", "two"].map {
        body.freshName("\(output)_\($0)")
      }
      var sigmoid = node
      sigmoid.output = [names[0]]
      return [
        sigmoid, body.scalar(4, type, names[1], near: node),
        body.node("Mul", [names[0], names[1]], names[2], near: node),
        body.scalar(2, type, names[3], near: node),
        body.node("Sub", [names[2], names[3]], output, near: node),
      ]
    }
    guard let edited = rewriting.file.flatMap(patient.edited),
      let drawn = StandardWeights().changes(of: edited).first
    else { return [] }
    return [
      ModelChange(
        self,
        "compute 4·sigmoid(x) − 2 in place of \(places.count) sigmoids between layers, and "
          + drawn.sentence, drawn.file, isExact: false,
        keepsOutputs: false)
    ]
  }

  /// Sigmoids that nothing but layers read.
  private static func places(_ model: ImportedModel) -> Set<ModelPlace> {
    let graph = model.graph
    var readers: [Value: [Graph.Node]] = [:]
    for node in graph.nodes {
      for operand in Set(node.operands) { readers[operand, default: []].append(node) }
    }
    let outputs = Set(model.outputs.map(\.value))
    func leadsToLayers(_ value: Value, depth: Int) -> Bool {
      guard depth > 0, !outputs.contains(value), let nodes = readers[value] else { return false }
      return nodes.allSatisfy { node in
        if node.op is any SumOfProducts { return true }
        guard ModelWeights.moves(node.op) || node.op is Dropout || node.op is MaxPool else {
          return false
        }
        return node.results.allSatisfy { leadsToLayers($0, depth: depth - 1) }
      }
    }
    var places: Set<ModelPlace> = []
    for (number, node) in graph.nodes.enumerated() where node.op is Sigmoid {
      guard let result = node.results.first, leadsToLayers(result, depth: 8),
        let place = model.origins[number]
      else { continue }
      places.insert(place)
    }
    return places
  }
}
