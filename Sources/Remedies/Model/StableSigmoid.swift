package import ONNX
package import ONNXMessages

/// Sigmoid in place of `1 / (1 + exp(−x))` and `exp(x) / (1 + exp(x))`, and Tanh in place of its
/// quotient of exponentials, which overflow.
package struct StableSigmoid: StableForm {
  package let name = "sigmoid"
  package let sentence =
    "compute Sigmoid or Tanh in place of a quotient of exponentials, so that none overflows"

  package func replacement(
    for node: Onnx_NodeProto, in view: BodyView
  ) -> [Onnx_NodeProto]? {
    guard node.output.count == 1 else { return nil }
    if view.body.isStandard(node, "Reciprocal"), let sum = node.input.first {
      guard let power = view.onePlusExponential(sum) else { return nil }
      return sigmoid(ofNegative: power, in: view, near: node) { node.becoming("Sigmoid", [$0]) }
    }
    guard view.body.isStandard(node, "Div"), node.input.count == 2 else { return nil }
    if let x = hyperbolic(node, view) { return [node.becoming("Tanh", [x])] }
    guard let power = view.onePlusExponential(node.input[1]) else { return nil }
    if let top = view.producer(node.input[0], "Exp"), let x = top.input.first,
      view.origin(x) == view.origin(power)
    {
      return [node.becoming("Sigmoid", [x])]
    }
    if view.isScalar(node.input[0], 1, besides: node.input[1]) {
      return sigmoid(ofNegative: power, in: view, near: node) { node.becoming("Sigmoid", [$0]) }
    }
    let share = view.body.freshName("\(power)_sigmoid")
    return sigmoid(ofNegative: power, in: view, near: node) {
      view.body.node("Sigmoid", [$0], share, near: node)
    } + [node.becoming("Mul", [node.input[0], share])]
  }

  /// σ(−y) for the power y of an exponential, which is σ(x) where y is −x.
  private func sigmoid(
    ofNegative power: String, in view: BodyView, near node: Onnx_NodeProto,
    _ last: (String) -> Onnx_NodeProto
  ) -> [Onnx_NodeProto] {
    if let x = view.negated(power) { return [last(x)] }
    let negative = view.body.freshName("\(power)_negative")
    return [view.body.node("Neg", [power], negative, near: node), last(negative)]
  }

  /// x of `(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)`.
  private func hyperbolic(_ node: Onnx_NodeProto, _ view: BodyView) -> String? {
    guard let top = view.producer(node.input[0], "Sub"), top.input.count == 2,
      let bottom = view.producer(node.input[1], "Add"), bottom.input.count == 2
    else { return nil }
    func power(_ name: String) -> String? {
      view.producer(name, "Exp")?.input.first.map(view.origin)
    }
    guard let x = power(top.input[0]), let y = power(top.input[1]),
      view.negated(y).map(view.origin) == x,
      Set(bottom.input.compactMap(power)) == [x, y]
    else { return nil }
    return x
  }
}
