package import ONNX
package import ONNXMessages

/// Logarithms of products, powers, sums and exponentials computed from the logarithms of their
/// parts, which neither overflow nor become 0.
package struct StableLogarithm: StableForm {
  package let name = "log_of_parts"
  package let sentence =
    "compute the logarithm from the logarithms of the parts of its operand, so that no part overflows "
    + "or becomes 0"

  package func replacement(
    for node: Onnx_NodeProto, in view: BodyView
  ) -> [Onnx_NodeProto]? {
    guard view.body.isStandard(node, "Log"), node.output.count == 1, let x = node.input.first else {
      return nil
    }
    return LogForm.replacement(for: node, of: x, in: view) { _ in true }
  }
}

/// `exp(½ log p)` in place of the root of a softmax, a sigmoid or an exponential, which can become
/// 0, where the root's slope is infinite.
package struct StableRoot: StableForm {
  package let name = "root_of_softmax"
  package let sentence =
    "compute the root from the logarithm of its operand, so that its slope stays finite where the "
    + "operand becomes 0"

  package func replacement(
    for node: Onnx_NodeProto, in view: BodyView
  ) -> [Onnx_NodeProto]? {
    guard view.body.isStandard(node, "Sqrt"), node.output.count == 1, let x = node.input.first,
      let type = view.type(x)
    else { return nil }
    let body = view.body
    let (half, scaled, logarithm) = (
      body.freshName("\(x)_half"), body.freshName("\(x)_scaled"), body.freshName("\(x)_log")
    )
    var inner = body.node("Log", [x], logarithm, near: node)
    inner.output = [logarithm]
    guard
      let nodes = LogForm.replacement(
        for: inner, of: x, in: view,
        where: { $0.isSubset(of: [.softmax, .sigmoid, .exponential, .move]) })
    else { return nil }
    return nodes + [
      body.scalar(0.5, type, half, near: node),
      body.node("Mul", [logarithm, half], scaled, near: node),
      node.becoming("Exp", [scaled]),
    ]
  }
}
