import Graphs
import Operators
import Semantics
import Tensors
import Testing

/// Building, checking, pruning and printing graphs.
@Suite struct GraphTests {
  @Test func nodesAreCheckedByTheirShapeRule() throws {
    var graph = Graph()
    let a = graph.addInput("a", [2, 3])
    let b = graph.addInput("b", [4, 5])
    #expect(throws: OperatorError.self) { try graph.append(Gemm(), to: [a, b]) }
    #expect(graph.nodes.isEmpty && graph.types.count == 2)
    try graph.validate()
  }

  @Test func valuesKnowTheirSourceAndName() throws {
    var graph = Graph()
    let x = graph.addInput("x", [2])
    let w = graph.addParameter("w", [2])
    let y = try graph.scoped("layers.3") { (outer) throws(OperatorError) in
      try outer.scoped("dense") { (g) throws(OperatorError) in try g.apply(Add(), x, w) }
    }
    #expect(graph.source(of: x) == .input("x") && graph.source(of: w) == .parameter("w"))
    #expect(graph.source(of: y) == .node(0, result: 0))
    #expect(graph.name(of: y) == "layers.3.dense.Add#0" && graph.scope.isEmpty)
    #expect(graph.producer(of: x) == nil && graph.inputs == [x] && graph.parameters == [w])
  }

  @Test func twoInputsOfOneNameAreAFault() {
    var graph = Graph()
    _ = graph.addInput("x", [2])
    _ = graph.addParameter("x", [2])
    #expect(throws: GraphFault.self) { try graph.validate() }
  }

  @Test func anOperatorThatChangesItsMindIsAFault() throws {
    var graph = Graph()
    let x = graph.addInput("x", [2])
    let fickle = Fickle()
    _ = try graph.append(fickle, to: [x])
    try graph.validate()
    fickle.mood.hasChanged = true
    #expect {
      try graph.validate()
    } throws: { error in
      "\(error)" == "Fickle #0 has results of other types"
    }
  }

  @Test func pruningRemovesWhatIsNotNeeded() throws {
    var graph = Graph()
    let x = graph.addInput("x", [2])
    let w = graph.addParameter("w", [2])
    let unused = graph.addParameter("unused", [2])
    let a = try graph.apply(Tanh(), x)
    let dead = try graph.apply(Tanh(), a)
    let b = try graph.apply(Mul(), a, w)
    let pruned = graph.pruned(keeping: [b])
    try pruned.graph.validate()
    #expect(pruned.graph.nodes.map(\.op.typeName) == ["Tanh", "Mul"])
    #expect(pruned[dead] == nil && pruned[unused] != nil)
    let kept = try #require(pruned[b])
    let (newX, newW) = (try #require(pruned[x]), try #require(pruned[w]))
    let before = try graph.evaluated([x: [1, 2], w: [3, 4], unused: [0, 0]])
    let after = try pruned.graph.evaluated([newX: [1, 2], newW: [3, 4], Value(2): [0, 0]])
    #expect(before[b.index] == after[kept.index])
  }

  @Test func aNodeKeepsAllItsResults() throws {
    var graph = Graph()
    let pair = try graph.append(Twofold(), to: [graph.addInput("x", [2])])
    let y = try graph.apply(Tanh(), pair[1])
    let pruned = graph.pruned(keeping: [y])
    try pruned.graph.validate()
    #expect(pruned[pair[0]] != nil)
    #expect(graph.name(of: pair[1]) == "Twofold#0:1")
  }

  @Test func aBackwardNodeOutlivesItsForwardNode() throws {
    var graph = Graph()
    let x = graph.addInput("x", [2])
    let w = graph.addParameter("w", [2])
    let y = try graph.scoped("layers.0") { (g) throws(OperatorError) in try g.apply(Mul(), x, w) }
    let seed = graph.addInput("seed", [2])
    let found = try graph.differentiate(
      [(value: y, cotangent: seed)], withRespectTo: [w], adding: { Add() })
    let gradient = try #require(found[w])
    let pruned = graph.pruned(keeping: [gradient])
    try pruned.graph.validate()
    let node = try #require(pruned[gradient].flatMap { pruned.graph.producer(of: $0) })
    #expect(pruned[y] == nil && node.isBackward && node.forward == nil)
    #expect(node.scope == "layers.0")
    // Where the forward node stays, so does the link, under its new number.
    let both = graph.pruned(keeping: [gradient, y])
    try both.graph.validate()
    #expect(both[gradient].flatMap { both.graph.producer(of: $0) }?.forward == 0)
  }

  @Test func pruningToEverythingChangesNothing() throws {
    var graph = Graph()
    let x = graph.addInput("x", [4])
    let y = try graph.apply(Sin(), try graph.apply(Tanh(), x))
    let seed = graph.addInput("seed", [4])
    _ = try graph.differentiate(
      [(value: y, cotangent: seed)], withRespectTo: [x], adding: { Add() })
    #expect(graph.pruned(keeping: Array(graph.values)).graph.description == graph.description)
  }

  @Test func printingTakesOneLineForEachNode() throws {
    var graph = Graph()
    let x = graph.addInput("x", [4, 3])
    let w = graph.addParameter("layers.0.weight", [5, 3])
    _ = graph.addInput("seed", [4, 5])
    _ = try graph.scoped("layers.0") { (g) throws(OperatorError) in
      try g.apply(LeakyRelu(alpha: 0.25), try g.apply(Gemm(isRightTransposed: true), x, w))
    }
    #expect(
      graph.description == """
        input x: [4, 3]
        parameter layers.0.weight: [5, 3]
        input seed: [4, 5]
        layers.0.Gemm#0: [4, 5] = Gemm(x, layers.0.weight; alpha 1.0, beta 1.0, transA 0, transB 1)
        layers.0.LeakyRelu#1: [4, 5] = LeakyRelu(layers.0.Gemm#0; alpha 0.25)
        """)
  }

  @Test func aWalkGivesEveryValueItsFact() throws {
    var graph = Graph()
    let x = graph.addInput("x", [2])
    let a = try graph.apply(Tanh(), x)
    let b = try graph.apply(Add(), a, x)
    // The longest path to a value.
    let depths = graph.walk(from: [x: 0]) { node, signature, operands in
      #expect(signature.operands.count == operands.count)
      return node.results.map { _ in (operands.max() ?? 0) + 1 }
    }
    #expect(depths == [0, 1, 2] && b.index == 2)
  }
}
