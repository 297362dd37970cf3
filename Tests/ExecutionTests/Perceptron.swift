import Graphs
import Operators
import Semantics
import Tensors

/// A perceptron of tanh layers with its backward pass, as graphs in these tests have it.
struct Perceptron {
  let graph: Graph
  let input: Value
  let output: Value
  let seed: Value
  let weights: [Value]
  let gradients: [Value]

  init(depth: Int, width: Int, batch: Int, hasBias: Bool = true) throws {
    var graph = Graph()
    let input = graph.addInput("x", TensorType([batch, width]))
    var (value, weights) = (input, [Value]())
    for layer in 0..<depth {
      let weight = graph.addParameter("\(layer).weight", TensorType([width, width]))
      weights.append(weight)
      var operands = [value, weight]
      if hasBias {
        let bias = graph.addParameter("\(layer).bias", TensorType([width]))
        weights.append(bias)
        operands.append(bias)
      }
      value = try graph.scoped("layers.\(layer)") { (graph: inout Graph) throws(OperatorError) in
        let product = try graph.append(Gemm(isRightTransposed: true), to: operands)[0]
        return try graph.apply(Tanh(), product)
      }
    }
    output = value
    seed = graph.addInput("seed", graph.type(of: value))
    let cotangents = try graph.differentiate(
      [(value: value, cotangent: seed)], withRespectTo: [input] + weights, adding: { Add() })
    try graph.validate()
    gradients = weights.compactMap { cotangents[$0] }
    (self.graph, self.input, self.weights) = (graph, input, weights)
  }

  /// Numbers in [-1, 1) that need no generator, times the scale.
  static func numbers(_ count: Int, _ seed: Int, scale: Double = 1) -> [Double] {
    (0..<count).map { index in
      let mixed: Int = (index &* 7919 &+ seed &* 104_729) % 2003
      return (Double(mixed) / 1001.5 - 1) * scale
    }
  }
}

extension Tensor {
  /// Overwrites real elements.
  func fill(_ numbers: [Double]) {
    precondition(numbers.count == count)
    switch elementType {
    case .float32:
      let elements = elements(as: Float.self)
      for (i, number) in numbers.enumerated() { elements[i] = Float(number) }
    case .float64:
      let elements = elements(as: Double.self)
      for (i, number) in numbers.enumerated() { elements[i] = number }
    case .int64, .bool: preconditionFailure("not real")
    }
  }
}
