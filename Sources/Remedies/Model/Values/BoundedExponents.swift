package import Findings
import Foundation
import Graphs
import Numbers
import ONNX
import ONNXMessages
import Operators
import Semantics
import Tensors

/// The operand of an exponential that overflows, held where its value is finite.
///
/// Values that were finite stay as they are: only what gave an infinity, or would have made one of what
/// follows, is another.
package struct BoundedExponents: ModelRemedy {
  package let name = "bounded_exponent"
  package let answers = Set<RuleName>.growth.union([.nonFinite, .domain])
  package let effort = 3

  /// Shares of the greatest exponent: what follows may square or sum.
  private static let shares = [1.0, 0.5, 0.25]

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    var overflowing: Set<ModelPlace> = []
    SeenValues.look(patient) { seen in
      guard seen.node.op is Exp, let x = seen.operands.first, x.elementType == .float64 else {
        return
      }
      let format = patient.model.nodeFormats[seen.number] ?? .fp32
      let greatest = log(format.greatest)
      let elements = x.elements(as: Double.self)
      if elements.indices.contains(where: { elements[$0] > greatest * Self.shares[2] }) {
        overflowing.insert(seen.place)
      }
    }
    guard !overflowing.isEmpty else { return [] }
    return Self.shares.enumerated().compactMap { number, share in
      var bounds: Set<Double> = []
      let rewriting = NodeRewriting(of: patient) { node, view in
        guard view.body.isStandard(node, "Exp"), let x = node.input.first,
          let y = node.output.first,
          overflowing.contains(ModelPlace(view.body.function, y)), let type = view.type(x),
          let format = type.format, view.opset >= 13, view.producer(x, "Min") == nil
        else { return nil }
        let body = view.body
        let bound = (log(format.greatest) * share).rounded(.down)
        bounds.insert(bound)
        let (limit, held) = (body.freshName("\(y)_limit"), body.freshName("\(x)_held"))
        return [
          body.scalar(bound, type, limit, near: node),
          body.node("Min", [x, limit], held, near: node), node.becoming("Exp", [held]),
        ]
      }
      guard let file = rewriting.file else { return nil }
      let list = bounds.sorted().map { Numerals.short($0) }.joined(separator: " or ")
      return ModelChange(
        self, "hold the operand of Exp at \(list) or less" + rewriting.places, file,
        isExact: false, extraEffort: number)
    }
  }
}
