package import Findings
import Numbers
import ONNX
import ONNXMessages
import Tensors

/// A large finite number in place of an infinite constant that a mask is multiplied with: 0 · ∞ is
/// NaN.
package struct FiniteMask: ModelRemedy {
  package let name = "finite_mask"
  package let answers = Set<RuleName>.growth.union([.domain, .nonFinite])
  package let effort = 2

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    var numbers: Set<Double> = []
    let rewriting = NodeRewriting(of: patient) { node, view in
      guard view.body.isStandard(node, "Mul"), node.input.count == 2 else { return nil }
      for place in [0, 1] {
        guard let constant = view.constant(node.input[place]), constant.count == 1,
          constant.doubles[0].isInfinite, let type = view.type(node.input[place]),
          constant.shape.rank == 0 || view.rank(node.input[1 - place]) ?? 0 >= constant.shape.rank
        else { continue }
        // Its exponential is 0, and sums with logits stay finite.
        let size = (type.format?.greatest ?? 0) > 1e9 ? 1e9 : 1e4
        let number = constant.doubles[0] < 0 ? -size : size
        numbers.insert(number)
        let finite = view.body.freshName("\(node.input[place])_finite")
        var changed = node
        changed.input[place] = finite
        return [view.body.scalar(number, type, finite, near: node), changed]
      }
      return nil
    }
    guard let file = rewriting.file else { return [] }
    let texts = numbers.sorted().map { Numerals.short($0) }.joined(separator: " and ")
    return [
      ModelChange(
        self, "multiply the mask by \(texts) in place of an infinity" + rewriting.places, file,
        isExact: false)
    ]
  }
}
