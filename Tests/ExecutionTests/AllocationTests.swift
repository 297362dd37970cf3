import CAllocationCounter
import Execution
import Graphs
import Numbers
import Operators
import Semantics
import Tensors
import Testing

/// A step allocates nothing: everything was laid out when the plan was made.
@Suite struct AllocationTests {
  /// Keeps a summary of every value in memory of its own.
  private struct Statistics: Observer {
    let summaries: Slots

    func observe(_ value: Value, _ tensor: Tensor, _ summary: Summary) {
      summaries.set(value.index, summary)
    }
  }

  /// A fixed number of summaries that observers write through a shared reference.
  private final class Slots {
    private var summaries: [Summary]
    init(count: Int) { summaries = Array(repeating: Summary(), count: count) }
    func set(_ index: Int, _ summary: Summary) { summaries[index] = summary }
    func count(_ index: Int) -> Int { summaries[index].count }
  }

  /// Unoptimised Swift puts iterators and other temporaries on the heap.
  static var counts: Bool {
    #if DEBUG
      false
    #else
      ek_counts_allocations()
    #endif
  }

  @Test(.enabled(if: ek_counts_allocations())) func theCounterSeesAnArray() {
    ek_start_counting()
    let array = Array(repeating: 1, count: 1000)
    let counted = ek_stop_counting()
    #expect(array.count == 1000 && counted.own >= 1)
  }

  @Test(.enabled(if: counts), arguments: [nil, NumberFormat.fp16])
  func aStepForwardAndBackwardWithStatisticsAllocatesNothing(format: NumberFormat?) throws {
    let net = try Perceptron(depth: 4, width: 48, batch: 32)
    let reals = net.graph.values.filter { net.graph.type(of: $0).kind == .real }
    let plan = try Plan<Float>(
      net.graph, keeping: net.gradients, observing: reals, format: format)
    for value in net.graph.inputs + net.graph.parameters {
      plan[value].fill(Perceptron.numbers(plan[value].count, value.index, scale: 0.2))
    }
    let statistics = Statistics(summaries: Slots(count: net.graph.types.count))
    // The first run loads and compiles what libraries keep for the process.
    plan.run(observer: statistics)

    ek_start_counting()
    plan.run(observer: statistics)
    let counted = ek_stop_counting()
    #expect(counted.own == 0)
    #expect(statistics.summaries.count(net.output.index) == 32 * 48)
  }
}
