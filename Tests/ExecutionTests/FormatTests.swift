import Execution
import Graphs
import Numbers
import Operators
import Semantics
import Tensors
import Testing

/// Results are rounded to the format of their node.
@Suite struct FormatTests {
  @Test func resultsAreNumbersOfTheFormat() throws {
    let net = try Perceptron(depth: 2, width: 16, batch: 8)
    for format in [NumberFormat.fp16, .bf16, .tf32, .fp8E4M3FN] {
      let plan = try Plan<Float>(net.graph, keeping: Array(net.graph.values), format: format)
      for value in net.graph.inputs + net.graph.parameters {
        plan[value].fill(Perceptron.numbers(plan[value].count, value.index, scale: 0.3))
      }
      plan.roundInputsAndParameters()
      plan.run()
      for value in net.graph.values {
        #expect(plan[value].doubles.allSatisfy { format.rounded($0) == $0 })
      }
    }
  }

  @Test func aSumBeyondTheFormatIsInfinite() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([3]))
    let y = try graph.apply(Add(), x, x)
    let plan = try Plan<Float>(graph, keeping: [y], format: .fp16)
    plan[x].fill([40_000, 30_000, -40_000])
    plan.run()
    #expect(plan[y].doubles == [.infinity, 60_000, -.infinity])
  }

  @Test func aNodeCanHaveAFormatOfItsOwn() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([1]))
    let narrow = try graph.apply(Add(), x, x)
    let wide = try graph.apply(Add(), x, x)
    let plan = try Plan<Float>(
      graph, keeping: [narrow, wide], format: .bf16, nodeFormats: [1: .fp32])
    plan[x].fill([1 + 1.0 / 1024])
    plan.run()
    #expect(plan[narrow].doubles == [2])
    #expect(plan[wide].doubles == [2 + 2.0 / 1024])
  }

  @Test func inputsKeepWhatTheyHoldUntilRounded() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([2]))
    let plan = try Plan<Float>(graph, format: .fp16)
    plan[x].fill([1e-9, 1 + 1.0 / 4096])
    plan.run()
    #expect(plan[x].doubles == [Double(Float(1e-9)), 1 + 1.0 / 4096])
    plan.roundInputsAndParameters()
    #expect(plan[x].doubles == [0, 1])
  }

  @Test func doublesAreRoundedToo() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([1]))
    let y = try graph.apply(Add(), x, x)
    for (format, expected) in [(NumberFormat.fp32, Double(Float(0.2))), (.fp64, 0.2)] {
      let plan = try Plan<Double>(graph, keeping: [y], format: format)
      plan[x].fill([0.1])
      plan.run()
      #expect(plan[y].doubles == [expected])
    }
  }
}
