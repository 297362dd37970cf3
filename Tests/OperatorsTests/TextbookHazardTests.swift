import Graphs
import Operators
import Semantics
import Tensors
import Testing

/// Values and gradients of hazardous expressions in fp32, against those that PyTorch 2.13 gives.
///
/// Both follow the chain rule in IEEE arithmetic, save where a function selects.
@Suite struct TextbookHazardTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let op: String
    let form: String
    /// Elements of each input.
    let inputs: [[Double]]
    let value: [Double]
    let gradients: [[Double]]

    var testDescription: String { "\(op) (\(form)) of \(inputs)" }
  }

  /// The cases in fp32 that an expression below writes out.
  static let cases: [Case] = {
    guard let table = try? ReferenceTable("hazards_torch.csv", separator: ";") else {
      preconditionFailure("the data of this test are missing")
    }
    func numbers(_ text: Substring) -> [Double] {
      text.split(separator: " ").compactMap { Double($0) }
    }
    return table.rows.compactMap { row in
      guard expressions["\(row["op"]), \(row["form"])"] != nil else { return nil }
      return Case(
        op: row["op"], form: row["form"], inputs: row["inputs"].split(separator: "|").map(numbers),
        value: numbers(row["value"][...]),
        gradients: row["gradients"].split(separator: "|").map(numbers))
    }
  }()

  typealias Expression = @Sendable (inout Graph, [Value]) throws -> Value

  /// How our operators write what the data call by name and form.
  static let expressions: [String: Expression] = [
    "log, library": { try $0.apply(Log(), $1[0]) },
    "div, library": { try $0.apply(Div(), $1[0], $1[1]) },
    "sqrt, library": { try $0.apply(Sqrt(), $1[0]) },
    "sqrt*0, naive": {
      try $0.apply(Mul(), $0.apply(Sqrt(), $1[0]), $0.apply(Constant(0)))
    },
    "pow(x,p) both differentiable, library": { try $0.apply(Pow(), $1[0], $1[1]) },
    "pow(x,0.5) const exponent, library": { try $0.apply(Pow(), $1[0], $0.apply(Constant(0.5))) },
    "pow(x,2) const exponent, library": { try $0.apply(Pow(), $1[0], $0.apply(Constant(2))) },
    "exp, library": { try $0.apply(Exp(), $1[0]) },
    "softmax, naive": { try naiveSoftmax(&$0, $1[0]) },
    "softmax, library": { try $0.apply(Softmax(), $1[0]) },
    "softmax all -inf, library": { try $0.apply(Softmax(), $1[0]) },
    "softmax with +inf, library": { try $0.apply(Softmax(), $1[0]) },
    "log(softmax), naive": { try $0.apply(Log(), $0.apply(Softmax(), $1[0])) },
    "log_softmax, library": { try $0.apply(LogSoftmax(), $1[0]) },
    "softplus, library": { try $0.apply(Softplus(), $1[0]) },
    "softplus, naive": {
      try $0.apply(Log(), $0.apply(Add(), $0.apply(Exp(), $1[0]), $0.apply(Constant(1))))
    },
    "log(1-sigmoid), naive": {
      try $0.apply(
        Log(), $0.apply(Sub(), $0.apply(Constant(1)), $0.apply(Sigmoid(), $1[0])))
    },
    "l2 norm, naive": {
      try $0.apply(Sqrt(), $0.apply(ReduceSumSquare(axes: []), $1[0]))
    },
    "normalize x/|x|, naive": {
      try $0.apply(
        Div(), $1[0], $0.apply(Sqrt(), $0.apply(ReduceSumSquare(axes: []), $1[0])))
    },
    "abs, library": { try $0.apply(Abs(), $1[0]) },
    "relu, library": { try $0.apply(Relu(), $1[0]) },
    "max of ties, library": { try $0.apply(ReduceMax(axes: []), $1[0]) },
    "x*log(x), naive": { try $0.apply(Mul(), $1[0], $0.apply(Log(), $1[0])) },
    "where(x>0,sqrt(x),0), naive": {
      let zero = try $0.apply(Constant(0))
      return try $0.apply(
        Where(), $0.apply(Greater(), $1[0], zero), $0.apply(Sqrt(), $1[0]), zero)
    },
    "sqrt(x+eps), stable": {
      try $0.apply(Sqrt(), $0.apply(Add(), $1[0], $0.apply(Constant(1e-12))))
    },
    "sqrt(x)+eps, naive": {
      try $0.apply(Add(), $0.apply(Sqrt(), $1[0]), $0.apply(Constant(1e-6)))
    },
    "clamp, library": {
      try $0.apply(Clip(attributes: ["min": .real(0), "max": .real(1)]), $1[0])
    },
    "tanh, library": { try $0.apply(Tanh(), $1[0]) },
    "sigmoid, library": { try $0.apply(Sigmoid(), $1[0]) },
    "sigmoid 1/(1+exp(-x)), naive": {
      let sum = try $0.apply(
        Add(), $0.apply(Constant(1)), $0.apply(Exp(), $0.apply(Neg(), $1[0])))
      return try $0.apply(Div(), $0.apply(Constant(1)), sum)
    },
  ]

  private static func naiveSoftmax(_ graph: inout Graph, _ x: Value) throws -> Value {
    let powers = try graph.apply(Exp(), x)
    return try graph.apply(Div(), powers, graph.apply(ReduceSum(axes: []), powers))
  }

  /// Gradients by each input, with what ours are where PyTorch's lose digits.
  private static func gradients(_ specimen: Case) -> [[Double]] {
    switch (specimen.op, specimen.inputs) {
    // PyTorch takes the sigmoid's slope as y(1 − y), which is 0 where y rounds to 1; ours is not.
    case ("log(1-sigmoid)", _): [[-.infinity]]
    default: specimen.gradients
    }
  }

  @Test(arguments: cases)
  func agreesWithPyTorch(_ specimen: Case) throws {
    let expression = try #require(Self.expressions["\(specimen.op), \(specimen.form)"])
    var graph = Graph()
    var inputs: [Value: Tensor] = [:]
    var operands: [Value] = []
    for (number, elements) in specimen.inputs.enumerated() {
      let shape: Shape = elements.count == 1 ? .scalar : [elements.count]
      let value = graph.addInput("x\(number)", TensorType(shape))
      inputs[value] = Tensor(elements.map { Float($0) }, shape: shape)
      operands.append(value)
    }
    let result = try expression(&graph, operands)
    // The data hold the gradient of the sum of all elements.
    let type = graph.type(of: result)
    let seed = graph.addInput("dy", type)
    inputs[seed] = Tensor([Float](repeating: 1, count: type.shape.count), shape: type.shape)
    let found = try graph.differentiate(
      [(result, seed)], withRespectTo: operands, adding: { Add() })
    let evaluation = try Evaluation(graph, inputs: inputs, in: Float.self)
    expectSame(try evaluation(result).doubles, specimen.value)
    for (operand, expected) in zip(operands, Self.gradients(specimen)) {
      expectSame(try evaluation(try #require(found[operand])).doubles, expected)
    }
  }

  /// The same numbers to 2e-6, a few units of fp32's last place, and the same that are not finite.
  ///
  /// PyTorch gives 0 for some subnormal results.
  private func expectSame(_ found: [Double], _ expected: [Double]) {
    let isSame =
      found.count == expected.count
      && zip(found, expected).allSatisfy { a, b in
        a.isNaN && b.isNaN || a == b
          || abs(a - b) <= max(2e-6 * abs(b), Double(Float.leastNormalMagnitude))
      }
    #expect(isSame, "\(found), and not \(expected)")
  }

  @Test func mostExpressionsHaveCases() {
    #expect(Self.cases.count >= 40)
    #expect(Set(Self.cases.map { "\($0.op), \($0.form)" }).count == Self.expressions.count)
  }
}
