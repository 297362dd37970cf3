import Graphs
import Operators
import RealModule
import Semantics
import Tensors
import Testing

/// The backward pass as a graph; what it computes is proven by the laws of the operators.
@Suite struct DifferentiationTests {
  @Test func aCotangentOverTwoPathsIsSummed() throws {
    var graph = Graph()
    let x = graph.addInput("x", [2])
    let y = try graph.apply(Mul(), x, x)
    let seed = graph.addInput("seed", [2])
    let found = try graph.differentiate(
      [(value: y, cotangent: seed)], withRespectTo: [x], adding: { Add() })
    try graph.validate()
    let gradient = try #require(found[x])
    // x · x at 3 and −1 with cotangents 1 and 10: 2x times the cotangent.
    let values = try graph.evaluated([x: [3, -1], seed: [1, 10]])
    #expect(values[gradient.index] == [6, -20])
    let sum = try #require(graph.producer(of: gradient))
    #expect(sum.op.typeName == "Add" && sum.isBackward && sum.forward == 0)
  }

  @Test func sumsForInputsBelongToTheirFirstReader() throws {
    var graph = Graph()
    let x = graph.addInput("x", [2])
    let w = graph.addParameter("w", [2])
    let a = try graph.scoped("first") { (g) throws(OperatorError) in try g.apply(Tanh(), x) }
    let b = try graph.scoped("second") { (g) throws(OperatorError) in try g.apply(Mul(), a, w) }
    let c = try graph.scoped("third") { (g) throws(OperatorError) in try g.apply(Mul(), b, w) }
    let seed = graph.addInput("seed", [2])
    let found = try graph.differentiate(
      [(value: c, cotangent: seed)], withRespectTo: [w], adding: { Add() })
    let sum = try #require(found[w].flatMap { graph.producer(of: $0) })
    #expect(sum.scope == "second" && sum.forward == 1)
    #expect(found[x] == nil)
  }

  @Test func whatNoTargetDependsOnIsSkipped() throws {
    var graph = Graph()
    let x = graph.addInput("x", [2])
    let w = graph.addParameter("w", [2])
    let deep = try graph.apply(Tanh(), try graph.apply(Tanh(), x))
    let y = try graph.apply(Mul(), deep, w)
    let seed = graph.addInput("seed", [2])
    let before = graph.nodes.count
    _ = try graph.differentiate(
      [(value: y, cotangent: seed)], withRespectTo: [w], adding: { Add() })
    // One product of the cotangent with tanh tanh x; a rule may add what else it gives.
    #expect(graph.nodes[before...].allSatisfy { $0.forward == 2 })
  }

  @Test func scopesAndLinksAreThoseOfTheForwardNode() throws {
    var graph = Graph()
    let x = graph.addInput("x", [2])
    let y = try graph.scoped("layers.0") { (g) throws(OperatorError) in try g.apply(Tanh(), x) }
    let seed = graph.addInput("seed", [2])
    graph.scope = "outside"
    let found = try graph.differentiate(
      [(value: y, cotangent: seed)], withRespectTo: [x], adding: { Add() })
    let gradient = try #require(found[x])
    let node = try #require(graph.producer(of: gradient))
    #expect(node.scope == "layers.0" && node.forward == 0 && node.isBackward)
    #expect(graph.name(of: gradient).hasPrefix("grad/layers.0."))
    #expect(graph.scope == "outside")
    let later = try graph.apply(Tanh(), x)
    let after = try #require(graph.producer(of: later))
    #expect(!after.isBackward && after.forward == nil)
  }

  /// Σ sin(x)² has the Hessian 2 cos 2x on its diagonal.
  @Test func differentiatingTwiceGivesHessianTimesVector() throws {
    var graph = Graph()
    let x = graph.addInput("x", [3])
    let y = try graph.apply(Sin(), x)
    let square = try graph.apply(Mul(), y, y)
    let seed = graph.addInput("seed", [3])
    let first = try graph.differentiate(
      [(value: square, cotangent: seed)], withRespectTo: [x], adding: { Add() })
    let gradient = try #require(first[x])
    let direction = graph.addInput("v", [3])
    let second = try graph.differentiate(
      [(value: gradient, cotangent: direction)], withRespectTo: [x], adding: { Add() })
    try graph.validate()
    let product = try #require(second[x])
    let (at, v) = ([0.3, -1.2, 2.5], [1.0, -2, 0.5])
    let values = try graph.evaluated([x: at, seed: [1, 1, 1], direction: v])
    for i in 0..<3 {
      let exact = v[i] * 2 * Double.cos(2 * at[i])
      #expect(abs(values[product.index][i] - exact) < 1e-14)
    }
  }

  /// The Hessian of a perceptron's output times a vector, against differences of its gradient.
  @Test func hessianOfAPerceptronAgreesWithDifferencesOfItsGradient() throws {
    var graph = Graph()
    let x = graph.addInput("x", [5, 4])
    let w1 = graph.addParameter("w1", [4, 6])
    let w2 = graph.addParameter("w2", [6, 1])
    let hidden = try graph.apply(Tanh(), try graph.apply(Gemm(), x, w1))
    let output = try graph.apply(Gemm(), hidden, w2)
    let seed = graph.addInput("seed", [5, 1])
    let first = try graph.differentiate(
      [(value: output, cotangent: seed)], withRespectTo: [w1], adding: { Add() })
    let gradient = try #require(first[w1])
    let direction = graph.addInput("v", [4, 6])
    let second = try graph.differentiate(
      [(value: gradient, cotangent: direction)], withRespectTo: [w1], adding: { Add() })
    try graph.validate()
    let product = try #require(second[w1])

    let v = numbers(24, 5)
    var given = [
      x: numbers(20, 1), w1: numbers(24, 2), w2: numbers(6, 3), seed: numbers(5, 4), direction: v,
    ]
    let exact = try graph.evaluated(given)[product.index]
    // Central differences: an error of h² times third derivatives of order 1, and of 1e-16 / h.
    let h = 1e-5
    let shifted = try [h, -h].map { step in
      given[w1] = zip(numbers(24, 2), v).map { $0 + step * $1 }
      return try graph.evaluated(given)[gradient.index]
    }
    for i in 0..<24 {
      #expect(abs(exact[i] - (shifted[0][i] - shifted[1][i]) / (2 * h)) < 1e-8)
    }
  }

  @Test func aRuleOfAnotherTypeIsRefused() throws {
    var graph = Graph()
    let x = graph.addInput("x", [2])
    let y = try graph.apply(Misshapen(), x)
    let seed = graph.addInput("seed", [1])
    #expect {
      try graph.differentiate(
        [(value: y, cotangent: seed)], withRespectTo: [x], adding: { Add() })
    } throws: { error in
      "\(error)" == "Misshapen: the gradient rule gave [1] for an operand [2]"
    }
  }

  /// Twenty thousand layers take a second or so; a pass that grew with the square would not end.
  @Test func depthIsNoObstacle() throws {
    var graph = Graph()
    let x = graph.addInput("x", [1])
    let w = graph.addParameter("w", [1])
    var value = x
    for layer in 0..<20_000 {
      value = try graph.scoped("\(layer)") { (g) throws(OperatorError) in
        try g.apply(Tanh(), try g.apply(Mul(), value, w))
      }
    }
    let seed = graph.addInput("seed", [1])
    let found = try graph.differentiate(
      [(value: value, cotangent: seed)], withRespectTo: [x, w], adding: { Add() })
    try graph.validate()
    #expect(found[x] != nil && found[w] != nil && graph.nodes.count > 100_000)
  }
}
