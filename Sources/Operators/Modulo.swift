public import Numbers
public import Semantics
public import Tensors

/// The rest of a division.
///
/// It has the sign of the divisor, or with fmod that of the dividend. By 0 it is 0 for integers and
/// NaN for reals.
public struct Mod: Elementwise {
  public static let name = "Mod"

  /// Whether the rest has the sign of the dividend.
  public let isFmod: Bool

  public init(isFmod: Bool) { self.isFmod = isFmod }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("fmod", in: Self.name)
    isFmod = try Self.flag("fmod", of: attributes)
  }

  public var attributes: Attributes { ["fmod": .integer(isFmod ? 1 : 0)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    let kind: ElementKind = operands.first?.kind == .integer ? .integer : .real
    try Self.check(operands, are: kind, kind)
    return [TensorType(try Self.broadcast(operands), kind)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let loop = BroadcastLoop(results[0].shape, operands[0].shape, operands[1].shape)
    if results[0].elementType == .int64 {
      let (a, b) = (operands[0].elements(as: Int64.self), operands[1].elements(as: Int64.self))
      loop.map(a, b, into: results[0].elements(as: Int64.self)) { rest($0, $1) }
    } else {
      let (a, b) = (operands[0].elements(as: T.self), operands[1].elements(as: T.self))
      loop.map(a, b, into: results[0].elements(as: T.self)) { rest($0, $1) }
    }
  }

  private func rest(_ a: Int64, _ b: Int64) -> Int64 {
    // −1 divides everything, and the least integer by it would overflow.
    if b == 0 || b == -1 { return 0 }
    let rest = a % b
    return isFmod || rest == 0 || (rest < 0) == (b < 0) ? rest : rest + b
  }

  private func rest<T: Scalar>(_ a: T, _ b: T) -> T {
    let rest = a.truncatingRemainder(dividingBy: b)
    if isFmod { return rest }
    if rest == 0 { return b.sign == .minus ? -abs(rest) : abs(rest) }
    return (rest < 0) == (b < 0) ? rest : rest + b
  }

  /// `a − b · trunc(a / b)`: the quotient, which jumps, has no slope.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let (a, b) = (node.operands[0], node.operands[1])
    let quotient = try graph.apply(Div(), graph.apply(Sub(), a, node.results[0]), b)
    let slope = try graph.apply(Neg(), graph.apply(Mul(), cotangent, quotient))
    return [
      try graph.summed(cotangent, to: graph.type(of: a).shape),
      try graph.summed(slope, to: graph.type(of: b).shape),
    ]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    [.unknown("the rest of a division has no moments that can be stated")]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let (a, b) = (shape.sources(in: operands[0].shape), shape.sources(in: operands[1].shape))
    let isReal = signature.results[0].kind == .real
    let intervals = zip(a, b).map { i, j in
      range(operands[0].intervals[i], operands[1].intervals[j], isReal: isReal)
    }
    return [Bounds(intervals, shape: shape)]
  }

  /// The rests between those of the ends, where the dividends reach over no jump: the rest rises
  /// with the dividend up to the next.
  private func rangeBetweenJumps(_ a: Interval, _ b: Interval) -> Interval? {
    guard b.lower == b.upper, b.isBounded, b.lower != 0, a.isBounded,
      a.magnitude < 0x1p52 * b.magnitude, (a - Interval(a.lower)).upper < b.magnitude
    else { return nil }
    let (low, high) = (exactRest(a.lower, b.lower), exactRest(a.upper, b.lower))
    return low.lower <= high.lower ? low.union(high) : nil
  }

  /// The rest, of which only the last sum is rounded.
  private func exactRest(_ a: Double, _ b: Double) -> Interval {
    let rest = a.truncatingRemainder(dividingBy: b)
    if isFmod || rest == 0 || (rest < 0) == (b < 0) { return Interval(rest) }
    return Interval(rest) + Interval(b)
  }

  private func range(_ a: Interval, _ b: Interval, isReal: Bool) -> Interval {
    if a.lower == a.upper, b.lower == b.upper, a.isBounded, b.isBounded, a.magnitude < 0x1p53,
      b.magnitude < 0x1p53
    {
      if !isReal { return Interval(Double(rest(Int64(a.lower), Int64(b.lower)))) }
    }
    if let within = rangeBetweenJumps(a, b) { return within }
    let reach = b.magnitude
    if isFmod {
      // No larger than either, with the sign of the dividend.
      let most = min(a.magnitude, reach)
      return Interval(a.lower < 0 ? -most : 0, a.upper > 0 ? most : 0)
    }
    return Interval(b.lower < 0 ? -reach : 0, b.upper > 0 ? reach : 0)
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard signature.results[0].kind == .real, operands[1].hull.contains(0),
      let a = Members(of: operands[0].hull, in: format)?.ends.first
    else { return [] }
    var search = HazardSearch(Self.name, in: format)
    search.add(
      .undefined, "a divisor can be 0, which gives NaN.",
      witness: [
        Tensor(repeating: a, signature.operands[0].shape),
        Tensor(repeating: 0, signature.operands[1].shape),
      ])
    return search.found
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let places = operands.indices.map {
      results[0].shape.source(of: element, in: operands[$0].shape)
    }
    let (a, b) = (operands[0].double(at: places[0]), operands[1].double(at: places[1]))
    if b.isNaN || (a.isFinite && b.isInfinite) { return .passedOn(operand: 1, element: places[1]) }
    if !a.isFinite { return .passedOn(operand: 0, element: places[0]) }
    return .produced(.divisionByZero, explanation: "the rest of \(a.told) divided by \(b.told)")
  }
}
