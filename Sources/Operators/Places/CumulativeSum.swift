public import Numbers
public import Semantics
public import Tensors

/// Sums of all elements of a lane up to each place.
///
/// `exclusive` leaves the place itself out, `reverse` sums from the end. Reals are summed in double.
public struct CumulativeSum: Operator {
  public static let name = "CumulativeSum"
  public let axis: Int
  public let exclusive: Bool
  public let reverse: Bool

  public init(axis: Int, exclusive: Bool = false, reverse: Bool = false) {
    self.axis = axis
    self.exclusive = exclusive
    self.reverse = reverse
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", "exclusive", "reverse", in: Self.name)
    axis = try attributes.integer("axis", in: Self.name)
    exclusive = try Self.flag("exclusive", of: attributes)
    reverse = try Self.flag("reverse", of: attributes)
  }

  public var attributes: Attributes {
    [
      "axis": .integer(axis), "exclusive": .integer(exclusive ? 1 : 0),
      "reverse": .integer(reverse ? 1 : 0),
    ]
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    _ = try resolved(axis, in: operands[0].shape)
    guard operands[0].kind != .boolean else {
      throw refusal(.invalidShape, "takes numbers, not \(operands[0])")
    }
    return operands
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  /// Calls `body` with the elements of a lane in the order of summation.
  private func forEach(_ lanes: Lanes, _ lane: Int, _ body: (Int) -> Void) {
    for step in 0..<lanes.length {
      body(lanes.place(of: reverse ? lanes.length - 1 - step : step, in: lane))
    }
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let lanes = Lanes(operands[0].shape, axis: axis)
    if operands[0].elementType == .int64 {
      let (x, y) = (operands[0].elements(as: Int64.self), results[0].elements(as: Int64.self))
      for lane in 0..<lanes.count {
        var sum: Int64 = 0
        forEach(lanes, lane) { place in
          let next = sum &+ x[place]
          y[place] = exclusive ? sum : next
          sum = next
        }
      }
      return
    }
    let (x, y) = (operands[0].elements(as: T.self), results[0].elements(as: T.self))
    for lane in 0..<lanes.count {
      var sum = 0.0
      forEach(lanes, lane) { place in
        let next = sum + Double(x[place])
        y[place] = T(exclusive ? sum : next)
        sum = next
      }
    }
  }

  /// Every element is part of the sums after it.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0], graph.type(of: node.operands[0]).kind == .real else {
      return [nil]
    }
    let back = CumulativeSum(axis: axis, exclusive: exclusive, reverse: !reverse)
    return [try graph.apply(back, cotangent)]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    [.unknown("sums of more and more elements have no common moments")]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let lanes = Lanes(operands[0].shape, axis: axis)
    let x = operands[0].intervals
    var y = x
    for lane in 0..<lanes.count {
      var terms: [Interval] = []
      var sum = Interval(0)
      forEach(lanes, lane) { place in
        let before = sum.widenedBySummation(of: terms)
        terms.append(x[place])
        sum = sum + x[place]
        y[place] = exclusive ? before : sum.widenedBySummation(of: terms)
      }
    }
    if signature.results[0].kind == .integer {
      y = y.map { $0.wholeNumbers.wrapped(bits: 64, isSigned: true) }
    }
    return [Bounds(y, shape: operands[0].shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard signature.results[0].kind == .real, let members = operands.members(in: format) else {
      return []
    }
    return overflowHazard(
      [members[0].tensor(\.upper)], in: signature, format: format,
      "a sum can exceed the greatest number of \(format.name).")
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let lanes = Lanes(operands[0].shape, axis: axis)
    var inquest = SumInquest(isNaN: results[0].double(at: element).isNaN)
    var isDone = false
    forEach(lanes, lanes.lane(of: element)) { place in
      if exclusive, place == element { isDone = true }
      if !isDone {
        inquest.see(Place(operand: 0, element: place), operands[0].double(at: place))
      }
      if place == element { isDone = true }
    }
    return inquest.verdict
  }
}
