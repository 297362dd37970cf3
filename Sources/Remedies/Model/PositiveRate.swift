package import Findings
import ONNX
import ONNXMessages
import Tensors

/// Softplus of a rate or scale whose logarithm is taken, where it comes straight from weights and
/// can be negative.
///
/// Everybody reads the softplus then. A lower limit is no cure: below it the logarithm has no
/// gradient, and what the rate itself adds to a loss has no end.
package struct PositiveRate: ModelRemedy {
  package let name = "positive_rate"
  package let answers = Set<RuleName>.growth.union([.domain, .nonFinite])
  package let effort = 3

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard !patient.endangered.isEmpty else { return [] }
    let rewriting = NodeRewriting(of: patient) { node, view in
      guard node.output.count == 1, let output = node.output.first,
        Self.isLinear(output, in: view), Self.rates(in: view, patient).contains(output)
      else { return nil }
      let raw = view.body.freshName("\(output)_raw")
      var linear = node
      linear.output = [raw]
      return [linear]
        + StableSoftplus.softplus(of: raw, typedAs: output, output, near: node, in: view)
    }
    guard let file = rewriting.file else { return [] }
    return [
      ModelChange(
        self,
        "take Softplus of what a logarithm is taken of, so that it stays above 0"
          + rewriting.places, file, isExact: false)
    ]
  }

  /// The values whose logarithm is endangered, an epsilon left out.
  private static func rates(in view: BodyView, _ patient: ModelPatient) -> Set<String> {
    var rates: Set<String> = []
    for node in view.body.nodes where view.body.isStandard(node, "Log") {
      guard let output = node.output.first, let operand = node.input.first,
        patient.endangered.contains(ModelPlace(view.body.function, output))
      else { continue }
      if let rate = rate(operand, in: view) { rates.insert(rate) }
    }
    return rates
  }

  /// The value that is linear in weights and whose logarithm is taken, an epsilon left out.
  static func rate(_ operand: String, in view: BodyView) -> String? {
    if isLinear(operand, in: view), epsilon(operand, in: view) == nil { return operand }
    return epsilon(operand, in: view).flatMap { isLinear($0, in: view) ? $0 : nil }
  }

  private static func epsilon(_ name: String, in view: BodyView) -> String? {
    guard let sum = view.producer(name, "Add"), sum.input.count == 2 else { return nil }
    for (epsilon, rest) in [(sum.input[0], sum.input[1]), (sum.input[1], sum.input[0])] {
      if let constant = view.constant(epsilon), constant.count == 1,
        abs(constant.doubles[0]) <= 0.1
      {
        return rest
      }
    }
    return nil
  }

  /// Whether a value is a product with weights, with a bias or without.
  private static func isLinear(_ name: String, in view: BodyView) -> Bool {
    guard let node = view.producer(name) else { return false }
    if view.body.isStandard(node, "Gemm", "MatMul", "Conv", "ConvTranspose") { return true }
    guard view.body.isStandard(node, "Add"), node.input.count == 2 else { return false }
    return node.input.contains {
      view.producer($0, "Gemm", "MatMul", "Conv", "ConvTranspose") != nil
    }
  }
}
