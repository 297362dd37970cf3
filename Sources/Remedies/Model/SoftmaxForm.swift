import ONNX
import ONNXMessages

/// A softmax in the nodes of a model: the operator, or exponentials divided by their sum.
struct SoftmaxForm {
  let input: String
  /// The attributes of a Softmax that computes it.
  let attributes: [Onnx_AttributeProto]

  /// The softmax that gives `name`.
  init?(_ name: String?, in view: BodyView) {
    if let softmax = view.producer(name, "Softmax"), let input = softmax.input.first {
      self.input = input
      attributes = softmax.attribute
      return
    }
    guard let quotient = view.producer(name, "Div", "Mul"),
      let form = QuotientOfExponentials(quotient, in: view, isShiftedToo: true),
      let axis = form.axis(in: view)
    else { return nil }
    input = form.input
    attributes = [.integer("axis", axis)]
  }
}

/// `Exp(x) / ReduceSum(Exp(x))`, which divides ∞ by ∞ where an exponential overflows.
struct QuotientOfExponentials {
  let input: String
  let sum: Onnx_NodeProto
  let exponential: Onnx_NodeProto

  /// `isShiftedToo` says whether one from which the greatest element was subtracted counts: nothing
  /// of it overflows, but elements become 0.
  init?(_ node: Onnx_NodeProto, in view: BodyView, isShiftedToo: Bool = false) {
    guard node.input.count == 2, node.output.count == 1 else { return nil }
    let pairs: [(String, String)]
    if view.body.isStandard(node, "Div") {
      pairs = [(node.input[0], node.input[1])]
    } else if view.body.isStandard(node, "Mul") {
      // Times the reciprocal of the sum.
      pairs = [(node.input[0], node.input[1]), (node.input[1], node.input[0])].compactMap {
        guard let inverse = view.producer($1, "Reciprocal"), let sum = inverse.input.first else {
          return nil
        }
        return ($0, sum)
      }
    } else {
      return nil
    }
    for (top, bottom) in pairs {
      guard let exponential = view.producer(top, "Exp"),
        let sum = view.producer(bottom, "ReduceSum", "ReduceL1"),
        let inner = view.producer(sum.input.first, "Exp"),
        let input = exponential.input.first, let summed = inner.input.first,
        view.origin(input) == view.origin(summed), sum.integer("keepdims", default: 1) == 1,
        sum.integer("noop_with_empty_axes", default: 0) == 0,
        isShiftedToo || !Self.isShifted(input, in: view)
      else { continue }
      self.input = input
      self.sum = sum
      self.exponential = exponential
      return
    }
    return nil
  }

  /// Whether the greatest element was subtracted, so that no exponential overflows.
  static func isShifted(_ name: String, in view: BodyView) -> Bool {
    guard let difference = view.producer(name, "Sub"), difference.input.count == 2 else {
      return false
    }
    return view.producer(difference.input[1], "ReduceMax") != nil
  }

  /// The axis of a Softmax that computes it; nil where none does.
  func axis(in view: BodyView) -> Int? {
    guard let axes = view.axes(of: sum), axes.count == 1 else { return nil }
    if view.opset >= 13 { return axes[0] }
    // Before version 13 all axes from the given one on were one.
    guard let rank = view.rank(input), axes[0] == -1 || axes[0] == rank - 1 else { return nil }
    return rank - 1
  }
}
