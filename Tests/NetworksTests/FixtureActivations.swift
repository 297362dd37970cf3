import Numbers
import Semantics
import Tensors

extension Fixtures {
  static let activations = ActivationCatalogue(
    ["linear", "relu", "selu", "gelu", "tanh", "sigmoid", "scaled_sigmoid", "softsign"].map { n in
      ActivationCatalogue.Entry(n) { _ in Stand(name: n) }
    } + [
      ActivationCatalogue.Entry("leaky_relu", [("slope", 0.01)]) { p in
        Stand(name: "leaky_relu(\(p[0]))")
      },
      ActivationCatalogue.Entry("elu", [("alpha", 1)]) { p in Stand(name: "elu(\(p[0]))") },
    ])
}
struct Stand: Activation {
  let name: String
  init(name: String) { self.name = name }
  func value(at x: Double) -> Double { x }
  func slope(at x: Double) -> Double { 1 }
  func curvature(at x: Double) -> Double { 0 }
  static var name: String { "Stand" }
  init(attributes: Attributes) { name = "" }
  var attributes: Attributes { [:] }
  func types(of o: [TensorType]) throws(OperatorError) -> [TensorType] { o }
  func workspace(for signature: Signature) -> Int { 0 }
  func value<T: Scalar>(of operands: [Tensor], into results: [Tensor], workspace: Elements<T>) {}
  func gradient(of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting)
    throws(OperatorError) -> [Value?]
  { [] }
  func moments(of operands: [Moments], in signature: Signature) -> [Moments] { [] }
  func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] { [] }
  func hazards(for operands: [Bounds], in signature: Signature, format: NumberFormat) -> [Hazard] {
    []
  }
  func cause(ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor])
    -> Cause
  { .passedOn(operand: 0, element: 0) }
}
