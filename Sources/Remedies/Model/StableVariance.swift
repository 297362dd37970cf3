package import ONNX
package import ONNXMessages
import Tensors

/// The mean of squared differences in place of `E[x²] − E[x]²`, which cancels and can fall below 0.
package struct StableVariance: StableForm {
  package let name = "centred_variance"
  package let sentence =
    "compute the variance as the mean of squared differences from the mean in place of E[x²] − E[x]², "
    + "which can fall below 0"

  package func replacement(
    for node: Onnx_NodeProto, in view: BodyView
  ) -> [Onnx_NodeProto]? {
    guard view.body.isStandard(node, "Sub"), node.input.count == 2,
      let squares = view.producer(node.input[0], "ReduceMean"),
      let inner = squares.input.first, let x = square(inner, view),
      let product = square(node.input[1], view), let mean = view.producer(product, "ReduceMean"),
      let averaged = mean.input.first, view.origin(averaged) == view.origin(x),
      let axes = view.axes(of: squares), view.axes(of: mean) == axes,
      squares.integer("noop_with_empty_axes", default: 0) == 0,
      let keeps = squares.integer("keepdims", default: 1),
      mean.integer("keepdims", default: 1) == keeps
    else { return nil }
    let body = view.body
    let (centre, difference, squared) = (
      body.freshName("\(x)_mean"), body.freshName("\(x)_centred"), body.freshName("\(x)_squared")
    )
    let kept = mean.attribute.filter { $0.name != "keepdims" } + [.integer("keepdims", 1)]
    return [
      body.node("ReduceMean", [x] + mean.input.dropFirst(), centre, near: node, kept),
      body.node("Sub", [x, centre], difference, near: node),
      body.node("Mul", [difference, difference], squared, near: node),
      node.becoming("ReduceMean", [squared] + squares.input.dropFirst(), squares.attribute),
    ]
  }

  /// a, where the name is a · a or a².
  private func square(_ name: String, _ view: BodyView) -> String? {
    if let product = view.producer(name, "Mul"), product.input.count == 2,
      view.origin(product.input[0]) == view.origin(product.input[1])
    {
      return product.input[0]
    }
    guard let power = view.producer(name, "Pow"), power.input.count == 2,
      let exponent = view.constant(power.input[1]), exponent.count == 1, exponent.doubles[0] == 2
    else { return nil }
    return power.input[0]
  }
}
