import Numbers
import Operators
import Semantics
import Tensors
import Testing

/// What users read when an operator cannot be made or applied, word for word.
@Suite struct RefusalTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing was refused"
    } catch {
      return "\(error)"
    }
  }

  private func real(_ extents: Int...) -> TensorType { TensorType(Shape(extents)) }

  @Test func everyActivationOfTheManualCanBeNamed() throws {
    let names = [
      "linear", "relu", "leaky_relu(0.2)", "elu(1)", "selu", "celu(1)", "gelu", "gelu_tanh", "silu",
      "softplus", "mish", "sigmoid", "scaled_sigmoid", "hard_sigmoid", "hard_swish", "tanh",
      "hard_tanh", "softsign", "erf", "sin", "exponential",
    ]
    for name in names {
      let activation = try ActivationCatalogue.standard.activation(name)
      let bare = name.prefix { $0 != "(" }
      #expect(activation.name.hasPrefix(bare), "\(name) makes \(activation.name)")
      // What is printed can be read again.
      let again = try ActivationCatalogue.standard.activation(activation.name)
      #expect(again.attributes == activation.attributes)
    }
    #expect(ActivationCatalogue.standard.entries.count == names.count)
  }

  @Test func parametersAreChecked() {
    let catalogue = ActivationCatalogue.standard
    #expect(
      message { _ = try catalogue.activation("tanh(2)") } == "tanh: takes 0 parameters, not 1")
    #expect(
      message { _ = try catalogue.activation("celu(0)") }
        == "Celu: 'alpha' must be finite and above 0")
    #expect(
      message { _ = try catalogue.activation("swiish") } == "swiish: no such activation")
    #expect(
      message { _ = try AffineActivation(Tanh(), alpha: 0) }
        == "AffineActivation: alpha must not be 0, and all numbers must be finite")
    #expect(
      message { _ = try Clip(attributes: ["min": .real(2), "max": .real(1)]) }
        == "Clip: 'min' 2.0 must not exceed 'max' 1.0")
    #expect(
      message { _ = try Gelu(attributes: ["approximate": .text("erf")]) }
        == "Gelu: 'approximate' must be 'none' or 'tanh', not 'erf'")
    #expect(
      message { _ = try OneHot(attributes: ["depth": .integer(0)]) }
        == "OneHot: 'depth' must be above 0")
    #expect(
      message { _ = try PointwiseGradient(attributes: ["operator": .text("Gemm")]) }
        == "Gemm: no such operator")
    #expect(
      message {
        _ = try PointwiseGradient(attributes: ["operator": .text("Tanh"), "order": .integer(3)])
      } == "PointwiseGradient: 'order' must be 1 or 2, not 3")
  }

  @Test func shapesThatDoNotFitAreNamed() {
    #expect(
      message { _ = try Add().types(of: [real(2, 3), real(2)]) }
        == "Add: [2, 3] and [2] do not broadcast")
    #expect(
      message { _ = try Where().types(of: [real(2), real(2), real(2)]) }
        == "Where: operand 0 must be boolean, not [2]")
    #expect(
      message { _ = try ReduceSum(axes: [2]).types(of: [real(2, 3)]) }
        == "ReduceSum: axis 2 is outside the rank of [2, 3]")
    #expect(
      message { _ = try ReduceSum(axes: [1, -1]).types(of: [real(2, 3)]) }
        == "ReduceSum: 'axes' [1, -1] names an axis of [2, 3] twice")
    #expect(
      message { _ = try Expand(to: [2, 3]).types(of: [real(2)]) }
        == "Expand: [2] does not expand to [2, 3]")
    #expect(
      message { _ = try MeanSquaredError().types(of: [real(2), real(3)]) }
        == "MeanSquaredError: scores [2] and targets [3] must have one shape, and elements")
    #expect(
      message {
        _ = try SoftmaxCrossEntropy().types(of: [real(2, 3), TensorType([3], .integer)])
      } == "SoftmaxCrossEntropy: logits [2, 3] must be [N, C, …] with elements, and labels [3] be"
        + " [N, …]")
  }

  @Test func aLabelOutsideOfTheClassesIsTheCause() throws {
    let operands = [spread(2, 3), integers([0, 3])]
    let loss = try SoftmaxCrossEntropy().results(of: operands, in: Double.self)
    #expect(loss[0].doubles[0].isNaN)
    let cause = SoftmaxCrossEntropy().cause(
      ofElement: 0, inResult: 0, operands: operands, results: loss)
    #expect(
      cause == .produced(.labelOutOfRange, explanation: "label 1 is 3, and there are 3 classes"))
  }

  /// Sums of nothing are 0, the greatest of nothing is −∞, and the mean of nothing 0/0.
  @Test func reductionsOfNothing() throws {
    let empty = Tensor([Double](), shape: [2, 0])
    func result(_ op: any Operator) throws -> [Double] {
      try op.results(of: [empty], in: Double.self)[0].doubles
    }
    #expect(try result(ReduceSum(axes: [1])) == [0, 0])
    #expect(try result(ReduceMax(axes: [1])) == [-.infinity, -.infinity])
    #expect(try result(ReduceMean(axes: [1])).allSatisfy(\.isNaN))
    #expect(try result(ReduceSum(axes: [0])) == [])
  }

  /// Softmax and its logarithm keep what a difference of logits says, however large both are.
  @Test func softmaxIsNotMovedByAConstant() throws {
    let logits = reals([1000, 999, 990])
    let shares = try Softmax().results(of: [logits], in: Float.self)[0].doubles
    let shifted = try Softmax().results(of: [reals([10, 9, 0])], in: Float.self)[0].doubles
    #expect(shares == shifted)
    // ln(1 + e⁻⁶⁰) = 8.756510762696520e-27 would be 0 if 1 were part of the sum.
    let surprise = try LogSoftmax().results(of: [reals([60, 0])], in: Double.self)[0].doubles[0]
    #expect(abs(surprise + 8.756510762696520e-27) <= 1e-40)
  }
}
