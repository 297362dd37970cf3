import Execution
import Graphs
import Numbers
import Operators
import Semantics
import Tensors
import Testing

/// What a plan computes, and where.
@Suite struct PlanTests {
  /// A graph of arithmetic on vectors, drawn from `seed`: values are used late, often and never.
  static func random(_ seed: UInt64, nodes: Int) throws -> Graph {
    let stream = RandomStream(seed: seed, name: "graph")
    var (graph, draws) = (Graph(), 0)
    func draw(below bound: Int) -> Int {
      draws += 1
      return Int(stream.word(at: draws) % UInt32(bound))
    }
    var values: [[Value]] = []
    for (i, count) in [7, 64, 200].enumerated() {
      values.append([graph.addInput("x\(i)", TensorType([count]))])
    }
    for _ in 0..<nodes {
      let size = draw(below: values.count)
      // Mostly recent operands, so that lifetimes are of all lengths.
      func operand() -> Value {
        let all = values[size]
        return all[draw(below: 3) == 0 ? draw(below: all.count) : all.count - 1]
      }
      switch draw(below: 3) {
      case 0: values[size].append(try graph.apply(Sub(), operand(), operand()))
      case 1: values[size].append(try graph.apply(Tanh(), operand()))
      default: values[size].append(try graph.apply(Mul(), operand(), operand()))
      }
    }
    return graph
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func sharingMemoryChangesNoResult(seed: UInt64) throws {
    let graph = try Self.random(seed, nodes: 200)
    let all = Array(graph.values)
    let kept = all.filter { $0.index % 17 == 3 }
    let shared = try Plan<Double>(graph, keeping: kept)
    let apart = try Plan<Double>(graph, keeping: all)
    for plan in [shared, apart] {
      for input in graph.inputs {
        plan[input].fill(Perceptron.numbers(plan[input].count, input.index, scale: 2))
      }
      plan.run()
    }
    for value in kept { #expect(shared[value].doubles == apart[value].doubles) }
    #expect(shared.memory.arenaBytes < shared.memory.unsharedBytes)
    #expect(apart.memory.arenaBytes == 0)
  }

  /// Remembers what it was shown.
  private final class Recorder: Observer {
    private(set) var shown: [(value: Value, elements: [Double])] = []
    func observe(_ value: Value, _ tensor: Tensor, _: Summary) {
      shown.append((value, tensor.doubles))
    }
  }

  @Test func observersSeeChosenValuesInOrderBeforeTheyAreOverwritten() throws {
    let graph = try Self.random(3, nodes: 100)
    let chosen = graph.values.filter { $0.index % 3 == 0 }
    let plan = try Plan<Double>(graph, observing: chosen)
    let apart = try Plan<Double>(graph, keeping: Array(graph.values))
    for plan in [plan, apart] {
      for input in graph.inputs {
        plan[input].fill(Perceptron.numbers(plan[input].count, input.index))
      }
    }
    let recorder = Recorder()
    plan.run(observer: recorder)
    apart.run()
    let computed = chosen.filter { graph.producer(of: $0) != nil }
    #expect(recorder.shown.map(\.value) == computed)
    for (value, elements) in recorder.shown { #expect(elements == apart[value].doubles) }
  }

  @Test func everyValueIsAlignedForVectorKernels() throws {
    let graph = try Self.random(5, nodes: 100)
    let plan = try Plan<Float>(graph)
    for value in graph.values { #expect(plan[value].byteOffset % 64 == 0) }
  }

  @Test func aChainTakesTwoPlaces() throws {
    var graph = Graph()
    var value = graph.addInput("x", TensorType([1000]))
    for _ in 0..<500 { value = try graph.apply(Tanh(), value) }
    let memory = try Plan<Float>(graph).memory
    #expect(memory.arenaBytes == 2 * 4032)
    #expect(memory.unsharedBytes == 500 * 4032)
    #expect(memory.inputBytes == 4032 && memory.parameterBytes == 0 && memory.keptBytes == 0)
  }

  @Test func memoryPerLayerDoesNotGrowWithDepth() throws {
    let shallow = try Plan<Float>(Perceptron(depth: 50, width: 8, batch: 8).graph).memory
    let deep = try Plan<Float>(Perceptron(depth: 2000, width: 8, batch: 8).graph).memory
    let ratio = Double(deep.arenaBytes) / 2000 / (Double(shallow.arenaBytes) / 50)
    #expect(ratio < 1.05 && ratio > 0.8)
  }

  @Test func boundTensorsAreReadWhereTheyAre() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([3]))
    let w = graph.addParameter("w", TensorType([3]))
    let y = try graph.apply(Mul(), x, w)
    let weights = Tensor([1, 2, 3] as [Float], shape: [3])
    let plan = try Plan<Float>(graph, keeping: [y], binding: [w: weights])
    plan[x].fill([5, 5, 5])
    plan.run()
    #expect(plan[y].doubles == [5, 10, 15])
    weights.fill([1, 1, 1])
    plan.run()
    #expect(plan[y].doubles == [5, 5, 5])
    #expect(plan[w].storage === weights.storage)
  }

  @Test func runsOfOneGraphInBothPrecisionsAgree() throws {
    let net = try Perceptron(depth: 3, width: 16, batch: 8)
    let (single, double) = (
      try Plan<Float>(net.graph, keeping: net.gradients),
      try Plan<Double>(net.graph, keeping: net.gradients)
    )
    for value in net.graph.inputs + net.graph.parameters {
      let numbers = Perceptron.numbers(single[value].count, value.index, scale: 0.5)
        .map { Double(Float($0)) }
      single[value].fill(numbers)
      double[value].fill(numbers)
    }
    single.run()
    double.run()
    for gradient in net.gradients {
      // Sums of 16 terms of order 1 through three layers: some ten roundings of 6e-8 each.
      for (a, b) in zip(single[gradient].doubles, double[gradient].doubles) {
        #expect(abs(a - b) < 1e-5)
      }
    }
  }

  @Test func theBytesOfAStepDoNotDependOnTheThreads() throws {
    let before = Threads.count
    defer { Threads.count = before }
    let net = try Perceptron(depth: 2, width: 320, batch: 130)
    let plan = try Plan<Float>(net.graph, keeping: net.gradients)
    for value in net.graph.inputs + net.graph.parameters {
      plan[value].fill(Perceptron.numbers(plan[value].count, value.index, scale: 0.05))
    }
    let results = [1, 2, 5].map { threads in
      Threads.count = threads
      plan.run()
      return net.gradients.map { plan[$0].array(of: Float.self).map(\.bitPattern) }
    }
    #expect(results[0] == results[1] && results[1] == results[2])
  }
}
