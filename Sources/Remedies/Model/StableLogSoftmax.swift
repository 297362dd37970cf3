package import ONNX
package import ONNXMessages
import Tensors

/// LogSoftmax in place of the logarithm of a softmax, whose elements can be 0.
package struct StableLogSoftmax: StableForm {
  package let name = "log_softmax"
  package let sentence =
    "compute LogSoftmax in place of Log of a softmax, so that no logarithm of 0 is taken"

  package func replacement(
    for node: Onnx_NodeProto, in view: BodyView
  ) -> [Onnx_NodeProto]? {
    guard view.body.isStandard(node, "Log") else { return nil }
    // A cast between both goes before them.
    if let cast = view.producer(node.input.first, "Cast"),
      let softmax = SoftmaxForm(cast.input.first, in: view),
      view.type(cast.output[0])?.kind == .real
    {
      let wide = view.body.freshName("\(softmax.input)_cast")
      return [
        view.body.node("Cast", [softmax.input], wide, near: node, cast.attribute),
        node.becoming("LogSoftmax", [wide], softmax.attributes),
      ]
    }
    if let softmax = SoftmaxForm(node.input.first, in: view) {
      return [node.becoming("LogSoftmax", [softmax.input], softmax.attributes)]
    }
    // What only selects or moves elements goes after the logarithm.
    guard node.output.count == 1, let x = node.input.first else { return nil }
    return LogForm.replacement(for: node, of: x, in: view) { $0.isSubset(of: [.softmax, .move]) }
  }
}
