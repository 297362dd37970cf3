import ONNX
import ONNXMessages
import RealModule
import Tensors

/// The logarithm of a value of a model, computed from logarithms of what the value is made of.
///
/// log eˣ = x, log(a·b) = log a + log b, log(a/b) = log a − log b, log a² = 2 log |a|, log aᶜ = c
/// log a, log Σ aᵢ = LSE(log aᵢ), log softmax, log σ(x) = −softplus(−x), log(1 − σ(x)) =
/// −softplus(x) and log(1 + eˣ) = softplus(x): equal in real arithmetic, and without the
/// exponentials, sums and products that overflow or become 0. What only moves elements, such as
/// Gather, goes after the logarithm.
struct LogForm {
  /// What was made use of.
  enum Use: Hashable { case softmax, sigmoid, softplus, exponential, power, product, sum, move }

  private let view: BodyView
  private let near: Onnx_NodeProto
  private(set) var nodes: [Onnx_NodeProto] = []
  private(set) var uses: Set<Use> = []

  private static let moves: [String] = [
    "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Gather", "GatherElements",
    "GatherND", "Expand", "ReduceMax", "ReduceMin",
  ]
  private static let greatestDepth = 12

  init(_ view: BodyView, near node: Onnx_NodeProto) {
    (self.view, near) = (view, node)
  }

  /// The nodes in place of a logarithm of `name`, the last of which has the outputs of `node`; nil
  /// where nothing is gained.
  static func replacement(
    for node: Onnx_NodeProto, of name: String, in view: BodyView, where suits: (Set<Use>) -> Bool
  ) -> [Onnx_NodeProto]? {
    var form = LogForm(view, near: node)
    guard let result = form.logarithm(of: name, depth: greatestDepth), suits(form.uses),
      !form.uses.subtracting([.move, .product]).isEmpty
    else { return nil }
    guard let last = form.nodes.last, last.output == [result] else {
      return form.nodes + [node.becoming("Identity", [result])]
    }
    form.nodes[form.nodes.count - 1] = node.becoming(last.opType, last.input, last.attribute)
    return form.nodes
  }

  /// The name of a value's logarithm; nil where its structure does not give it.
  mutating func logarithm(of name: String, depth: Int) -> String? {
    guard depth > 0 else { return nil }
    if let softmax = SoftmaxForm(name, in: view) {
      uses.insert(.softmax)
      return add("LogSoftmax", [softmax.input], softmax.attributes)
    }
    if let x = view.sigmoid(name) {
      uses.insert(.sigmoid)
      return add("Neg", [softplus(of: add("Neg", [x]), typedAs: x)])
    }
    if let rest = view.oneMinus(name), let x = view.sigmoid(rest) {
      uses.insert(.sigmoid)
      return add("Neg", [softplus(of: x, typedAs: x)])
    }
    if let x = view.onePlusExponential(name) {
      uses.insert(.softplus)
      return softplus(of: x, typedAs: x)
    }
    guard let node = view.producer(name), node.output.count == 1,
      view.body.isStandard(node, node.opType), let first = node.input.first
    else { return nil }
    switch node.opType {
    case "Exp":
      uses.insert(.exponential)
      return first
    case "Mul" where node.input.count == 2: return product(node, name, depth)
    case "Div" where node.input.count == 2:
      guard let (a, b) = factors(first, node.input[1], depth) else { return nil }
      return add("Sub", [a, b])
    case "Reciprocal": return logarithm(of: first, depth: depth - 1).map { add("Neg", [$0]) }
    case "Sqrt":
      return logarithm(of: first, depth: depth - 1).flatMap { scaled($0, 0.5, typedAs: name) }
    case "Pow": return power(node, name, depth)
    case "ReduceSum", "ReduceL1": return sum(node, first, depth)
    case "Cast":
      guard view.type(name)?.kind == .real, view.type(first)?.kind == .real else { return nil }
      return moved(node, first, depth)
    default:
      return Self.moves.contains(node.opType) ? moved(node, first, depth) : nil
    }
  }

  private mutating func moved(_ node: Onnx_NodeProto, _ first: String, _ depth: Int) -> String? {
    guard let inner = logarithm(of: first, depth: depth - 1) else { return nil }
    uses.insert(.move)
    return add(node.opType, [inner] + node.input.dropFirst(), node.attribute)
  }

  private mutating func product(
    _ node: Onnx_NodeProto, _ name: String, _ depth: Int
  ) -> String? {
    let (a, b) = (node.input[0], node.input[1])
    guard view.origin(a) != view.origin(b) else {
      uses.insert(.power)
      let inner = logarithm(of: a, depth: depth - 1) ?? add("Log", [add("Abs", [a])])
      return scaled(inner, 2, typedAs: name)
    }
    guard let (left, right) = factors(a, b, depth) else { return nil }
    return add("Add", [left, right])
  }

  private mutating func power(_ node: Onnx_NodeProto, _ name: String, _ depth: Int) -> String? {
    guard node.input.count == 2, let exponent = view.constant(node.input[1]),
      exponent.count == 1, exponent.shape.rank == 0 || view.rank(node.input[0]) ?? 0 > 0
    else { return nil }
    let number = exponent.doubles[0]
    if let inner = logarithm(of: node.input[0], depth: depth - 1) {
      return scaled(inner, number, typedAs: name)
    }
    guard number.truncatingRemainder(dividingBy: 2) == 0, number != 0 else { return nil }
    uses.insert(.power)
    return scaled(add("Log", [add("Abs", [node.input[0]])]), number, typedAs: name)
  }

  /// Logarithms of two factors, of which one has a form of its own and the other one, or is
  /// positive.
  private mutating func factors(
    _ a: String, _ b: String, _ depth: Int
  ) -> (String, String)? {
    let before = (nodes, uses)
    let (left, right) = (logarithm(of: a, depth: depth - 1), logarithm(of: b, depth: depth - 1))
    let first = left ?? (right == nil ? nil : plain(a))
    let second = right ?? (left == nil ? nil : plain(b))
    guard let first, let second else {
      (nodes, uses) = before
      return nil
    }
    uses.insert(.product)
    return (first, second)
  }

  /// The logarithm itself, of what is positive.
  private mutating func plain(_ name: String) -> String? {
    guard view.isPositive(name) else { return nil }
    if let constant = view.constant(name), constant.count == 1, constant.shape.rank == 0,
      let type = view.type(name)
    {
      return scalar(.log(constant.doubles[0]), type)
    }
    return add("Log", [name])
  }

  /// LSE of the logarithms of terms; a sum of one-hot products selects among the logarithms
  /// themselves.
  private mutating func sum(_ node: Onnx_NodeProto, _ first: String, _ depth: Int) -> String? {
    guard node.integer("noop_with_empty_axes", default: 0) == 0 else { return nil }
    if let product = view.producer(first, "Mul"), product.input.count == 2 {
      for (terms, marks) in [
        (product.input[0], product.input[1]), (product.input[1], product.input[0]),
      ] where view.isOneHot(marks, along: view.axes(of: node)) {
        guard let inner = logarithm(of: terms, depth: depth - 1) else { continue }
        uses.insert(.move)
        return add(
          node.opType, [add("Mul", [inner, marks])] + node.input.dropFirst(), node.attribute)
      }
    }
    if let exponential = view.producer(first, "Exp"), let x = exponential.input.first,
      QuotientOfExponentials.isShifted(x, in: view)
    {
      return nil
    }
    guard let terms = logarithm(of: first, depth: depth - 1),
      let (inputs, attributes) = StableSoftmax.reduction(
        like: node, on: terms, inputSince: 18, in: view)
    else { return nil }
    uses.insert(.sum)
    return add("ReduceLogSumExp", inputs, attributes)
  }

  // MARK: Nodes

  private mutating func add(
    _ type: String, _ inputs: [String], _ attributes: [Onnx_AttributeProto] = []
  ) -> String {
    let output = view.body.freshName("\(near.output.first ?? "log")_\(type)")
    nodes.append(view.body.node(type, inputs, output, near: near, attributes))
    return output
  }

  private mutating func softplus(of x: String, typedAs typed: String) -> String {
    let output = view.body.freshName("\(x)_softplus")
    nodes += StableSoftplus.softplus(of: x, typedAs: typed, output, near: near, in: view)
    return output
  }

  private mutating func scalar(_ value: Double, _ type: DataType) -> String {
    let output = view.body.freshName("\(near.output.first ?? "log")_constant")
    nodes.append(view.body.scalar(value, type, output, near: near))
    return output
  }

  private mutating func scaled(_ name: String, _ factor: Double, typedAs typed: String) -> String? {
    guard let type = view.type(typed), type.kind == .real else { return nil }
    return add("Mul", [name, scalar(factor, type)])
  }
}
