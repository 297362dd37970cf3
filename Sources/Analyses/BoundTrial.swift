import Execution
public import Graphs
public import Numbers
public import Semantics
public import Tensors

/// Runs of a graph in doubles on inputs drawn from intervals, held against the bounds that are
/// propagated from these.
///
/// Every element of every value is compared, without tolerance: bound rules contain what the value
/// rules compute in doubles, and so do their compositions. An element that is NaN, or is computed
/// from one that is, is not defined and not compared.
public final class BoundTrial {
  /// An element that lies outside of its bounds.
  public struct Violation: Sendable {
    public let value: Value
    public let element: Int
    public let number: Double
    public let interval: Interval
  }

  /// What the last run computed, held against bounds.
  public struct Comparison: Sendable {
    /// Elements outside, at most one of a value.
    public fileprivate(set) var violations: [Violation] = []
    /// How many elements were compared.
    public fileprivate(set) var compared = 0
    fileprivate var undefined: UndefinedElements

    /// Whether an element is not NaN, and not computed from one that is.
    public func isDefined(_ value: Value, _ element: Int) -> Bool {
      undefined[value]?[element] != true
    }
  }

  public let graph: Graph
  private let plan: Plan<Double>
  private let centers: [Value: Tensor]
  private let contents: [Value: Tensor]
  private let nodeFormats: [Int: NumberFormat]

  /// - Parameters:
  ///   - graph: a validated graph.
  ///   - centers: what inputs hold in the middle of their intervals.
  ///   - contents: what parameters hold.
  ///   - nodeFormats: formats that the real results of nodes are rounded to, by number.
  /// - Throws: `MemoryError` where a run takes more than there may be.
  public init(
    _ graph: Graph, centers: [Value: Tensor], contents: [Value: Tensor],
    nodeFormats: [Int: NumberFormat] = [:]
  ) throws(MemoryError) {
    self.graph = graph
    self.centers = centers.mapValues(\.inDoubles)
    self.contents = contents.mapValues(\.inDoubles)
    self.nodeFormats = nodeFormats
    plan = try Plan<Double>(
      graph, keeping: Array(graph.values), nodeFormats: nodeFormats, binding: self.contents)
  }

  /// Bounds of every value where real inputs lie no farther than `radius` from their centers.
  public func bounds(radius: Double) -> BoundPropagation {
    var known = contents.mapValues { Bounds(around: $0) }
    for (value, tensor) in centers { known[value] = Bounds(around: tensor, radius: radius) }
    return BoundPropagation(of: graph, from: known, nodeFormats: nodeFormats)
  }

  /// Runs sample `number` of inputs within `bounds`: number 0 the centers, 1 and 2 all lower and all
  /// upper ends, and of those after them in turn corners, mixtures of ends and even numbers, and
  /// even numbers.
  public func run(sample number: Int, within bounds: BoundPropagation) {
    for (value, center) in centers {
      let target = plan[value]
      target.copyBytes(from: center)
      guard graph.type(of: value).kind == .real, number > 0 else { continue }
      let elements = target.elements(as: Double.self)
      let stream = RandomStream(seed: UInt64(number), name: "sample of \(graph.name(of: value))")
      for (i, interval) in bounds[value].intervals.enumerated() where interval.isBounded {
        let draw = stream.uniform(at: 2 * i)
        let isEnd =
          number < 3 || number % 3 == 0 || (number % 3 == 1 && stream.uniform(at: 2 * i + 1) < 0.5)
        let isUpper = number == 1 ? false : number == 2 || draw >= 0.5
        let inside = interval.lower + draw * (interval.upper - interval.lower)
        elements[i] =
          isEnd
          ? (isUpper ? interval.upper : interval.lower)
          : min(max(inside, interval.lower), interval.upper)
      }
    }
    plan.run()
  }

  /// What a value was in the last run: doubles, integers or booleans.
  public subscript(value: Value) -> Tensor { plan[value] }

  /// Compares what the last run computed with `bounds`.
  public func comparison(with bounds: BoundPropagation) -> Comparison {
    var result = Comparison(undefined: UndefinedElements(graph))
    for value in graph.values {
      let numbers = plan[value].doubles
      result.undefined.see(value, numbers)
      let undefined = result.undefined[value]
      var isTold = false
      for (element, interval) in bounds[value].intervals.enumerated()
      where undefined?[element] != true {
        result.compared += 1
        let number = numbers[element]
        if isTold || interval.contains(number) { continue }
        isTold = true
        result.violations.append(
          Violation(value: value, element: element, number: number, interval: interval))
      }
    }
    return result
  }

  /// Bounds of a node's results for the very operands of the last run; nil where an element of
  /// these is not defined.
  public func localBounds(ofNode number: Int) -> [Bounds]? {
    let node = graph.nodes[number]
    let operands = node.operands.map { plan[$0] }
    guard !operands.contains(where: { $0.doubles.contains(where: \.isNaN) }) else { return nil }
    return node.bounds(
      of: operands.map { Bounds(around: $0) }, in: graph.signature(of: node),
      format: nodeFormats[number])
  }
}

/// Which elements of a run are NaN, or computed from one.
private struct UndefinedElements: Sendable {
  private let graph: Graph
  /// For every value nil where all elements are defined.
  private var found: [[Bool]?]

  init(_ graph: Graph) {
    self.graph = graph
    found = Array(repeating: nil, count: graph.types.count)
  }

  subscript(value: Value) -> [Bool]? { found[value.index] }

  /// Takes in the elements of a value, after those it is computed from.
  ///
  /// An operator that works element by element hands on what is undefined to the elements that are
  /// computed from it, and any other to all of its results.
  mutating func see(_ value: Value, _ numbers: [Double]) {
    var own: [Bool]?
    if let node = graph.producer(of: value) {
      let isByElement = node.op is any Elementwise || node.op is any View
      let shape = graph.type(of: value).shape
      for operand in node.operands {
        guard let undefined = found[operand.index] else { continue }
        guard isByElement else {
          own = Array(repeating: true, count: numbers.count)
          break
        }
        let places =
          node.op is any View
          ? Array(numbers.indices) : shape.places(in: graph.type(of: operand).shape)
        let before = own ?? Array(repeating: false, count: numbers.count)
        own = zip(before, places).map { $0 || undefined[$1] }
      }
    }
    if numbers.contains(where: \.isNaN) {
      let before = own ?? Array(repeating: false, count: numbers.count)
      own = zip(before, numbers).map { $0 || $1.isNaN }
    }
    found[value.index] = own
  }
}

extension Shape {
  /// For every element of this shape, the one of `operand` that is broadcast to it.
  fileprivate func places(in operand: Shape) -> [Int] {
    var steps = [Int](repeating: 0, count: rank)
    var step = 1
    for back in 1...max(operand.rank, 1) where back <= operand.rank {
      let extent = operand[operand.rank - back]
      if extent > 1 { steps[rank - back] = step }
      step *= extent
    }
    return (0..<count).map { element in
      var (rest, place) = (element, 0)
      for axis in stride(from: rank - 1, through: 0, by: -1) {
        place += rest % extents[axis] * steps[axis]
        rest /= extents[axis]
      }
      return place
    }
  }
}

extension Tensor {
  /// Reals as doubles; others as they are.
  fileprivate var inDoubles: Tensor {
    elementType == .float32 ? Tensor(doubles, shape: shape) : self
  }
}
