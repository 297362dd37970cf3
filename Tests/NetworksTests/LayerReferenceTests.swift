import Execution
import Foundation
import Graphs
import Networks
import Semantics
import Tensors
import Testing

/// Lowered layers compute what PyTorch computes, and so do their gradients.
@Suite struct LayerReferenceTests {
  struct Array: Decodable {
    let shape: [Int]
    let elements: [Double]
  }

  struct Case: Decodable, CustomTestStringConvertible {
    let name: String
    let layers: String
    let input_shape: [Int]
    let input: Array
    let parameters: [String: Array]
    let output: Array
    let gradients: [String: Array]
    let cotangent: Array?
    let loss: String?
    let targets: Array?
    let loss_value: Double?

    var testDescription: String { name }
  }

  /// Made by Data/make-layer-references.py.
  static let cases: [Case] = {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "Data/layer-references.json")
    guard let data = try? Data(contentsOf: url) else { return [] }
    return (try? JSONDecoder().decode([Case].self, from: data)) ?? []
  }()

  private static func set(_ tensor: Tensor, to array: Array) {
    #expect(tensor.count == array.elements.count)
    if tensor.elementType == .int64 {
      let elements = tensor.elements(as: Int64.self)
      for i in elements.indices { elements[i] = Int64(array.elements[i]) }
    } else {
      tensor.copyBytes(from: Tensor(array.elements, shape: tensor.shape))
    }
  }

  /// The largest difference, relative to the largest element.
  private static func distance(_ tensor: Tensor, _ array: Array) -> Double {
    let elements = tensor.doubles
    guard elements.count == array.elements.count else { return .infinity }
    let scale = array.elements.map(abs).max() ?? 0
    let difference = zip(elements, array.elements).map { abs($0 - $1) }.max() ?? 0
    return difference / max(scale, 1e-300)
  }

  @Test(arguments: cases)
  func aLayerAndItsGradientsAreThoseOfPyTorch(reference: Case) throws {
    let network = try Fixtures.network(
      input: "\(reference.input_shape)", reference.layers,
      more: reference.loss.map { ", loss: \($0)" } ?? "")
    let lowered = try network.lowered(
      batch: reference.input.shape[0], registry: Fixtures.operators,
      activations: Fixtures.activations)
    var graph = lowered.graph
    let end = lowered.loss ?? lowered.output
    let seed = graph.addInput("seed", graph.type(of: end))
    let add = try Fixtures.operators.make("Add")
    let found = try graph.differentiate(
      [(value: end, cotangent: seed)], withRespectTo: graph.parameters, adding: { add })
    try graph.validate()

    let gradients = lowered.parameters.compactMap { found[$0.value] }
    try #require(gradients.count == lowered.parameters.count)
    let plan = try Plan<Double>(graph, keeping: [lowered.output, end] + gradients)
    #expect(Set(lowered.parameters.map(\.name)) == Set(reference.parameters.keys))
    for parameter in lowered.parameters {
      Self.set(plan[parameter.value], to: try #require(reference.parameters[parameter.name]))
    }
    Self.set(plan[lowered.inputs[0].value], to: reference.input)
    if let targets = reference.targets { Self.set(plan[lowered.inputs[1].value], to: targets) }
    let one = Array(shape: [], elements: [1])
    Self.set(plan[seed], to: reference.cotangent ?? one)
    plan.run()

    // Both sides compute in double precision; sums run in different orders.
    #expect(Self.distance(plan[lowered.output], reference.output) < 1e-12)
    if let value = reference.loss_value {
      #expect(abs(plan[end].doubles[0] - value) < 1e-13)
    }
    for (parameter, gradient) in zip(lowered.parameters, gradients) {
      let wanted = try #require(reference.gradients[parameter.name])
      // A gradient that is 0 in exact arithmetic (a bias in front of a norm) is rounding noise.
      let isZero = wanted.elements.allSatisfy { abs($0) < 1e-12 }
      let distance =
        isZero
        ? plan[gradient].doubles.map(abs).max() ?? 0 : Self.distance(plan[gradient], wanted)
      #expect(distance < 1e-11, "\(parameter.name)")
    }
  }

  @Test func thereAreCases() { #expect(Self.cases.count == 42) }
}
