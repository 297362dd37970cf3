package import ONNX
package import ONNXMessages

/// Softplus in place of the logarithm of a sigmoid, whose values can be 0: log σ(x) =
/// −softplus(−x), log(1 − σ(x)) = −softplus(x).
package struct StableLogSigmoid: StableForm {
  package let name = "log_sigmoid"
  package let sentence =
    "compute −Softplus(−x) in place of Log of a sigmoid, so that no logarithm of 0 is taken"

  package func replacement(
    for node: Onnx_NodeProto, in view: BodyView
  ) -> [Onnx_NodeProto]? {
    guard view.body.isStandard(node, "Log") else { return nil }
    let body = view.body
    if let sigmoid = view.producer(node.input.first, "Sigmoid"), let x = sigmoid.input.first {
      let (negative, soft) = (body.freshName("\(x)_negative"), body.freshName("\(x)_softplus"))
      return [body.node("Neg", [x], negative, near: node)]
        + StableSoftplus.softplus(of: negative, typedAs: x, soft, near: node, in: view)
        + [node.becoming("Neg", [soft])]
    }
    if let x = view.oneMinus(node.input.first).flatMap({ view.sigmoid($0) }) {
      let soft = body.freshName("\(x)_softplus")
      return StableSoftplus.softplus(of: x, typedAs: x, soft, near: node, in: view)
        + [node.becoming("Neg", [soft])]
    }
    return nil
  }
}
