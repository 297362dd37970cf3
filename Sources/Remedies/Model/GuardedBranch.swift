package import Findings
import ONNX
import ONNXMessages
import Tensors

/// Operands of a branch that `Where` does not take replaced by a harmless number.
///
/// What that branch makes of them is thrown away, but its slope there, infinite or NaN, times a
/// gradient of 0 is NaN. The outputs stay as they were.
package struct GuardedBranch: ModelRemedy {
  package let name = "guarded_operand"
  package let answers = Set<RuleName>.growth.union([.domain, .nonFinite])
  package let effort = 1

  /// A number at which exponentials, logarithms, roots, powers, quotients and inverse functions are
  /// finite and smooth.
  private static let harmless = 0.5
  private static let operators = [
    "Exp", "Log", "Sqrt", "Pow", "Div", "Reciprocal", "Acos", "Asin", "Atanh",
  ]

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard !patient.endangered.isEmpty else { return [] }
    let rewriting = NodeRewriting(of: patient) { node, view in
      guard Self.operators.contains(node.opType), view.body.isStandard(node, node.opType),
        let output = node.output.first,
        patient.endangered.contains(ModelPlace(view.body.function, output)),
        let (condition, isFirst) = Self.branch(of: output, in: view),
        Self.isEarlier(condition, than: node, in: view)
      else { return nil }
      let place = node.opType == "Div" ? 1 : 0
      guard node.input.count > place, let type = view.type(node.input[place]), type.kind == .real,
        view.constant(node.input[place]) == nil
      else { return nil }
      let x = node.input[place]
      if let own = view.producer(x, "Where"), own.input.first == condition { return nil }
      let body = view.body
      let (constant, guarded) = (body.freshName("\(x)_harmless"), body.freshName("\(x)_guarded"))
      var changed = node
      changed.input[place] = guarded
      return [
        body.scalar(Self.harmless, type, constant, near: node),
        body.node(
          "Where", isFirst ? [condition, x, constant] : [condition, constant, x], guarded,
          near: node),
        changed,
      ]
    }
    guard let file = rewriting.file else { return [] }
    return [
      ModelChange(
        self,
        "within the branch that Where does not take, compute on \(Self.harmless) in place of the operand"
          + rewriting.places, file, isExact: true)
    ]
  }

  /// The condition of the `Where` that alone reads a value, after nothing but operators that work
  /// element by element, and whether the value is chosen where it holds.
  private static func branch(
    of output: String, in view: BodyView
  ) -> (condition: String, isFirst: Bool)? {
    var name = output
    for _ in 0..<6 {
      let readers = view.body.nodes.filter { $0.input.contains(name) }
      guard readers.count == 1, let reader = readers.first, !view.body.outputs.contains(name),
        reader.output.count == 1
      else { return nil }
      if view.body.isStandard(reader, "Where"), reader.input.count == 3 {
        guard reader.input[0] != name, reader.input.count(where: { $0 == name }) == 1 else {
          return nil
        }
        return (reader.input[0], reader.input[1] == name)
      }
      guard
        view.body.isStandard(
          reader, "Mul", "Add", "Sub", "Div", "Neg", "Cast", "Identity", "Sqrt", "Log", "Exp",
          "Pow",
          "Reciprocal", "Abs")
      else { return nil }
      name = reader.output[0]
    }
    return nil
  }

  private static func isEarlier(
    _ name: String, than node: Onnx_NodeProto, in view: BodyView
  ) -> Bool {
    for other in view.body.nodes {
      if other.output == node.output { break }
      if other.output.contains(name) { return true }
    }
    return !view.body.nodes.contains { $0.output.contains(name) }
  }
}
