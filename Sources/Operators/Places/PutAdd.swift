public import Numbers
public import Semantics
public import Tensors

/// Zeros with values added at integer places of the flat order: the gradient of ``Take``.
///
/// Operands are real values and their places; a place outside of the result is left out.
public struct PutAdd: Operator {
  public static let name = "PutAdd"

  /// The extents of the result.
  public let extents: [Int]

  public init(into extents: [Int]) { self.extents = extents }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("shape", in: Self.name)
    extents = try attributes.integers("shape", in: Self.name)
    guard extents.allSatisfy({ $0 >= 0 }) else {
      throw refusal(.invalidAttribute, "shape \(extents) has a negative extent")
    }
  }

  public var attributes: Attributes { ["shape": .integers(extents)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .real, .integer)
    guard operands[0].shape == operands[1].shape else {
      throw refusal(
        .invalidShape, "\(operands[0]) and their places \(operands[1]) differ in shape")
    }
    return [TensorType(Shape(extents))]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  /// Adds in order, so that the same operands give the same bytes.
  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0].elements(as: T.self), results[0].elements(as: T.self))
    let places = operands[1].elements(as: Int64.self)
    results[0].fillWithZeros()
    for i in x.indices where places[i] >= 0 && places[i] < y.count { y[Int(places[i])] += x[i] }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let places = node.operands[1]
    // What lay outside of the result has no part in it.
    let count = try graph.apply(Cast(to: .integer), graph.apply(Constant(Double(shape.count))))
    let zero = try graph.apply(Cast(to: .integer), graph.apply(Constant(0)))
    let isInside = try graph.apply(
      And(), graph.apply(GreaterOrEqual(), places, zero), graph.apply(Less(), places, count))
    let taken = try graph.apply(
      Take(), cotangent, graph.apply(Where(), isInside, places, zero))
    return [try graph.apply(Where(), isInside, taken, graph.apply(Constant(0))), nil]
  }

  private var shape: Shape { Shape(extents) }

  /// K values hit V places evenly: as of ``GatherGradient``.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let x = operands[0]
    let hits = Double(signature.operands[1].shape.count)
    let count = Double(max(signature.results[0].shape.count, 1))
    let pairs = hits * (hits - 1) / (count * count)
    return [
      Moments(
        mean: x.mean * hits / count,
        secondMoment: x.secondMoment * (hits / count + pairs * x.sampleCorrelation),
        sampleCorrelation: x.sampleCorrelation, positionCorrelation: x.positionCorrelation,
        basis: max(x.basis, .firstOrder), note: x.note ?? "places taken to be uniform")
    ]
  }

  /// Sums of all values that may be added.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let start = Bounds(repeating: Interval(0), shape: shape)
    return [Bounds(start.adding(operands[0], at: operands[1]), shape: shape)]
  }

  /// Overflow where one place can collect too much.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard let members = [operands[0]].members(in: format), operands[1].intervals.count > 0,
      signature.results[0].shape.count > 0
    else { return [] }
    let places = operands[1].crowded(below: signature.results[0].shape.count)
    return overflowHazard(
      [members[0].tensor(\.upper), places], in: signature, format: format,
      "one place can collect more than the greatest number of \(format.name).")
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let places = operands[1].elements(as: Int64.self)
    var inquest = SumInquest(isNaN: results[0].double(at: element).isNaN)
    for i in places.indices where places[i] == element {
      inquest.see(Place(operand: 0, element: i), operands[0].double(at: i))
    }
    return inquest.verdict
  }
}

extension Bounds {
  /// The sums of these elements and of values at places that may be any of an interval.
  func adding(_ values: Bounds, at places: Bounds) -> [Interval] {
    var sums = intervals
    for (value, place) in zip(values.intervals, places.intervals) {
      let range = place.places(below: sums.count)
      let isCertain = range.count == 1 && place.isWithin(range)
      let term = isCertain ? value : value.union(Interval(0))
      for to in range { sums[to] = sums[to] + term }
    }
    return sums
  }

  /// Places within these intervals, as many as can be the same one.
  func crowded(below count: Int) -> Tensor {
    let ranges = intervals.map { $0.places(below: count) }
    let crowd = ranges.mostCrowded(below: count)
    let places = ranges.map { range -> Int64 in
      if let crowd, range.contains(crowd) { return Int64(crowd) }
      return Int64(range.first ?? 0)
    }
    return Tensor(places, shape: shape)
  }
}
