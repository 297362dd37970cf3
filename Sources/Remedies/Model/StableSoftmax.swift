package import ONNX
package import ONNXMessages

/// Softmax in place of exponentials divided by their sum, which overflow.
package struct StableSoftmax: StableForm {
  package let name = "softmax"
  package let sentence =
    "compute a softmax in place of exponentials divided by their sum, so that no exponential "
    + "overflows"

  package func replacement(
    for node: Onnx_NodeProto, in view: BodyView
  ) -> [Onnx_NodeProto]? {
    guard let form = QuotientOfExponentials(node, in: view) else { return nil }
    if let axis = form.axis(in: view) {
      return [node.becoming("Softmax", [form.input], [.integer("axis", axis)])]
    }
    // Along several axes, or as old versions have it, the logarithm of the sum is subtracted.
    guard
      let (inputs, attributes) = Self.reduction(
        like: form.sum, on: form.input, inputSince: 18, in: view)
    else { return nil }
    let body = view.body
    let (sum, difference) = (
      body.freshName("\(form.input)_log_sum"), body.freshName("\(form.input)_shifted")
    )
    return [
      body.node("ReduceLogSumExp", inputs, sum, near: node, attributes),
      body.node("Sub", [form.input, sum], difference, near: node),
      node.becoming("Exp", [difference]),
    ]
  }

  /// Inputs and attributes of a reduction along the axes of another one; nil where these are not
  /// known.
  ///
  /// The axes are an input from `version` on, and an attribute before it.
  static func reduction(
    like other: Onnx_NodeProto, on input: String, inputSince version: Int,
    in view: BodyView
  ) -> (inputs: [String], attributes: [Onnx_AttributeProto])? {
    let hasInput = other.input.count > 1 && !other.input[1].isEmpty
    var attributes = other.attribute.filter {
      $0.name == "keepdims" || $0.name == "axes"
        || ($0.name == "noop_with_empty_axes" && view.opset >= version)
    }
    if hasInput, view.opset >= version { return ([input, other.input[1]], attributes) }
    if hasInput {
      guard let axes = view.axes(of: other) else { return nil }
      if !axes.isEmpty { attributes.append(.integers("axes", axes)) }
    } else if view.opset >= version, attributes.contains(where: { $0.name == "axes" }) {
      return nil
    }
    return ([input], attributes)
  }
}
