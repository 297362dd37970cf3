import ONNX
import ONNXMessages
import Tensors

/// Small forms that several remedies look for.
extension BodyView {
  /// x, where the name is σ(x): the operator, or written out with exponentials.
  func sigmoid(_ name: String?) -> String? {
    producer(name, "Sigmoid")?.input.first
  }

  /// a, where the name is 1 − a, or (1 + ε) − a with an ε that no number keeps beside 1.
  func oneMinus(_ name: String?) -> String? {
    if let difference = producer(name, "Sub"), difference.input.count == 2,
      isScalar(difference.input[0], 1, besides: difference.input[1])
    {
      return difference.input[1]
    }
    guard let sum = producer(name, "Add"), sum.input.count == 2 else { return nil }
    for (one, rest) in [(sum.input[0], sum.input[1]), (sum.input[1], sum.input[0])] {
      guard isScalar(one, 1, besides: rest), let negative = negated(rest) else { continue }
      return negative
    }
    return nil
  }

  /// a, where the name is −a.
  func negated(_ name: String?) -> String? {
    if let node = producer(name, "Neg") { return node.input.first }
    guard let product = producer(name, "Mul"), product.input.count == 2 else { return nil }
    for (factor, rest) in [
      (product.input[0], product.input[1]), (product.input[1], product.input[0]),
    ] where isScalar(factor, -1, besides: rest) {
      return rest
    }
    return nil
  }

  /// x, where the name is 1 + eˣ.
  func onePlusExponential(_ name: String?) -> String? {
    guard let sum = producer(name, "Add"), sum.input.count == 2 else { return nil }
    for (one, power) in [(sum.input[0], sum.input[1]), (sum.input[1], sum.input[0])] {
      if isScalar(one, 1, besides: power), let node = producer(power, "Exp") {
        return node.input.first
      }
    }
    return nil
  }

  /// Whether lanes along these axes hold a single 1 beside zeros.
  func isOneHot(_ name: String, along axes: [Int]?) -> Bool {
    var node = producer(name)
    while let cast = node, body.isStandard(cast, "Cast", "CastLike") {
      node = producer(cast.input.first)
    }
    guard let node, body.isStandard(node, "OneHot"), node.input.count == 3,
      let values = constant(node.input[2])?.doubles, values == [0, 1], let axes, axes.count == 1,
      let axis = node.integer("axis", default: -1)
    else { return false }
    guard axis != axes[0] else { return true }
    guard let rank = rank(name) else { return false }
    func resolved(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }
    return resolved(axis) == resolved(axes[0])
  }

  /// Whether a value is above 0 in real arithmetic, as far as the nodes before it tell.
  func isPositive(_ name: String, depth: Int = 8) -> Bool {
    if let constant = constant(name) { return constant.doubles.allSatisfy { $0 > 0 } }
    guard depth > 0, let node = producer(name), body.isStandard(node, node.opType) else {
      return false
    }
    func all() -> Bool { node.input.allSatisfy { isPositive($0, depth: depth - 1) } }
    switch node.opType {
    case "Exp", "Softmax", "Sigmoid", "Softplus": return true
    case "Mul", "Div", "Max": return all()
    case "Add", "Sum":
      return node.input.allSatisfy { Sign(of: $0, in: self).isNonNegative }
        && node.input.contains { isPositive($0, depth: depth - 1) }
    case "Sqrt", "Reciprocal", "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Expand", "Flatten",
      "Cast", "Slice", "Gather", "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin":
      return node.input.first.map { isPositive($0, depth: depth - 1) } ?? false
    default: return false
    }
  }
}
