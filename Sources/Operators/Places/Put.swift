public import Numbers
public import Semantics
public import Tensors

/// A copy of x with updates at integer places of its flat order.
///
/// Operands are x, the places, and the updates in the shape of the places; a place outside of x is
/// left out. Where places repeat, `none` keeps the last update.
public struct Put: Operator {
  public static let name = "Put"

  /// What becomes of an element and an update for it.
  public enum Reduction: String, Hashable, Sendable {
    /// The update.
    case none
    case add, mul, max, min
  }

  public let reduction: Reduction

  public init(reduction: Reduction = .none) { self.reduction = reduction }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("reduction", in: Self.name)
    let text = try attributes.text("reduction", default: "none", in: Self.name)
    guard let reduction = Reduction(rawValue: text) else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "'reduction' must be none, add, mul, max or min")
    }
    self.reduction = reduction
  }

  public var attributes: Attributes { ["reduction": .text(reduction.rawValue)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 3...3)
    guard operands[1].kind == .integer, operands[2].kind == operands[0].kind,
      operands[1].shape == operands[2].shape, operands[0].kind != .boolean || reduction == .none
    else {
      throw refusal(
        .invalidShape,
        "takes x, integer places and updates, not \(operands[0]), \(operands[1]), \(operands[2])")
    }
    return [operands[0]]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    results[0].copyBytes(from: operands[0])
    switch results[0].elementType {
    case .float32: putReals(operands, into: results[0].elements(as: Float.self))
    case .float64: putReals(operands, into: results[0].elements(as: Double.self))
    case .int64:
      let y = results[0].elements(as: Int64.self)
      switch reduction {
      case .none: put(operands, into: y) { $1 }
      case .add: put(operands, into: y) { $0 &+ $1 }
      case .mul: put(operands, into: y) { $0 &* $1 }
      case .max: put(operands, into: y) { Swift.max($0, $1) }
      case .min: put(operands, into: y) { Swift.min($0, $1) }
      }
    case .bool: put(operands, into: results[0].elements(as: Bool.self)) { $1 }
    }
  }

  private func putReals<T: Scalar>(_ operands: [Tensor], into y: Elements<T>) {
    switch reduction {
    case .none: put(operands, into: y) { $1 }
    case .add: put(operands, into: y) { $0 + $1 }
    case .mul: put(operands, into: y) { $0 * $1 }
    case .max: put(operands, into: y) { Max.value($0, $1) }
    case .min: put(operands, into: y) { Min.value($0, $1) }
    }
  }

  @inline(__always)
  private func put<E: Element>(
    _ operands: [Tensor], into y: Elements<E>, _ combine: (E, E) -> E
  ) {
    let (places, updates) = (operands[1].elements(as: Int64.self), operands[2].elements(as: E.self))
    for i in places.indices where places[i] >= 0 && places[i] < y.count {
      let place = Int(places[i])
      y[place] = combine(y[place], updates[i])
    }
  }

  /// Exact where no place repeats; extremes that tie share their cotangent.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0], graph.type(of: node.operands[0]).kind == .real else {
      return [nil, nil, nil]
    }
    let (x, places, updates) = (node.operands[0], node.operands[1], node.operands[2])
    let type = graph.type(of: updates)
    switch reduction {
    case .none:
      let zeros = try graph.apply(Constant(0, shape: type.shape))
      return [
        try graph.apply(Put(), cotangent, places, zeros), nil,
        try graph.apply(Take(), cotangent, places),
      ]
    case .add: return [cotangent, nil, try graph.apply(Take(), cotangent, places)]
    case .mul:
      let ones = try graph.apply(
        Constant(1, shape: graph.type(of: x).shape))
      let factor = try graph.apply(self, ones, places, updates)
      let product = try graph.apply(Mul(), cotangent, x)
      return [
        try graph.apply(Mul(), cotangent, factor), nil,
        try graph.apply(Take(), product, places),
      ]
    case .max, .min:
      let y = node.results[0]
      let isOwn = try graph.apply(Cast(to: .real), graph.apply(Equal(), x, y))
      let isUpdate = try graph.apply(
        Cast(to: .real), graph.apply(Equal(), updates, graph.apply(Take(), y, places)))
      let sum = try graph.apply(PutAdd(into: graph.type(of: x).shape.extents), isUpdate, places)
      let share = try graph.apply(Div(), cotangent, graph.apply(Add(), isOwn, sum))
      return [
        try graph.apply(Mul(), share, isOwn), nil,
        try graph.apply(Mul(), graph.apply(Take(), share, places), isUpdate),
      ]
    }
  }

  /// Elements and updates by their number; sums for places that are hit evenly.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let (x, updates) = (operands[0], operands[2])
    let count = Double(signature.results[0].shape.count)
    let hits = Double(signature.operands[1].shape.count)
    switch reduction {
    case .none:
      let hit = Swift.min(hits, count)
      return [.mixture([(x, count - hit), (updates, hit)])]
    case .add:
      let share = PutAdd(into: signature.results[0].shape.extents).moments(
        of: [updates, operands[1]],
        in: Signature(
          operands: [signature.operands[2], signature.operands[1]], results: signature.results))
      return [.sum(x.sampled, share[0])]
    case .mul, .max, .min:
      return [.unknown("which elements meet an update is not followed")]
    }
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let isInteger = signature.results[0].kind == .integer
    func result(_ intervals: [Interval]) -> [Bounds] {
      let wrapped =
        isInteger ? intervals.map { $0.wholeNumbers.wrapped(bits: 64, isSigned: true) } : intervals
      return [Bounds(wrapped, shape: shape)]
    }
    if reduction == .add { return result(operands[0].adding(operands[2], at: operands[1])) }
    var intervals = operands[0].intervals
    for (place, update) in zip(operands[1].intervals, operands[2].intervals) {
      let range = place.places(below: intervals.count)
      let isCertain = range.count == 1 && place.isWithin(range)
      for to in range {
        let old = intervals[to]
        let new: Interval =
          switch reduction {
          case .none, .add: update
          case .mul: old * update
          case .max: .maximum(old, update)
          case .min: .minimum(old, update)
          }
        intervals[to] = isCertain ? new : old.union(new)
      }
    }
    return result(intervals)
  }

  /// Sums and products that overflow.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard signature.results[0].kind == .real, reduction == .add || reduction == .mul,
      let members = [operands[0], operands[2]].members(in: format),
      operands[1].intervals.count > 0, signature.results[0].shape.count > 0
    else { return [] }
    let places = operands[1].crowded(below: signature.results[0].shape.count)
    return overflowHazard(
      [members[0].tensor(\.upper), places, members[1].tensor(\.upper)], in: signature,
      format: format,
      "an element and its updates can exceed the greatest number of \(format.name).")
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let places = operands[1].elements(as: Int64.self)
    let hits = places.indices.filter { places[$0] == element }
    let updates = hits.map { Place(operand: 2, element: $0) }
    let own = Place(operand: 0, element: element)
    switch reduction {
    case .none:
      guard let last = hits.last else { return .passedOn(operand: 0, element: element) }
      return .passedOn(operand: 2, element: last)
    case .add:
      var inquest = SumInquest(isNaN: results[0].double(at: element).isNaN)
      inquest.see(own, operands[0].double(at: element))
      for hit in hits {
        inquest.see(Place(operand: 2, element: hit), operands[2].double(at: hit))
      }
      return inquest.verdict
    case .mul:
      let isNaN = results[0].double(at: element).isNaN
      let factors = [own] + updates
      let values = factors.map { operands[$0.operand].double(at: $0.element) }
      let product = values.map(\.told).joined(separator: ", ")
      if isNaN, !values.contains(where: \.isNaN), values.contains(0) {
        return .produced(.zeroTimesInfinity, explanation: "a product of \(product)")
      }
      return .passedOn(factors, of: operands)
        ?? .produced(.overflowOfProduct, explanation: "a product of \(product)")
    case .max, .min:
      return .passedOn([own] + updates, of: operands)
        ?? .produced(.overflowOfCast, explanation: "the greatest of finite numbers in a format")
    }
  }
}
