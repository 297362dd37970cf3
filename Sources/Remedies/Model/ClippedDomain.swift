package import Findings
import Numbers
import ONNX
import ONNXMessages
import Tensors

/// Operands of inverse functions kept within ±(1 − ε), where these are defined and their slopes
/// finite.
package struct ClippedDomain: ModelRemedy {
  package let name = "clip_operand"
  package let answers = Set<RuleName>.growth.union([.domain, .nonFinite])
  package let effort = 2

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard !patient.endangered.isEmpty else { return [] }
    var operators: Set<String> = []
    let rewriting = NodeRewriting(of: patient) { node, view in
      guard view.body.isStandard(node, "Acos", "Asin", "Atanh"), let x = node.input.first,
        let output = node.output.first, view.opset >= 11,
        patient.endangered.contains(ModelPlace(view.body.function, output)),
        let type = view.type(x), let format = type.format
      else { return nil }
      // Near 1, numbers are half a unit of the last place of 1 apart.
      let limit = format.rounded(1 - max(1e-6, 4 * format.epsilon))
      var read = x
      if let clip = view.producer(x, "Clip"), let inner = clip.input.first {
        if clip.input.count == 3, let low = view.constant(clip.input[1])?.doubles.first,
          let high = view.constant(clip.input[2])?.doubles.first, low >= -limit, high <= limit
        {
          return nil
        }
        read = inner
      }
      operators.insert(node.opType)
      let body = view.body
      let (low, high, clipped) = (
        body.freshName("\(x)_low"), body.freshName("\(x)_high"), body.freshName("\(x)_clipped")
      )
      return [
        body.scalar(-limit, type, low, near: node), body.scalar(limit, type, high, near: node),
        body.node("Clip", [read, low, high], clipped, near: node),
        node.becoming(node.opType, [clipped], node.attribute),
      ]
    }
    guard let file = rewriting.file else { return [] }
    return [
      ModelChange(
        self,
        "clip the operand of \(operators.sorted().joined(separator: ", ")) to just within -1 and 1"
          + rewriting.places, file, isExact: false)
    ]
  }
}
