package import ONNX
package import ONNXMessages

/// Softmax in place of exponentials divided by their sum, which overflow.
package struct StableSoftmax: StableForm {
  package let name = "softmax"
  package let sentence =
    "compute a softmax of differences from the greatest element in place of exponentials divided by "
    + "their sum, so that no exponential overflows"

  package func replacement(
    for node: Onnx_NodeProto, in view: BodyView
  ) -> [Onnx_NodeProto]? {
    guard let form = QuotientOfExponentials(node, in: view) else { return nil }
    if let axis = form.axis(in: view) {
      return [node.becoming("Softmax", [form.input], [.integer("axis", axis)])]
    }
    // Along several axes, or as old versions have it, the greatest element is subtracted in nodes.
    guard
      let (inputs, attributes) = Self.reduction(
        "ReduceMax", like: form.sum, on: form.input, inputSince: 18, in: view)
    else { return nil }
    let body = view.body
    let (greatest, difference, powers, sum) = (
      body.freshName("\(form.input)_greatest"), body.freshName("\(form.input)_shifted"),
      body.freshName("\(form.input)_powers"), body.freshName("\(form.input)_sum")
    )
    var summing = form.sum.input
    summing[0] = powers
    return [
      body.node("ReduceMax", inputs, greatest, near: node, attributes),
      body.node("Sub", [form.input, greatest], difference, near: node),
      body.node("Exp", [difference], powers, near: node),
      body.node(form.sum.opType, summing, sum, near: node, form.sum.attribute),
      node.becoming("Div", [powers, sum]),
    ]
  }

  /// Inputs and attributes of a reduction along the axes of another one; nil where these are not known.
  ///
  /// The axes are an input from `version` on, and an attribute before it.
  static func reduction(
    _ type: String, like other: Onnx_NodeProto, on input: String, inputSince version: Int,
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
