public import Numbers
import RealModule
public import Semantics
public import Tensors

/// An operator on the lanes of a tensor along one axis, which gives a tensor of the same shape.
public protocol LaneOperator: Operator {
  /// The lanes' axis, counted back from the last one if negative.
  var axis: Int { get }
  init(axis: Int)

  /// What the result can be where −ln p, p the element's share of its lane, lies in an interval.
  static func range(logOdds: Interval) -> Interval
}

extension LaneOperator {
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", in: Self.name)
    self.init(axis: try attributes.integer("axis", default: -1, in: Self.name))
  }

  public var attributes: Attributes { ["axis": .integer(axis)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 1...1)
    _ = try resolved(axis, in: operands[0].shape)
    return operands
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let lanes = Lanes(operands[0].shape, axis: axis)
    var intervals = operands[0].intervals
    for lane in 0..<lanes.count {
      let places = (0..<lanes.length).map { lanes.place(of: $0, in: lane) }
      let found = LogOdds.ranges(places.map { operands[0].intervals[$0] })
      for (place, range) in zip(places, found) { intervals[place] = Self.range(logOdds: range) }
    }
    return [Bounds(intervals, shape: operands[0].shape)]
  }

  /// A failure of a lane: NaN, an infinity that makes all NaN, or one element's own.
  func cause(
    ofElement element: Int, in x: Tensor, orFinite reason: Cause.Reason
  ) -> Cause {
    let lanes = Lanes(x.shape, axis: axis)
    let lane = lanes.lane(of: element)
    let places = (0..<lanes.length).map { lanes.place(of: $0, in: lane) }
    if let place = places.first(where: { x.double(at: $0).isNaN }) {
      return .passedOn(operand: 0, element: place)
    }
    if let place = places.first(where: { x.double(at: $0) == .infinity }) {
      return .produced(
        .infinityMinusInfinity,
        explanation: "element \(place) is infinite, and so is the greatest of its lane")
    }
    if places.allSatisfy({ x.double(at: $0) == -.infinity }) {
      return .produced(
        .infinityMinusInfinity, explanation: "every element of the lane is -inf: nothing is left")
    }
    if !x.double(at: element).isFinite { return .passedOn(operand: 0, element: element) }
    return .produced(reason, explanation: "the lane of \(x.double(at: element)) is too wide")
  }
}

/// The lanes of a tensor along one axis.
struct Lanes {
  let length: Int
  /// The distance between neighbours in a lane.
  let stride: Int
  let count: Int

  /// `axis` must be one of the shape's.
  init(_ shape: Shape, axis: Int) {
    let axis = axis < 0 ? axis + shape.rank : axis
    length = shape.extents[axis]
    var stride = 1
    for inner in (axis + 1)..<max(shape.rank, axis + 1) { stride *= shape.extents[inner] }
    self.stride = stride
    count = length == 0 ? 0 : shape.count / length
  }

  /// Where a lane begins.
  func start(of lane: Int) -> Int { lane / stride * stride * length + lane % stride }

  func place(of index: Int, in lane: Int) -> Int { start(of: lane) + index * stride }

  func lane(of element: Int) -> Int {
    element / (stride * length) * stride + element % stride
  }
}

/// `exp(x_i) / Σ_j exp(x_j)` along an axis.
///
/// The greatest x is subtracted first, so that nothing overflows and the sum is at least 1. A lane
/// of −∞ alone is NaN.
public struct Softmax: LaneOperator {
  public static let name = "Softmax"
  public let axis: Int
  public init(axis: Int = -1) { self.axis = axis }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0].elements(as: T.self), results[0].elements(as: T.self))
    let lanes = Lanes(operands[0].shape, axis: axis)
    for lane in 0..<lanes.count {
      let start = lanes.start(of: lane)
      let greatest = x.greatest(from: start, by: lanes.stride, count: lanes.length)
      for i in 0..<lanes.length {
        let place = start + i * lanes.stride
        y[place] = x[place] - greatest
      }
    }
    results[0].exponentiate(as: T.self)
    for lane in 0..<lanes.count {
      let start = lanes.start(of: lane)
      var sum = 0.0
      for i in 0..<lanes.length { sum += Double(y[start + i * lanes.stride]) }
      let factor = T(1 / sum)
      for i in 0..<lanes.length { y[start + i * lanes.stride] *= factor }
    }
  }

  /// `p · (dy − Σ dy p)`.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    let shares = node.results[0]
    let mean = try graph.apply(ReduceSum(axes: [axis]), graph.apply(Mul(), cotangent, shares))
    return [try graph.apply(Mul(), shares, graph.apply(Sub(), cotangent, mean))]
  }

  /// Shares of what a mask leaves.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let x = operands[0]
    guard x.basis != .unknown else { return [.unknown(x.note ?? "the logits are not known")] }
    let n = Double(Lanes(signature.operands[0].shape, axis: axis).length)
    if x.law == .constant && x.visible.isEmpty || n == 1 { return [.constant(1 / n)] }
    return [x.shares(of: Int(n))]
  }

  public static func range(logOdds: Interval) -> Interval {
    let wide = Interval(Double.exp(-logOdds.upper), Double.exp(-logOdds.lower))
    let slack = 16 * Double.ulpOfOne
    return Interval(
      wide.lower * (1 - slack), min(1, wide.upper * (1 + slack) + .leastNormalMagnitude))
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let (shape, hull) = (signature.operands[0].shape, operands[0].hull)
    let lanes = Lanes(shape, axis: axis)
    var search = HazardSearch(Self.name, in: format)
    guard lanes.count > 0 else { return [] }
    if hull.lower == -.infinity {
      search.add(
        .undefined, "A lane of -inf alone has no greatest element, and its shares are NaN.",
        witness: [Tensor(repeating: -.infinity, shape)])
    }
    guard lanes.length > 1, let x = Members(of: hull, in: format) else { return search.found }
    func share(_ top: Double) -> Double { Double.exp(x.low - top) }
    guard format.rounded(share(x.high)) == 0 else { return search.found }
    let top = search.boundary(from: x.low, to: x.high) { format.rounded(share($0)) == 0 }
    guard share(top) != 0 else { return search.found }
    search.add(
      .underflow,
      "The share of an element \(top - x.low) below the greatest becomes 0 in \(format.name), and"
        + " its logarithm -inf.",
      witness: [lanes.tensor(shape, first: top, others: x.low)])
    return search.found
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    cause(ofElement: element, in: operands[0], orFinite: .overflowOfSum)
  }
}

/// `x_i − ln Σ_j exp(x_j)` along an axis: the logarithm of ``Softmax`` without its underflow.
public struct LogSoftmax: LaneOperator {
  public static let name = "LogSoftmax"
  public let axis: Int
  public init(axis: Int = -1) { self.axis = axis }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0].elements(as: T.self), results[0].elements(as: T.self))
    let lanes = Lanes(operands[0].shape, axis: axis)
    for lane in 0..<lanes.count {
      let start = lanes.start(of: lane)
      let top = x.logSumExp(from: start, by: lanes.stride, count: lanes.length)
      for i in 0..<lanes.length {
        let place = start + i * lanes.stride
        y[place] = (x[place] - top.greatest) - top.rest
      }
    }
  }

  /// `dy − exp(y) Σ dy`.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    let shares = try graph.apply(Exp(), node.results[0])
    let sum = try graph.apply(ReduceSum(axes: [axis]), cotangent)
    return [try graph.apply(Sub(), cotangent, graph.apply(Mul(), shares, sum))]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let length = Lanes(signature.operands[0].shape, axis: axis).length
    return [LogOdds.moments(of: operands[0], length: length).scaled(by: -1)]
  }

  public static func range(logOdds: Interval) -> Interval { -logOdds }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let shape = signature.operands[0].shape
    let lanes = Lanes(shape, axis: axis)
    guard lanes.count > 0, let x = Members(of: operands[0].hull, in: format) else { return [] }
    var search = HazardSearch(Self.name, in: format)
    if operands[0].hull.lower == -.infinity {
      search.add(
        .undefined, "A lane of -inf alone has no greatest element.",
        witness: [Tensor(repeating: -.infinity, shape)])
    }
    if lanes.length > 1, format.overflows(x.low - x.high) {
      search.add(
        .overflow, "\(x.low) - \(x.high) is beyond \(format.name).",
        witness: [lanes.tensor(shape, first: x.high, others: x.low)])
    }
    if lanes.length > 1 {
      LogOdds.examine(&search, x, others: lanes.length - 1) { top in
        [lanes.tensor(shape, first: top, others: x.low)]
      }
    }
    return search.found
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    cause(ofElement: element, in: operands[0], orFinite: .overflowOfSum)
  }
}

extension Tensor {
  /// Every element becomes its exponential.
  fileprivate func exponentiate<T: Scalar>(as _: T.Type) {
    if elementType == .float32 {
      let y = elements(as: Float.self)
      VectorKernels.apply(.exp, y, into: y)
    } else {
      let y = elements(as: T.self)
      for i in y.indices { y[i] = T.exp(y[i]) }
    }
  }
}
