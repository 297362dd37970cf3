package import Findings
import Numbers
import ONNX
import ONNXMessages
import Tensors

/// An epsilon in front of roots, logarithms and quotients whose operand can reach 0.
///
/// It is added where the operand cannot be negative. Elsewhere a root or a logarithm reads at least
/// the epsilon, and a quotient a/b becomes a · b/(b² + ε²), which is 0 at 0. An epsilon that is
/// there already and becomes 0 in the data type is made larger. What it is added to is measured, so
/// that it stays small beside that. A logarithm of what comes straight from weights is left to
/// ``PositiveRate``.
package struct AddedEpsilon: ModelRemedy {
  package let name = "epsilon"
  package let answers = Set<RuleName>.growth.union([.domain, .nonFinite])
  package let effort = 3

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard !patient.endangered.isEmpty else { return [] }
    let sizes = OperandSizes(patient)
    return [EpsilonSize.usual, .large].enumerated().compactMap { number, size in
      var message = patient.file.message
      var edit = EpsilonEdit(patient: patient, size: size, sizes: sizes)
      message.editBodies { edit.apply(to: &$0) }
      guard !edit.names.isEmpty else { return nil }
      let epsilons = Set(edit.epsilons).sorted().map(Numerals.short).joined(separator: " or ")
      return ModelChange(
        self,
        "keep operands of \(edit.operators.sorted().joined(separator: ", ")) from 0 by an epsilon of "
          + epsilons + NodeRewriting.places(edit.names) + ZeroWeights(patient).sentence,
        ModelFile(message, editedFrom: patient.file), isExact: false, extraEffort: number)
    }
  }
}

/// How large an epsilon is, by what it protects and by the data type, which must keep it.
enum EpsilonSize {
  case usual
  /// Where the usual one leaves gradients too great.
  case large

  enum Place { case root, logarithm, quotient, square }

  func epsilon(_ place: Place, _ type: DataType) -> Double {
    let base =
      switch place {
      case .root: self == .usual ? 1e-5 : 1e-3
      case .logarithm: self == .usual ? 1e-7 : 1e-4
      case .quotient: self == .usual ? 1e-6 : 1e-2
      case .square: self == .usual ? 1e-6 : 1e-4
      }
    // Numbers below the normal ones have few digits, and some processors take them for 0.
    let least = type.format?.leastNormal ?? 0
    return base >= least ? base : 1e-4
  }
}

/// Edits the nodes of bodies, and counts what it edited.
private struct EpsilonEdit {
  let patient: ModelPatient
  let size: EpsilonSize
  var names: [String] = []
  var operators: Set<String> = []
  var epsilons: [Double] = []

  /// How large the values are that an epsilon is added to.
  private let sizes: OperandSizes

  init(patient: ModelPatient, size: EpsilonSize, sizes: OperandSizes) {
    self.patient = patient
    self.size = size
    self.sizes = sizes
  }

  /// The epsilon for a value, at most a thousandth of it.
  private func epsilon(
    _ place: EpsilonSize.Place, _ type: DataType, for name: String, _ view: BodyView
  ) -> Double {
    limited(size.epsilon(place, type), by: sizes[ModelPlace(view.body.function, name)], type)
  }

  /// The epsilon that is added to the square of a norm.
  private func epsilon(ofNorm name: String, _ type: DataType, _ view: BodyView) -> Double {
    let own = sizes[ModelPlace(view.body.function, name)].map { $0 * $0 }
    return limited(size.epsilon(.root, type), by: own, type)
  }

  private func limited(_ usual: Double, by own: Double?, _ type: DataType) -> Double {
    guard size == .usual, let own else { return usual }
    return min(usual, max(own / 1000, type.format?.leastNormal ?? 0, 1e-12))
  }

  /// What happens to one operand of a node.
  private struct Change {
    let operand: Int
    let epsilon: Double
    let kind: Kind

    enum Kind { case add, least, divisor, constant }
  }

  mutating func apply(to body: inout ModelBody) {
    guard body.opset ?? 0 >= 9 else { return }
    let view = BodyView(body, of: patient.file, types: patient.model.types)
    // By the first output of the node that is changed.
    var changes: [String: Change] = [:]
    var norms: [String: Double] = [:]
    for node in body.nodes {
      guard let output = node.output.first,
        patient.endangered.contains(ModelPlace(body.function, output)),
        body.isStandard(node, node.opType)
      else { continue }
      if plan(node, view, &changes, &norms) {
        names.append(node.name.isEmpty ? output : node.name)
        operators.insert(node.opType)
      }
    }
    guard !changes.isEmpty || !norms.isEmpty else { return }
    epsilons += changes.values.map(\.epsilon) + norms.values
    var nodes: [Onnx_NodeProto] = []
    var read: [String] = []
    for node in body.nodes {
      let output = node.output.first ?? ""
      if let epsilon = norms[output] {
        nodes += norm(node, epsilon, view)
      } else if let change = changes[output] {
        read.append(node.input[change.operand])
        nodes += changed(node, change, view)
      } else {
        nodes.append(node)
      }
    }
    body.nodes = nodes
    body.removeUnused(read)
  }

  /// Decides what to change so that a node is safe; false where there is nothing.
  private func plan(
    _ node: Onnx_NodeProto, _ view: BodyView, _ changes: inout [String: Change],
    _ norms: inout [String: Double]
  ) -> Bool {
    switch node.opType {
    case "Sqrt": return protect(node, 0, .root, view, &changes)
    case "Log":
      if let x = node.input.first, PositiveRate.rate(x, in: view) != nil,
        !Sign(of: x, in: view).isNonNegative
      {
        return false
      }
      return protect(node, 0, .logarithm, view, &changes)
    case "Pow":
      guard node.input.count == 2, let exponent = view.constant(node.input[1]),
        exponent.doubles.contains(where: { $0 < 0 || $0 != $0.rounded() })
      else { return false }
      return protect(node, 0, .root, view, &changes)
    case "ReduceL2":
      guard let x = node.input.first, let type = realType(x, view), let output = node.output.first
      else { return false }
      norms[output] = epsilon(ofNorm: output, type, view)
      return true
    case "Div", "Reciprocal":
      let place = node.opType == "Div" ? 1 : 0
      guard node.input.count > place else { return false }
      if protectNorms(node.input[place], view, &changes, &norms) { return true }
      return protect(node, place, .quotient, view, &changes)
    default: return false
    }
  }

  /// Keeps a root or a norm, or a product of some, from 0 at its source; false for other values.
  private func protectNorms(
    _ name: String, _ view: BodyView, _ changes: inout [String: Change],
    _ norms: inout [String: Double]
  ) -> Bool {
    if let root = view.producer(name, "Sqrt") { return protect(root, 0, .root, view, &changes) }
    if let norm = view.producer(name, "ReduceL2"), let x = norm.input.first,
      let type = realType(x, view)
    {
      norms[norm.output[0]] = epsilon(ofNorm: norm.output[0], type, view)
      return true
    }
    guard let product = view.producer(name, "Mul"), product.input.count == 2,
      product.input.allSatisfy({ view.producer($0, "Sqrt", "ReduceL2") != nil })
    else { return false }
    for factor in product.input {
      guard protectNorms(factor, view, &changes, &norms) else { return false }
    }
    return true
  }

  private func protect(
    _ node: Onnx_NodeProto, _ operand: Int, _ place: EpsilonSize.Place, _ view: BodyView,
    _ changes: inout [String: Change]
  ) -> Bool {
    guard node.input.count > operand, let output = node.output.first,
      let type = realType(node.input[operand], view)
    else { return false }
    let epsilon = epsilon(place, type, for: node.input[operand], view)
    // An epsilon that is there, and too small for the type.
    if let sum = view.producer(node.input[operand], "Add"), sum.input.count == 2 {
      for (number, other) in [(0, 1), (1, 0)] {
        guard let constant = view.constant(sum.input[number]), constant.count == 1,
          (0..<epsilon).contains(constant.doubles[0]), constant.shape.rank == 0,
          Sign(of: sum.input[other], in: view).isNonNegative
        else { continue }
        changes[sum.output[0]] = Change(operand: number, epsilon: epsilon, kind: .constant)
        return true
      }
    }
    let isNonNegative = Sign(of: node.input[operand], in: view).isNonNegative
    if !isNonNegative, place == .quotient {
      // The square of an ordinary number is beyond what float16 holds.
      guard type != .float16 else { return false }
      changes[output] = Change(
        operand: operand, epsilon: size.epsilon(.square, type), kind: .divisor)
    } else {
      changes[output] = Change(
        operand: operand, epsilon: epsilon, kind: isNonNegative ? .add : .least)
    }
    return true
  }

  /// The type of a real value; nil for others and where it is not known.
  private func realType(_ name: String, _ view: BodyView) -> DataType? {
    guard let type = view.type(name), type.kind == .real else { return nil }
    return type
  }

  // MARK: Nodes

  private func changed(
    _ node: Onnx_NodeProto, _ change: Change, _ view: BodyView
  ) -> [Onnx_NodeProto] {
    let body = view.body
    let old = node.input[change.operand]
    guard let type = view.type(old) else { return [node] }
    let epsilon = body.freshName("\(old)_epsilon")
    let constant = body.scalar(change.epsilon, type, epsilon, near: node)
    var node = node
    if change.kind == .constant {
      node.input[change.operand] = epsilon
      return [constant, node]
    }
    let kept = body.freshName("\(old)_kept")
    if change.kind == .divisor {
      let square = body.freshName("\(old)_square")
      let nodes = [
        constant, body.node("Mul", [old, old], square, near: node),
        body.node("Add", [square, epsilon], kept, near: node),
      ]
      if node.opType == "Reciprocal" { return nodes + [node.becoming("Div", [old, kept])] }
      let inverse = body.freshName("\(old)_inverse")
      return nodes + [
        body.node("Div", [old, kept], inverse, near: node),
        node.becoming("Mul", [node.input[0], inverse]),
      ]
    }
    node.input[change.operand] = kept
    switch change.kind {
    case .add: return [constant, body.node("Add", [old, epsilon], kept, near: node), node]
    default: return [constant, body.node("Max", [old, epsilon], kept, near: node), node]
    }
  }

  /// `Sqrt(ReduceSumSquare(x) + ε)`, which has a gradient at 0 and ReduceL2 has none.
  private func norm(
    _ node: Onnx_NodeProto, _ value: Double, _ view: BodyView
  ) -> [Onnx_NodeProto] {
    guard let x = node.input.first, let type = view.type(x) else { return [node] }
    let body = view.body
    let (squares, epsilon, kept) = (
      body.freshName("\(x)_squares"), body.freshName("\(x)_epsilon"),
      body.freshName("\(x)_kept")
    )
    return [
      body.node("ReduceSumSquare", node.input, squares, near: node, node.attribute),
      body.scalar(value, type, epsilon, near: node),
      body.node("Add", [squares, epsilon], kept, near: node),
      node.becoming("Sqrt", [kept]),
    ]
  }
}

/// What the nodes before a value say of its sign.
struct Sign {
  let isNonNegative: Bool

  init(of name: String, in view: BodyView) {
    isNonNegative = Self.isNonNegative(name, view, depth: 12)
  }

  private static func isNonNegative(_ name: String, _ view: BodyView, depth: Int) -> Bool {
    if let constant = view.constant(name) { return constant.doubles.allSatisfy { $0 >= 0 } }
    guard depth > 0, let node = view.producer(name), view.body.isStandard(node, node.opType) else {
      return false
    }
    func allInputs() -> Bool {
      node.input.allSatisfy { isNonNegative($0, view, depth: depth - 1) }
    }
    func firstInput() -> Bool {
      node.input.first.map { isNonNegative($0, view, depth: depth - 1) } ?? false
    }
    switch node.opType {
    case "Abs", "Exp", "Softmax", "Sigmoid", "Softplus", "Relu", "Sqrt", "ReduceL1", "ReduceL2",
      "ReduceSumSquare", "HardSigmoid":
      return true
    case "Mul":
      return node.input.count == 2
        && (view.origin(node.input[0]) == view.origin(node.input[1]) || allInputs())
    case "Pow":
      guard let exponent = view.constant(node.input.last), exponent.count == 1 else { return false }
      return exponent.doubles[0].truncatingRemainder(dividingBy: 2) == 0 || firstInput()
    case "Add", "Sum", "Mean", "Max", "Div", "Concat": return allInputs()
    case "Clip":
      return view.constant(node.input.count > 1 ? node.input[1] : nil)?.doubles.first ?? -1 >= 0
        || firstInput()
    case "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "Reshape", "Transpose",
      "Unsqueeze", "Squeeze", "Expand", "Flatten", "Cast", "Slice", "Gather", "Dropout",
      "Reciprocal", "Floor", "Ceil", "Round":
      return firstInput()
    default: return false
    }
  }
}
