public import Numbers
public import Semantics
public import Tensors

/// `condition ? a : b`, element by element, broadcast by NumPy's rule.
///
/// The operand that is not chosen gets a zero cotangent; where its own derivative is infinite, the
/// chain rule makes NaN of that (0 · ∞), as every framework does.
public struct Where: Elementwise {
  public static let name = "Where"

  public init() {}

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    let kind = operands.count > 1 ? operands[1].kind : .real
    try Self.check(operands, are: .boolean, kind, kind)
    return [TensorType(try Self.broadcast(operands), kind)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    switch results[0].elementType {
    case .float32: choose(operands, into: results[0], as: Float.self)
    case .float64: choose(operands, into: results[0], as: Double.self)
    case .int64: choose(operands, into: results[0], as: Int64.self)
    case .bool: choose(operands, into: results[0], as: Bool.self)
    }
  }

  @inline(__always)
  private func choose<T: Element>(_ operands: [Tensor], into result: Tensor, as _: T.Type) {
    let loop = BroadcastLoop(
      result.shape, operands[0].shape, operands[1].shape, operands[2].shape)
    let condition = operands[0].elements(as: Bool.self)
    let (a, b) = (operands[1].elements(as: T.self), operands[2].elements(as: T.self))
    let y = result.elements(as: T.self)
    loop.forEachRow { row in
      for i in 0..<loop.count {
        y[row.result + i] =
          condition[row.a + i * loop.steps.a]
          ? a[row.b + i * loop.steps.b] : b[row.c + i * loop.steps.c]
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil, nil] }
    let condition = node.operands[0]
    let zero = try graph.apply(Constant(0))
    let chosen = try graph.apply(Where(), condition, cotangent, zero)
    let other = try graph.apply(Where(), condition, zero, cotangent)
    return [
      nil,
      try graph.summed(chosen, to: graph.type(of: node.operands[1]).shape),
      try graph.summed(other, to: graph.type(of: node.operands[2]).shape),
    ]
  }

  /// Elements of which those that a constant replaces are far below all others: masked, if the
  /// condition is known by its rows.
  private static func masked(_ condition: Moments, _ a: Moments, _ b: Moments) -> Moments? {
    guard !condition.visible.isEmpty else { return nil }
    let (value, filling, isChosen) = b.law == .constant ? (a, b, true) : (b, a, false)
    guard filling.law == .constant, filling.mean < -1e4, value.law != .constant else { return nil }
    var result = value
    let length = condition.visible.reduce(0, +) / condition.mean / Double(condition.visible.count)
    result.visible = isChosen ? condition.visible : condition.visible.map { length - $0 }
    result.origin = nil
    return result
  }

  /// A mixture, for a condition that is independent of both.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let (condition, a, b) = (operands[0], operands[1], operands[2])
    if let masked = Self.masked(condition, a, b) { return [masked] }
    for operand in operands where operand.basis == .unknown {
      return [.unknown(operand.note ?? "an operand is not known")]
    }
    let share = condition.mean
    func mix(_ x: Double, _ y: Double) -> Double { share * x + (1 - share) * y }
    let second = mix(a.secondMoment, b.secondMoment)
    // In both places the same operand must be chosen, or two independent ones meet.
    let same = condition.sampleCorrelation * share
    let none = 1 - 2 * share + same
    let crossed = 2 * (share - same) * a.mean * b.mean
    func correlation(_ x: Double, _ y: Double) -> Double {
      let pairs = same * x * a.secondMoment + none * y * b.secondMoment + crossed
      return second == 0 ? 0 : pairs / second
    }
    let isCertain = share == 0 || share == 1
    return [
      Moments(
        mean: mix(a.mean, b.mean), secondMoment: second,
        sampleCorrelation: correlation(a.sampleCorrelation, b.sampleCorrelation),
        positionCorrelation: correlation(a.positionCorrelation, b.positionCorrelation),
        law: isCertain ? (share == 1 ? a.law : b.law) : .other,
        fluctuation: share > 0.5 ? a.fluctuation : b.fluctuation,
        basis: max(a.basis, b.basis, isCertain ? .closedForm : .firstOrder),
        note: isCertain ? nil : "the condition is taken as independent of what it chooses")
    ]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let places = operands.map { shape.sources(in: $0.shape) }
    let intervals = (0..<shape.count).map { element in
      let condition = operands[0].intervals[places[0][element]]
      let a = operands[1].intervals[places[1][element]]
      let b = operands[2].intervals[places[2][element]]
      if condition.lower > 0 { return a }
      return condition.upper < 1 ? b : a.union(b)
    }
    return [Bounds(intervals, shape: shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] { [] }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let shape = results[0].shape
    let chosen = operands[0].elements(as: Bool.self)[
      shape.source(of: element, in: operands[0].shape)]
    let number = chosen ? 1 : 2
    return .passedOn(
      operand: number, element: shape.source(of: element, in: operands[number].shape))
  }
}
