public import Numbers
public import Semantics
public import Tensors

/// An operator that combines two tensors of reals, or of integers where it has a function of
/// integers, element by element, broadcast by NumPy's rule.
///
/// Conforming types state the function of two numbers, what it does to intervals and moments, and
/// its partial derivatives as steps of the graph. Those follow the chain rule with IEEE arithmetic,
/// save where a function selects one of the two.
public protocol Binary: Elementwise {
  init()

  /// f(a, b).
  static func value<T: Scalar>(_ a: T, _ b: T) -> T

  /// f of integers, which wraps around in 64 bits; nil where it takes reals alone.
  static var integerFunction: (@Sendable (Int64, Int64) -> Int64)? { get }

  /// An interval that contains f of all integers within these, before it wraps around.
  static func integerRange(_ a: Interval, _ b: Interval) -> Interval

  /// `y ← f(a, b)` for rows of one length in fp32; an operand of one element goes with all.
  static func combine(_ a: Elements<Float>, _ b: Elements<Float>, into y: Elements<Float>)

  /// An interval that contains f(a, b) for all members for which it is defined.
  static func range(_ a: Interval, _ b: Interval) -> Interval

  /// Moments of f of independent elements; `units` and `positions` as in
  /// `Moments.sum(_:_:units:positions:)`.
  static func moments(_ a: Moments, _ b: Moments, units: Int, positions: Int) -> Moments

  /// Why f(a, b) is not finite, where neither is NaN; nil when an infinity only passes through.
  static func failure(_ a: Double, _ b: Double) -> Cause.Reason?

  /// `cotangent · ∂f/∂a` and `cotangent · ∂f/∂b` in the shape of the result.
  func partials(
    _ cotangent: Value, _ a: Value, _ b: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value)
}

extension Binary {
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
    self.init()
  }

  public var attributes: Attributes { [:] }

  public static var integerFunction: (@Sendable (Int64, Int64) -> Int64)? { nil }

  public static func integerRange(_ a: Interval, _ b: Interval) -> Interval { range(a, b) }

  public static func combine(
    _ a: Elements<Float>, _ b: Elements<Float>, into y: Elements<Float>
  ) {
    let (aStep, bStep) = (a.count == 1 ? 0 : 1, b.count == 1 ? 0 : 1)
    for i in y.indices { y[i] = value(a[i * aStep], b[i * bStep]) }
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    let isInteger = Self.integerFunction != nil && operands.first?.kind == .integer
    let kind: ElementKind = isInteger ? .integer : .real
    try Self.check(operands, are: kind, kind)
    return [TensorType(try Self.broadcast(operands), kind)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    if results[0].elementType == .int64 { return combineIntegers(operands, into: results[0]) }
    if T.elementType == .float32 {
      let loop = BroadcastLoop(results[0].shape, operands[0].shape, operands[1].shape)
      let (aStep, bStep) = (loop.steps.a, loop.steps.b)
      guard 0...1 ~= aStep, 0...1 ~= bStep, loop.count >= 8 else {
        return combine(operands, into: results[0], as: Float.self)
      }
      let (a, b) = (operands[0].elements(as: Float.self), operands[1].elements(as: Float.self))
      let (y, count) = (results[0].elements(as: Float.self), loop.count)
      loop.forEachRow { row in
        Self.combine(
          a[row.a..<row.a + (aStep == 1 ? count : 1)],
          b[row.b..<row.b + (bStep == 1 ? count : 1)],
          into: y[row.result..<row.result + count])
      }
    } else {
      combine(operands, into: results[0], as: Double.self)
    }
  }

  private func combineIntegers(_ operands: [Tensor], into result: Tensor) {
    guard let function = Self.integerFunction else {
      preconditionFailure("\(Self.name) takes reals")
    }
    let loop = BroadcastLoop(result.shape, operands[0].shape, operands[1].shape)
    let (a, b) = (operands[0].elements(as: Int64.self), operands[1].elements(as: Int64.self))
    loop.map(a, b, into: result.elements(as: Int64.self)) { function($0, $1) }
  }

  @inline(__always)
  private func combine<T: Scalar>(_ operands: [Tensor], into result: Tensor, as _: T.Type) {
    let loop = BroadcastLoop(result.shape, operands[0].shape, operands[1].shape)
    let (a, b) = (operands[0].elements(as: T.self), operands[1].elements(as: T.self))
    loop.map(a, b, into: result.elements(as: T.self)) { Self.value($0, $1) }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let (a, b) = (node.operands[0], node.operands[1])
    let (da, db) = try partials(cotangent, a, b, in: &graph)
    return [
      try graph.summed(da, to: graph.type(of: a).shape),
      try graph.summed(db, to: graph.type(of: b).shape),
    ]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let type = signature.results[0]
    guard type.kind == .real else { return [.unknown("integers are not followed")] }
    let layout = operands.layout(in: type)
    let spread = zip(operands, signature.operands).map { $0.repeated($1.shape, over: type.shape) }
    return [Self.moments(spread[0], spread[1], units: layout.units, positions: layout.positions)]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let (a, b) = (shape.sources(in: operands[0].shape), shape.sources(in: operands[1].shape))
    let isReal = signature.results[0].kind == .real
    let intervals = zip(a, b).map { i, j in
      let (x, y) = (operands[0].intervals[i], operands[1].intervals[j])
      return isReal ? Self.range(x, y) : Self.integerRange(x, y).wrapped(bits: 64, isSigned: true)
    }
    return [Bounds(intervals, shape: shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard signature.results[0].kind == .real else { return [] }
    var search = HazardSearch(Self.name, in: format)
    examinePairs(of: operands, &search)
    return search.found
  }

  /// Judges pairs of numbers at the ends of the operands' intervals and around 0.
  func examinePairs(of operands: [Bounds], _ search: inout HazardSearch) {
    guard let a = Members(of: operands[0].hull, in: search.format),
      let b = Members(of: operands[1].hull, in: search.format)
    else { return }
    for (x, isTiny) in a.tiny.map({ ($0, true) }) + a.ends.map({ ($0, false) }) {
      for (y, isTinyToo) in b.tiny.map({ ($0, true) }) + b.ends.map({ ($0, false) }) {
        search.examine([x, y], result: Self.value(x, y), isTelling: !isTiny && !isTinyToo)
      }
    }
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let places = operands.indices.map {
      results[0].shape.source(of: element, in: operands[$0].shape)
    }
    let (a, b) = (operands[0].double(at: places[0]), operands[1].double(at: places[1]))
    for (number, value) in [a, b].enumerated() where value.isNaN {
      return .passedOn(operand: number, element: places[number])
    }
    if let reason = Self.failure(a, b) {
      return .produced(
        reason, explanation: "\(Self.name)(\(a.told), \(b.told)) = \(Self.value(a, b).told)")
    }
    let number = a.isFinite ? 1 : 0
    return .passedOn(operand: number, element: places[number])
  }
}
