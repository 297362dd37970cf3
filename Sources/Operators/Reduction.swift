public import Numbers
public import Semantics
public import Tensors

/// An operator that folds the elements along some axes into one.
///
/// Conforming types are created from ``Reducer`` and state how to fold. An empty list of axes means
/// all axes.
public protocol Reduction: Operator {
  var reducer: Reducer { get }
  init(_ reducer: Reducer)

  /// What folding starts from, which is the result for no elements.
  static var seed: Double { get }

  /// One step of folding.
  static func fold(_ sum: Double, _ x: Double) -> Double

  /// What is summed, where folding is a sum that starts from 0.
  static var summand: VectorKernels.Summand? { get }

  /// The result of `count` folded elements.
  static func finish(_ sum: Double, count: Int) -> Double

  /// What `count` elements within these intervals can give.
  static func range(_ intervals: [Interval]) -> Interval

  /// Moments of the result of independent groups of elements; `share` as in ``Group``.
  static func moments(of x: Moments, over group: Group) -> Moments

  /// The cotangent of the operand, given that of the result expanded to the operand's shape.
  static func partial(
    _ cotangent: Value, of x: Value, result: Value, by reducer: Reducer,
    in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value

  static var failureOfFiniteOperands: Cause.Reason { get }

  /// How integers are folded; nil where it takes reals alone.
  static var integers: IntegerFold? { get }
}

/// How a reduction folds integers, and booleans as 0 and 1.
public struct IntegerFold: Sendable {
  let seed: Int64
  /// Whether the sum is divided by the count, towards 0.
  let isMean: Bool
  let step: @Sendable (Int64, Int64) -> Int64

  init(
    seed: Int64, isMean: Bool = false, _ step: @escaping @Sendable (Int64, Int64) -> Int64
  ) {
    self.seed = seed
    self.isMean = isMean
    self.step = step
  }
}

/// The axes of a reduction, and whether they stay with an extent of 1.
public struct Reducer: Hashable, Sendable {
  public let axes: [Int]
  public let keepsAxes: Bool

  /// Axes, which may count back, or all where there are none.
  public init(axes: [Int], keepsAxes: Bool) {
    self.axes = axes
    self.keepsAxes = keepsAxes
  }

  /// Axes of `shape` that are folded, counted from the front, in ascending order.
  public func folded(of shape: Shape) -> [Int] {
    axes.isEmpty ? Array(0..<shape.rank) : axes.compactMap { shape.axis($0) }.sorted()
  }

  func folds(_ axis: Int, rank: Int) -> Bool {
    axes.isEmpty || axes.contains(axis) || axes.contains(axis - rank)
  }

  /// The result's shape.
  func result(of shape: Shape) -> Shape {
    Shape(
      (0..<shape.rank).compactMap { axis in
        folds(axis, rank: shape.rank) ? (keepsAxes ? 1 : nil) : shape[axis]
      })
  }

  /// A value in the result's shape repeated to the operand's.
  func expand(
    _ value: Value, to shape: Shape, in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value {
    try graph.apply(Expand(to: shape, axes: keepsAxes ? [] : folded(of: shape)), value)
  }
}

extension Reduction {
  public init(axes: [Int], keepsAxes: Bool = true) {
    self.init(Reducer(axes: axes, keepsAxes: keepsAxes))
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axes", "keepdims", in: Self.name)
    self.init(
      axes: try attributes.integers("axes", default: [], in: Self.name),
      keepsAxes: try Self.flag("keepdims", default: 1, of: attributes))
  }

  public var attributes: Attributes {
    ["axes": .integers(reducer.axes), "keepdims": .integer(reducer.keepsAxes ? 1 : 0)]
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let shape = operands[0].shape
    let isOrder = Self.seed.isInfinite
    switch operands[0].kind {
    case .real: break
    case .integer where Self.integers != nil: break
    case .boolean where isOrder: break
    default: throw refusal(.invalidShape, "does not take \(operands[0])")
    }
    guard shape.rank <= greatestRank else {
      throw refusal(.invalidShape, "handles at most \(greatestRank) axes, not \(shape.rank)")
    }
    for axis in reducer.axes { _ = try resolved(axis, in: shape) }
    let folded = reducer.folded(of: shape)
    guard Set(folded).count == folded.count else {
      throw refusal(.invalidAttribute, "'axes' \(reducer.axes) names an axis of \(shape) twice")
    }
    return [TensorType(reducer.result(of: shape), operands[0].kind)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    if results[0].kindOfElements != .real { return foldIntegers(operands[0], into: results[0]) }
    if T.elementType == .float32 {
      fold(operands[0], into: results[0], as: Float.self)
    } else {
      fold(operands[0], into: results[0], as: Double.self)
    }
  }

  /// Integers, and booleans as 0 and 1, folded in the order of the elements.
  private func foldIntegers(_ x: Tensor, into y: Tensor) {
    guard let fold = Self.integers else { preconditionFailure("\(Self.name) takes reals") }
    let aligned = Reducer(axes: reducer.axes, keepsAxes: true).result(of: x.shape)
    let loop = BroadcastLoop(x.shape, aligned)
    let count = y.count == 0 ? 0 : x.count / y.count
    if y.elementType == .bool {
      let (source, target) = (x.elements(as: Bool.self), y.elements(as: Bool.self))
      for i in target.indices { target[i] = fold.seed > 0 }
      loop.forEachRow { row in
        for i in 0..<loop.count {
          let place = row.a + i * loop.steps.a
          target[place] =
            fold.step(target[place] ? 1 : 0, source[row.result + i] ? 1 : 0) != 0
        }
      }
      return
    }
    let (source, target) = (x.elements(as: Int64.self), y.elements(as: Int64.self))
    for i in target.indices { target[i] = fold.seed }
    loop.forEachRow { row in
      for i in 0..<loop.count {
        let place = row.a + i * loop.steps.a
        target[place] = fold.step(target[place], source[row.result + i])
      }
    }
    guard fold.isMean, count > 0 else { return }
    for i in target.indices { target[i] /= Int64(count) }
  }

  @inline(__always)
  private func fold<T: Scalar>(_ x: Tensor, into y: Tensor, as _: T.Type) {
    let rank = x.shape.rank
    let loop = ReductionLoop(x.shape) { reducer.folds($0, rank: rank) }
    let count = y.count == 0 ? 0 : x.count / y.count
    if let summand = Self.summand, T.self == Float.self {
      loop.sum(
        summand, x.elements(as: Float.self), into: y.elements(as: Float.self),
        finish: { Self.finish($0, count: count) })
      return
    }
    loop.reduce(
      x.elements(as: T.self), into: y.elements(as: T.self), seed: Self.seed,
      { Self.fold($0, $1) }, finish: { Self.finish($0, count: count) })
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return [
      try Self.partial(
        cotangent, of: node.operands[0], result: node.results[0], by: reducer, in: &graph)
    ]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    guard signature.results[0].kind == .real else {
      return [.unknown("integers and booleans are not followed")]
    }
    let shape = signature.operands[0].shape
    let folded = reducer.folded(of: shape)
    let roles = operands[0].roles(in: shape)
    func count(_ axes: [Int]) -> Int {
      axes.filter(folded.contains).reduce(1) { $0 * shape[$1] }
    }
    let group = Group(
      samples: count(roles.axes(.sample)), positions: count(roles.axes(.position)),
      units: count(roles.axes(.unit)))
    guard group.count > 0 else { return [.constant(Self.finish(Self.seed, count: 0))] }
    return [Self.moments(of: operands[0], over: group)]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let members = members(of: signature.operands[0].shape)
    let kind = signature.results[0].kind
    let intervals = members.map { own -> Interval in
      let range = Self.range(own.map { operands[0].intervals[$0] })
      switch kind {
      case .real: return range
      case .integer:
        guard Self.integers?.isMean == true, !own.isEmpty else {
          return range.wholeNumbers.wrapped(bits: 64, isSigned: true)
        }
        let sum = ReduceSum.range(own.map { operands[0].intervals[$0] }).wholeNumbers
        let mean = sum.wrapped(bits: 64, isSigned: true) / Interval(Double(own.count))
        return Interval(mean.lower.rounded(.towardZero), mean.upper.rounded(.towardZero))
      case .boolean: return range.intersection(Interval(0, 1)) ?? Interval(0, 1)
      }
    }
    return [Bounds(intervals, shape: shape)]
  }

  /// The elements of an operand that are folded into each element of the result.
  private func members(of shape: Shape) -> [[Int]] {
    let result = reducer.result(of: shape)
    var members = [[Int]](repeating: [], count: result.count)
    let aligned = Reducer(axes: reducer.axes, keepsAxes: true).result(of: shape)
    for (element, target) in shape.sources(in: aligned).enumerated() {
      members[target].append(element)
    }
    return members
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let (shape, result) = (signature.operands[0].shape, signature.results[0].shape)
    guard signature.results[0].kind == .real, result.count > 0,
      let x = Members(of: operands[0].hull, in: format)
    else { return [] }
    let count = shape.count / result.count
    var search = HazardSearch(Self.name, in: format)
    for end in x.ends {
      var sum = Self.seed
      for _ in 0..<count { sum = Self.fold(sum, end) }
      let y = Self.finish(sum, count: count)
      let witness = [Tensor(repeating: end, shape)]
      let text = "\(Self.name) of \(count) elements \(end) = \(y)"
      if format.overflows(y) {
        search.add(
          .overflow, "\(text) exceeds \(format.greatest), the greatest of \(format.name).",
          witness: witness)
      } else if y != 0, format.rounded(y) == 0 {
        search.add(.underflow, "\(text) becomes 0 in \(format.name).", witness: witness)
      }
    }
    return search.found
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let x = operands[0]
    let members = members(of: x.shape)[element]
    var inquest = SumInquest(isNaN: results[0].double(at: element).isNaN)
    for member in members {
      inquest.see(Place(operand: 0, element: member), x.double(at: member))
    }
    if case .produced(.overflowOfSum, let explanation) = inquest.verdict {
      return .produced(Self.failureOfFiniteOperands, explanation: explanation)
    }
    return inquest.verdict
  }
}

extension Tensor {
  /// What the elements are.
  var kindOfElements: ElementKind {
    switch elementType {
    case .float32, .float64: .real
    case .int64: .integer
    case .bool: .boolean
    }
  }
}
