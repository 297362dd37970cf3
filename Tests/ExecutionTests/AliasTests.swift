import Graphs
import Numbers
import Operators
import Semantics
import Tensors
import Testing

@testable import Execution

/// Values that lie in the place of others.
@Suite struct AliasTests {
  private func roles(
    _ graph: Graph, keeping: Set<Value> = [], observing: Set<Value> = [],
    format: NumberFormat? = nil
  ) -> [Aliases.Role] {
    Aliases(
      graph, formats: graph.nodes.map { _ in format }, keeping: keeping, observing: observing
    ).roles
  }

  /// h = x W, v = its elements in a row, and their negatives.
  private func viewed() throws -> (graph: Graph, x: Value, view: Value, end: Value) {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([2, 3]))
    let w = graph.addParameter("w", TensorType([3, 4]))
    let h = try graph.apply(Gemm(), x, w)
    let view = try graph.apply(Reshape(to: [8]), h)
    let end = try graph.apply(Neg(), view)
    return (graph, x, view, end)
  }

  @Test func aViewTakesNoPlaceAndNoTime() throws {
    var (graph, _, view, end) = try viewed()
    #expect(roles(graph) == [.compute, .nothing, .compute])
    // A second reader of the product after the view has been read.
    let late = try graph.apply(Neg(), graph.nodes[0].results[0])
    let plan = try Plan<Float>(graph, keeping: [end, late])
    for value in graph.inputs + graph.parameters {
      plan[value].fill((0..<plan[value].count).map { Double($0 + 1) })
    }
    plan.run()
    let expected = [38.0, 44, 50, 56, 83, 98, 113, 128].map { -$0 }
    #expect(plan[end].doubles == expected && plan[late].doubles == expected)
    #expect(plan[view].shape == [8])
  }

  @Test func aViewOfAnInputIsCopiedWhereItIsKeptOrRounded() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([2, 3]))
    let view = try graph.apply(Reshape(to: [6]), x)
    #expect(roles(graph) == [.nothing])
    #expect(roles(graph, keeping: [view]) == [.compute])
    #expect(roles(graph, format: .fp16) == [.compute])
    let plan = try Plan<Float>(graph, keeping: [view], format: .fp16)
    plan[x].fill([1, 2, 3, 4, 5, 1 + 0x1p-20])
    plan.run()
    #expect(plan[view].doubles == [1, 2, 3, 4, 5, 1])
  }

  @Test func aRoundedValueIsRoundedOnceForItsViews() throws {
    let (graph, _, _, _) = try viewed()
    #expect(roles(graph, format: .bf16) == [.compute, .nothing, .compute])
  }

  /// A weight that is used three times gets the sum of three products.
  private func recurrent() throws -> (graph: Graph, gradient: Value) {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([4, 5]))
    let w = graph.addParameter("w", TensorType([5, 5]))
    var state = x
    for _ in 0..<3 { state = try graph.apply(Tanh(), graph.apply(Gemm(), state, w)) }
    let seed = graph.addInput("seed", TensorType([4, 5]))
    let found = try graph.differentiate(
      [(value: state, cotangent: seed)], withRespectTo: [w], adding: { Add() })
    return (graph, try #require(found[w]))
  }

  private func gradient<T: Scalar>(observesAll: Bool, _: T.Type) throws -> Tensor {
    let (graph, gradient) = try recurrent()
    let plan = try Plan<T>(
      graph, keeping: [gradient], observing: observesAll ? Array(graph.values) : [])
    for value in graph.inputs + graph.parameters {
      plan[value].fill(Perceptron.numbers(plan[value].count, value.index))
    }
    plan.run()
    return plan[gradient]
  }

  @Test func productsAddToTheSumOfThoseBeforeThem() throws {
    let (graph, gradient) = try recurrent()
    #expect(roles(graph, keeping: [gradient]).count { $0 == .accumulate } == 2)
    #expect(roles(graph, observing: Set(graph.values)).count { $0 == .accumulate } == 0)
    #expect(roles(graph, format: .fp16).count { $0 == .accumulate } == 0)
    let single = try self.gradient(observesAll: false, Float.self).doubles
    let plain = try self.gradient(observesAll: true, Double.self).doubles
    let double = try self.gradient(observesAll: false, Double.self).doubles
    for i in plain.indices {
      // Sums of 12 products of numbers up to 1.
      #expect(abs(single[i] - plain[i]) < 1e-5 && abs(double[i] - plain[i]) < 1e-14)
    }
  }

  @Test func aSumThatIsReadAgainIsLeftAlone() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([2, 2]))
    let start = try graph.apply(Neg(), x)
    let product = try graph.apply(Gemm(), x, x)
    let sum = try graph.apply(Add(), start, product)
    let end = try graph.apply(Mul(), sum, start)
    #expect(!roles(graph).contains(.accumulate))
    let plan = try Plan<Float>(graph, keeping: [end])
    plan[x].fill([1, 2, 3, 4])
    plan.run()
    #expect(plan[end].doubles == [-6, -16, -36, -72])
  }
}
