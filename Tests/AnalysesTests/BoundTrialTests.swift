import Analyses
import Graphs
import Numbers
import Operators
import Semantics
import Tensors
import Testing

/// Bounds of small graphs whose intervals are known, and the trial that holds runs against them.
@Suite struct BoundTrialTests {
  /// By hand: x in [1, 2] and y in [−1, 3] give x·y in [−2, 6] and x·y − 4 in [−6, 2].
  @Test func boundsGoThroughAGraph() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([1]))
    let y = graph.addParameter("y", TensorType([1]))
    let product = try graph.apply(Mul(), x, y)
    let rest = try graph.apply(Sub(), product, graph.apply(Constant(4)))
    let bounds = BoundPropagation(
      of: graph,
      from: [
        x: Bounds([Interval(1, 2)], shape: [1]), y: Bounds([Interval(-1, 3)], shape: [1]),
      ])
    #expect(bounds[product].intervals == [Interval(-2, 6)])
    #expect(bounds[rest].intervals == [Interval(-6, 2)])
  }

  /// Integers that no double is lie between the doubles beside them; of NaN nothing is known.
  @Test func boundsAroundTensors() {
    let integers = Bounds(around: Tensor([Int64(3), .max], shape: [2]), radius: 1)
    #expect(integers.intervals[0] == Interval(3))
    #expect(integers.intervals[1] == Interval(0x1p63).widened(ulps: 1))
    let reals = Bounds(around: Tensor([0.5, .nan], shape: [2]), radius: 0.25)
    #expect(reals.intervals == [Interval(0.25, 0.75), .whole])
  }

  /// What a bound rule forgets is found: intervals that are too narrow do not contain.
  @Test func aValueOutsideIsTold() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([2]))
    let y = try graph.apply(Mul(), x, x)
    let trial = try BoundTrial(graph, centers: [x: Tensor([1.0, -2.0], shape: [2])], contents: [:])
    let wide = trial.bounds(radius: 0.5)
    trial.run(sample: 2, within: wide)
    #expect(trial.comparison(with: wide).violations.isEmpty)
    let found = trial.comparison(with: trial.bounds(radius: 0.25))
    #expect(found.violations.map(\.value) == [x, y])
    #expect(found.violations.last?.number == 2.25)
    #expect(found.compared == 4)
  }

  /// NaN, and what is computed from it element by element, is not compared.
  @Test func whatIsNotDefinedIsNotCompared() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([2]))
    let root = try graph.apply(Sqrt(), x)
    _ = try graph.apply(Less(), root, x)
    let sum = try graph.apply(ReduceSum(axes: [0], keepsAxes: false), root)
    let trial = try BoundTrial(graph, centers: [x: Tensor([4.0, -4.0], shape: [2])], contents: [:])
    let bounds = trial.bounds(radius: 0)
    trial.run(sample: 0, within: bounds)
    let found = trial.comparison(with: bounds)
    #expect(found.violations.isEmpty)
    // Both x, and of the roots and their comparisons those of 4; not the sum.
    #expect(found.compared == 4)
    #expect(trial[sum].doubles[0].isNaN)
  }

  /// A rounding to a format widens bounds to what members become.
  @Test func formatsOfNodesRoundBounds() throws {
    var graph = Graph()
    let x = graph.addInput("x", TensorType([1]))
    let y = try graph.apply(Neg(), x)
    let trial = try BoundTrial(
      graph, centers: [x: Tensor([1.0 / 3], shape: [1])], contents: [:], nodeFormats: [0: .fp16])
    let bounds = trial.bounds(radius: 0)
    #expect(bounds[y].intervals == [Interval(NumberFormat.fp16.rounded(-1.0 / 3))])
  }
}
