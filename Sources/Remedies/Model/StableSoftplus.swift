package import ONNX
package import ONNXMessages

/// Softplus in place of `log(1 + exp(x))`, which overflows.
package struct StableSoftplus: StableForm {
  package let name = "softplus"
  package let sentence =
    "compute Softplus in place of Log(1 + Exp(x)), so that no exponential overflows"

  package func replacement(
    for node: Onnx_NodeProto, in view: BodyView
  ) -> [Onnx_NodeProto]? {
    guard view.body.isStandard(node, "Log"), node.output.count == 1,
      let sum = view.producer(node.input.first, "Add"), sum.input.count == 2
    else { return nil }
    for (one, power) in [(sum.input[0], sum.input[1]), (sum.input[1], sum.input[0])] {
      guard let exponential = view.producer(power, "Exp"), let x = exponential.input.first,
        view.isScalar(one, 1, besides: power)
      else { continue }
      return Self.softplus(of: x, typedAs: x, node.output[0], near: node, in: view, as: node)
    }
    return nil
  }

  /// Softplus of a value, in fp32 where the operator did not know its type.
  static func softplus(
    of x: String, typedAs typed: String, _ output: String, near other: Onnx_NodeProto,
    in view: BodyView, as last: Onnx_NodeProto? = nil
  ) -> [Onnx_NodeProto] {
    let body = view.body
    func written(_ type: String, _ input: String, _ attributes: [Onnx_AttributeProto] = [])
      -> Onnx_NodeProto
    {
      last?.becoming(type, [input], attributes)
        ?? body.node(type, [input], output, near: other, attributes)
    }
    guard view.type(typed) == .bfloat16, view.opset < 22 else { return [written("Softplus", x)] }
    let (wide, soft) = (body.freshName("\(x)_float"), body.freshName("\(x)_soft"))
    return [
      body.node(
        "Cast", [x], wide, near: other, [.integer("to", DataType.float.rawValue)]),
      body.node("Softplus", [wide], soft, near: other),
      written("Cast", soft, [.integer("to", DataType.bfloat16.rawValue)]),
    ]
  }
}
