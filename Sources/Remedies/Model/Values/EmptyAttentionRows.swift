package import Findings
import Graphs
import Numbers
import ONNX
import ONNXMessages
import Operators
import Semantics
import Tensors

/// Zeros in place of NaN for the rows of a softmax whose operands are all −inf, as rows of attention
/// without a key are.
///
/// The operands are held at the least number of the type, so that no −inf is subtracted from −inf; rows that
/// have nothing above it become 0. Other rows are as they were.
package struct EmptyAttentionRows: ModelRemedy {
  package let name = "empty_rows"
  package let answers: Set<RuleName> = [.nonFinite, .domain, .overflow]
  package let effort = 2

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    var places: Set<ModelPlace> = []
    SeenValues.look(patient) { seen in
      guard seen.node.op is Softmax, let x = seen.operands.first, x.elementType == .float64 else {
        return
      }
      let y = seen.results[0].elements(as: Double.self)
      let operands = x.elements(as: Double.self)
      let meetsRow = y.indices.contains { y[$0].isNaN && operands[$0] == -.infinity }
      if meetsRow { places.insert(seen.place) }
    }
    guard !places.isEmpty else { return [] }
    let rewriting = NodeRewriting(of: patient) { node, view in
      guard view.body.isStandard(node, "Softmax"), let output = node.output.first,
        places.contains(ModelPlace(view.body.function, output)), let x = node.input.first,
        let type = view.type(x), let format = type.format, view.opset >= 13,
        let axis = node.integer("axis", default: -1),
        // What was rewritten once is held already.
        view.producer(x, "Max").map({ $0.input.count == 2 && view.constant($0.input[1]) != nil })
          != true
      else { return nil }
      let body = view.body
      let names = ["least", "held", "rows", "axes", "greatest", "any", "zero"].map {
        body.freshName("\(output)_\($0)")
      }
      var softmax = node
      (softmax.input, softmax.output) = ([names[1]], [names[2]])
      if !node.name.isEmpty { softmax.name = body.freshName("\(node.name)_rows") }
      var nodes = [
        body.scalar(-format.greatest, type, names[0], near: node),
        body.node("Max", [x, names[0]], names[1], near: node), softmax,
      ]
      if view.opset >= 18 {
        var axes = Onnx_TensorProto()
        (axes.dataType, axes.dims) = (Int32(DataType.int64.rawValue), [1])
        axes.int64Data = [Int64(axis)]
        nodes += [
          body.node("Constant", [], names[3], near: node, [.tensor("value", axes)]),
          body.node(
            "ReduceMax", [x, names[3]], names[4], near: node, [.integer("keepdims", 1)]),
        ]
      } else {
        nodes.append(
          body.node(
            "ReduceMax", [x], names[4], near: node,
            [.integers("axes", [axis]), .integer("keepdims", 1)]))
      }
      return nodes + [
        body.node("Greater", [names[4], names[0]], names[5], near: node),
        body.scalar(0, type, names[6], near: node),
        node.becoming("Where", [names[5], names[2], names[6]]),
      ]
    }
    guard let file = rewriting.file else { return [] }
    return [
      ModelChange(
        self,
        "give 0 for the rows of a softmax that have nothing but −inf" + rewriting.places, file,
        isExact: true)
    ]
  }
}
