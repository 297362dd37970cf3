import Graphs
import Operators
import Semantics
import Tensors
import Testing

/// Laws of the gradient rule: it agrees with differences of the value rule in double.
@Suite struct GradientLaws {
  /// Weights that differ from element to element, so that a transposed or shifted gradient shows.
  private func weights(_ type: TensorType, _ salt: Int) -> Tensor {
    Tensor(
      (0..<type.shape.count).map { i in 0.5 + Double((i * 7 + salt * 3) % 11) / 8 },
      shape: type.shape)
  }

  /// The gradient of the specimen's operator, as a graph.
  private struct Backward {
    var graph = Graph()
    var inputs: [Value: Tensor] = [:]
    var operands: [Value] = []
    var results: [Value] = []
    /// For each real result its cotangent, which is an input too.
    var seeds: [(value: Value, cotangent: Value)] = []
    var gradients: Graph.Cotangents = [:]

    var targets: [Value] { operands.filter { graph.type(of: $0).kind == .real } }
  }

  /// Nil where the specimen says that there is no gradient, and the rule refuses.
  private func differentiated(_ specimen: Specimen) throws -> Backward? {
    var backward = Backward()
    for (number, operand) in specimen.operands.enumerated() {
      let value = backward.graph.addInput("x\(number)", operand.type)
      backward.operands.append(value)
      backward.inputs[value] = operand
    }
    backward.results = try backward.graph.append(specimen.op, to: backward.operands)
    for (number, result) in backward.results.enumerated() {
      let type = backward.graph.type(of: result)
      guard type.kind == .real else { continue }
      let seed = backward.graph.addInput("dy\(number)", type)
      backward.inputs[seed] = weights(type, number)
      backward.seeds.append((result, seed))
    }
    let targets = backward.targets
    do throws(OperatorError) {
      backward.gradients = try backward.graph.differentiate(
        backward.seeds, withRespectTo: targets, adding: { Add() })
    } catch {
      try #require(specimen.derivatives == 0 && error.code == .unsupported, "refused: \(error)")
      return nil
    }
    try #require(specimen.derivatives > 0, "it can be differentiated")
    try backward.graph.validate()
    return backward
  }

  /// 1e-6 of the element, or of a hundredth of the greatest one where elements cancel.
  private func agrees(_ found: [Double], _ expected: [Double]) -> Bool {
    let scale = expected.reduce(1e-9) { max($0, abs($1)) }
    return found.count == expected.count
      && zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-6 * max(abs($1), 0.01 * scale) }
  }

  @Test(arguments: Specimen.real)
  func gradientAgreesWithDifferences(_ specimen: Specimen) throws {
    guard let backward = try differentiated(specimen) else { return }
    let pairing = Pairing(
      graph: backward.graph,
      terms: try backward.seeds.map { ($0.value, try #require(backward.inputs[$0.cotangent])) })
    let evaluation = try Evaluation(backward.graph, inputs: backward.inputs)
    for target in backward.targets {
      let expected = try pairing.differences(target, at: backward.inputs)
      let found =
        try backward.gradients[target].map { try evaluation($0).doubles }
        ?? expected.map { _ in 0 }
      #expect(agrees(found, expected), "\(found) by the rule, \(expected) by differences")
    }
  }

  /// The gradient graph is differentiated by the operands and by the cotangents.
  @Test(arguments: Specimen.real)
  func gradientOfTheGradientAgreesWithDifferences(_ specimen: Specimen) throws {
    guard var backward = try differentiated(specimen) else { return }
    var outputs: [(value: Value, cotangent: Value)] = []
    for (number, target) in backward.targets.enumerated() {
      guard let gradient = backward.gradients[target] else { continue }
      let type = backward.graph.type(of: gradient)
      let seed = backward.graph.addInput("v\(number)", type)
      backward.inputs[seed] = weights(type, number + 5)
      outputs.append((gradient, seed))
    }
    if outputs.isEmpty { return }
    let targets = backward.targets + backward.seeds.map(\.cotangent)
    let pairing = Pairing(
      graph: backward.graph,
      terms: try outputs.map { ($0.value, try #require(backward.inputs[$0.cotangent])) })
    let second: Graph.Cotangents
    do throws(OperatorError) {
      second = try backward.graph.differentiate(
        outputs, withRespectTo: targets, adding: { Add() })
    } catch {
      #expect(specimen.derivatives == 1 && error.code == .unsupported, "refused: \(error)")
      return
    }
    #expect(specimen.derivatives > 1, "it can be differentiated twice")
    try backward.graph.validate()
    let evaluation = try Evaluation(backward.graph, inputs: backward.inputs)
    for target in targets {
      let expected = try pairing.differences(target, at: backward.inputs)
      let found =
        try second[target].map { try evaluation($0).doubles } ?? expected.map { _ in 0 }
      #expect(agrees(found, expected), "\(found) by the rule, \(expected) by differences")
    }
  }
}
