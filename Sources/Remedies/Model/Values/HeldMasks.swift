package import Findings
import Graphs
import Numbers
import ONNX
import ONNXMessages
import Operators
import Semantics
import Tensors

/// Masks held at a quarter of the least number ahead of a sum of two of them, which overflows.
///
/// A softmax gives 0 for either.
package struct HeldMasks: ModelRemedy {
  package let name = "held_masks"
  package let answers: Set<RuleName> = [
    .nonFinite, .domain, .overflow, .explodingActivation,
  ]
  package let effort = 3

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    // The operands that are too low, by the sum.
    var low: [ModelPlace: Set<Int>] = [:]
    SeenValues.look(patient) { seen in
      guard seen.node.op is Add, seen.operands.count == 2,
        seen.results[0].elementType == .float64
      else { return }
      let format = patient.model.nodeFormats[seen.number] ?? .fp32
      let sum = seen.results[0].elements(as: Double.self)
      guard
        sum.indices.contains(where: {
          sum[$0].isFinite && format.rounded(sum[$0]) == -.infinity
        })
      else {
        return
      }
      // What is beyond the format already is held where it comes from.
      let isHeldEarlier = seen.operands.contains { operand in
        operand.doubles.contains { $0.isFinite && format.rounded($0).isInfinite }
      }
      guard !isHeldEarlier else { return }
      for (place, operand) in seen.operands.enumerated() {
        let elements = operand.elements(as: Double.self)
        if elements.indices.contains(where: { elements[$0] < -format.greatest / 4 }) {
          low[seen.place, default: []].insert(place)
        }
      }
    }
    guard !low.isEmpty else { return [] }
    let rewriting = NodeRewriting(of: patient) { node, view in
      guard view.body.isStandard(node, "Add"), let output = node.output.first,
        let places = low[ModelPlace(view.body.function, output)], node.input.count == 2
      else { return nil }
      let body = view.body
      var nodes = [node]
      var sum = node
      for place in places.sorted() {
        let x = node.input[place]
        guard let type = view.type(x), let format = type.format, view.opset >= 13,
          view.producer(x, "Max") == nil
        else { return nil }
        let (least, held) = (
          body.freshName("\(output)_least"), body.freshName("\(x)_held")
        )
        sum.input[place] = held
        nodes.insert(
          contentsOf: [
            body.scalar(-format.greatest / 4, type, least, near: node),
            body.node("Max", [x, least], held, near: node),
          ], at: 0)
      }
      nodes[nodes.count - 1] = sum
      return nodes
    }
    guard let file = rewriting.file else { return [] }
    return [
      ModelChange(
        self,
        "hold masks at a quarter of the least number of their type ahead of their sum, which "
          + "overflows" + rewriting.places, file, isExact: true)
    ]
  }
}
