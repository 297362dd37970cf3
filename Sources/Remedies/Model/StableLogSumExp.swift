package import ONNX
package import ONNXMessages

/// ReduceLogSumExp in place of the logarithm of a sum of exponentials, which overflow.
package struct StableLogSumExp: StableForm {
  package let name = "log_sum_exp"
  package let sentence =
    "compute ReduceLogSumExp in place of Log of the sum of exponentials, so that none overflows"

  package func replacement(
    for node: Onnx_NodeProto, in view: BodyView
  ) -> [Onnx_NodeProto]? {
    let sum: Onnx_NodeProto
    if view.body.isStandard(node, "ReduceLogSum") {
      sum = node
    } else if view.body.isStandard(node, "Log"),
      let found = view.producer(node.input.first, "ReduceSum", "ReduceL1")
    {
      sum = found
    } else {
      return nil
    }
    guard let exponential = view.producer(sum.input.first, "Exp"),
      let input = exponential.input.first,
      sum.integer("noop_with_empty_axes", default: 0) == 0,
      !QuotientOfExponentials.isShifted(input, in: view),
      let (inputs, attributes) = StableSoftmax.reduction(
        like: sum, on: input, inputSince: 18, in: view)
    else { return nil }
    return [node.becoming("ReduceLogSumExp", inputs, attributes)]
  }
}
