import Graphs
import Operators
import Semantics
import Tensors
import Testing

/// Functions that select let nothing flow back to the side that is not taken, even an infinity.
@Suite struct SelectingTests {
  /// The gradient of `op` by its operands, for a cotangent that is infinite everywhere.
  private func gradients<T: Scalar>(
    _ op: any Operator, _ operands: [[Double]], in _: T.Type
  ) throws -> [[Double]] {
    var graph = Graph()
    var inputs: [Value: Tensor] = [:]
    var values: [Value] = []
    func tensor(_ numbers: [Double]) -> Tensor {
      Tensor(numbers.map { T($0) }, shape: [numbers.count])
    }
    for (number, elements) in operands.enumerated() {
      let value = graph.addInput("x\(number)", TensorType([elements.count]))
      inputs[value] = tensor(elements)
      values.append(value)
    }
    let result = try graph.append(op, to: values)[0]
    let seed = graph.addInput("dy", graph.type(of: result))
    inputs[seed] = tensor(operands[0].map { _ in .infinity })
    let found = try graph.differentiate(
      [(result, seed)], withRespectTo: values, adding: { Add() })
    let evaluation = try Evaluation(graph, inputs: inputs, in: T.self)
    return try values.map { try evaluation(try #require(found[$0])).doubles }
  }

  private func expect(
    _ op: any Operator, _ x: [Double], _ expected: [Double],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for found in [
      try gradients(op, [x], in: Float.self)[0], try gradients(op, [x], in: Double.self)[0],
    ] {
      let isSame = zip(found, expected).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
      #expect(isSame, "\(op.typeName) at \(x): \(found)", sourceLocation: sourceLocation)
    }
  }

  @Test func flatPartsPassNothing() throws {
    let inf = Double.infinity
    // More than a vector of elements, so that kernels are seen, and some at the kinks.
    let x = [-9, -3, -1, -0.5, 0, 0.5, 1, 3, 9].map { Double($0) }
    func passing(_ isPassed: (Double) -> Bool) -> [Double] { x.map { isPassed($0) ? inf : 0 } }
    try expect(Relu(), x, passing { $0 > 0 })
    try expect(HardTanh(), x, passing { abs($0) < 1 })
    try expect(HardSigmoid(), x, passing { abs($0) < 3 })
    try expect(ThresholdedRelu(alpha: 0.5), x, passing { $0 > 0.5 })
    try expect(Shrink(lambd: 0.5), x, passing { abs($0) > 0.5 })
    try expect(Sign(), x, passing { _ in false })
    try expect(Floor(), x, passing { _ in false })
    let limits: Attributes = ["min": .real(0), "max": .real(3)]
    try expect(try Clip(attributes: limits), x, passing { $0 >= 0 && $0 <= 3 })
    var open = limits
    open["open"] = .integer(1)
    try expect(try Clip(attributes: open), x, passing { $0 > 0 && $0 < 3 })
    try expect(HardSwish(), [-9, -3, 4, 9], [0, 0, inf, inf])
    try expect(Root(), [0, 4], [0, inf])
    try expect(
      try AffineActivation(Relu(), alpha: -2, beta: 1, gamma: 3, delta: 1), [-1, 0.5, 1],
      [-inf, 0, 0])
  }

  /// What is 0 by its slope, not by choice, makes NaN of an infinity, in PyTorch as here.
  @Test func slopesOfZeroDoNotSelect() throws {
    try expect(Abs(), [0, 2, -2], [.nan, .infinity, -.infinity])
    try expect(Tanh(), [400, 0], [.nan, .infinity])
    try expect(LeakyRelu(alpha: 0), [-1, 1], [.nan, .infinity])
  }

  /// PyTorch 2.13: `maximum` halves at a tie, `clamp` by a tensor gives all to what is held.
  @Test func extremesSelectAndShareTies() throws {
    let inf = Double.infinity
    let (a, b) = ([1.0, 2, 3], [2.0, 2, 1])
    #expect(try gradients(Max(), [a, b], in: Double.self) == [[0, inf, inf], [inf, inf, 0]])
    #expect(try gradients(Min(), [a, b], in: Float.self) == [[inf, inf, 0], [0, inf, inf]])
    #expect(
      try gradients(Max(ties: .first), [a, b], in: Double.self) == [[0, inf, inf], [inf, 0, 0]])
    var graph = Graph()
    let x = graph.addInput("x", TensorType([1]))
    let y = try graph.apply(Max(), x, x)
    let found = try graph.differentiate([(y, x)], withRespectTo: [x], adding: { Add() })
    let evaluation = try Evaluation(graph, inputs: [x: Tensor([6.0], shape: [1])], in: Double.self)
    // Half of the cotangent 6 for each operand, which are one.
    #expect(try evaluation(try #require(found[x])).doubles == [6])
  }

  @Test func powersOfZeroPassNothing() throws {
    let found = try gradients(Pow(), [[0, 0, 0], [0, 2, 0.5]], in: Double.self)
    #expect(found[0][0] == 0 && found[1] == [0, 0, 0])
    #expect(found[0][2] == .infinity)
  }

  @Test func meansOfNothingPassNothing() throws {
    var graph = Graph()
    let (terms, weights) = (
      graph.addInput("v", TensorType([3])), graph.addInput("w", TensorType([3]))
    )
    let mean = try graph.apply(WeightedMean(), terms, weights)
    let seed = graph.addInput("dy", TensorType(.scalar))
    let found = try graph.differentiate(
      [(mean, seed)], withRespectTo: [terms], adding: { Add() })
    func evaluated(_ w: [Double]) throws -> (Double, [Double]) {
      let evaluation = try Evaluation(
        graph,
        inputs: [
          terms: Tensor([1, 2, -Double.infinity], shape: [3]), weights: Tensor(w, shape: [3]),
          seed: Tensor([1.0], shape: .scalar),
        ], in: Double.self)
      return (
        try evaluation(mean).doubles[0], try evaluation(try #require(found[terms])).doubles
      )
    }
    let (some, slopes) = try evaluated([3, 1, 0])
    #expect(some == 1.25 && slopes == [0.75, 0.25, 0])
    let (none, zeros) = try evaluated([0, 0, 0])
    #expect(none.isNaN && zeros == [0, 0, 0])
  }
}
