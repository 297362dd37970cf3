public import Numbers
public import Semantics
public import Tensors

/// The elements at integer places of the flat order, in the shape of the places.
///
/// Operands are x of any kind and the places. A place outside of x gives NaN, or 0 for integers and
/// booleans.
public struct Take: Operator {
  public static let name = "Take"

  public init() {}

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 2...2)
    guard operands[1].kind == .integer else {
      throw refusal(.invalidShape, "takes integers as places, not \(operands[1])")
    }
    return [TensorType(operands[1].shape, operands[0].kind)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let places = operands[1].elements(as: Int64.self)
    switch results[0].elementType {
    case .float32: copy(operands[0], places, into: results[0], missing: Float.nan)
    case .float64: copy(operands[0], places, into: results[0], missing: Double.nan)
    case .int64: copy(operands[0], places, into: results[0], missing: Int64(0))
    case .bool: copy(operands[0], places, into: results[0], missing: false)
    }
  }

  @inline(__always)
  private func copy<E: Element>(
    _ x: Tensor, _ places: Elements<Int64>, into y: Tensor, missing: E
  ) {
    let (source, target) = (x.elements(as: E.self), y.elements(as: E.self))
    let count = Int64(x.count)
    for i in target.indices {
      let place = places[i]
      target[i] = place >= 0 && place < count ? source[Int(place)] : missing
    }
  }

  /// Every cotangent, added to the place that its element was read from.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    let type = graph.type(of: node.operands[0])
    guard let cotangent = cotangents[0], type.kind == .real else { return [nil, nil] }
    return [try graph.apply(PutAdd(into: type.shape.extents), cotangent, node.operands[1]), nil]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    [operands[0].sampled]
  }

  /// For every result, all elements that its place may name.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let x = operands[0].intervals
    let whole = operands[0].hull
    let isReal = signature.results[0].kind == .real
    let intervals = operands[1].intervals.map { place -> Interval in
      let range = place.places(below: x.count)
      let found =
        range.count > 64
        ? whole
        : range.dropFirst().reduce(range.first.map { x[$0] } ?? Interval(0)) {
          $0.union(x[$1])
        }
      // What lies outside is not defined for reals, and 0 for others.
      return isReal || place.isWithin(range) ? found : found.union(Interval(0))
    }
    return [Bounds(intervals, shape: operands[1].shape)]
  }

  /// A place outside of x.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let count = Double(operands[0].intervals.count)
    guard signature.results[0].kind == .real, count > 0,
      let bad = operands[1].intervals.firstIndex(where: { $0.upper >= count || $0.lower < 0 })
    else { return [] }
    var places = operands[1].intervals.map { Int64(min(max($0.nearestToZero, 0), count - 1)) }
    places[bad] = operands[1].intervals[bad].upper >= count ? Int64(count) : -1
    return [
      Hazard(
        .undefined, "a place can lie outside of \(operands[0].shape), which gives NaN.",
        witness: [
          Tensor(operands[0].intervals.map(\.nearestToZero), shape: operands[0].shape),
          Tensor(places, shape: operands[1].shape),
        ])
    ]
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let place = operands[1].elements(as: Int64.self)[element]
    guard place >= 0, place < operands[0].count else {
      return .produced(
        .indexOutOfRange, explanation: "place \(place) is outside of \(operands[0].shape)")
    }
    return .passedOn(operand: 0, element: Int(place))
  }
}

extension Interval {
  /// Whole numbers of the interval that are places of a tensor.
  func places(below count: Int) -> Range<Int> {
    let low = max(lower, 0).rounded(.up)
    let high = min(upper, Double(count) - 1).rounded(.down)
    return low <= high ? Int(low)..<Int(high) + 1 : 0..<0
  }

  /// Whether every whole number of the interval is one of these places.
  func isWithin(_ places: Range<Int>) -> Bool {
    lower > Double(places.lowerBound) - 1 && upper < Double(places.upperBound)
  }
}
