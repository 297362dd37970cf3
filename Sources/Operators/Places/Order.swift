public import Numbers
public import Semantics
public import Tensors

/// An operator that gives integers, through which nothing flows back.
public protocol IntegerValued: Operator {}

extension IntegerValued {
  public func workspace(for signature: Signature) -> Int { 0 }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] { node.operands.map { _ in nil } }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    signature.results.map { _ in .unknown("integers and booleans are not followed") }
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] { [] }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    preconditionFailure("integers and booleans are finite")
  }
}

/// The indices of the k greatest or smallest elements of every lane, in that order.
///
/// Of equal elements the first comes first. NaN counts as greater than everything.
public struct TopKIndices: IntegerValued {
  public static let name = "TopKIndices"
  public let axis: Int
  public let k: Int
  public let largest: Bool

  public init(axis: Int = -1, k: Int, largest: Bool = true) {
    self.axis = axis
    self.k = k
    self.largest = largest
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", "k", "largest", in: Self.name)
    axis = try attributes.integer("axis", default: -1, in: Self.name)
    k = try attributes.integer("k", in: Self.name)
    largest = try Self.flag("largest", default: 1, of: attributes)
    guard k >= 0 else { throw refusal(.invalidAttribute, "'k' must not be negative") }
  }

  public var attributes: Attributes {
    ["axis": .integer(axis), "k": .integer(k), "largest": .integer(largest ? 1 : 0)]
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let shape = operands[0].shape
    let axis = try resolved(axis, in: shape)
    guard operands[0].kind != .boolean, k <= shape[axis] else {
      throw refusal(.invalidShape, "cannot order \(k) of axis \(axis) of \(operands[0])")
    }
    var extents = shape.extents
    extents[axis] = k
    return [TensorType(Shape(extents), .integer)]
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    guard k > 0 else { return }
    if operands[0].elementType == .int64 {
      order(operands[0].elements(as: Int64.self), operands[0].shape, results[0]) { $0 > $1 }
    } else {
      order(operands[0].elements(as: T.self), operands[0].shape, results[0]) {
        $0 > $1 || ($0.isNaN && !$1.isNaN)
      }
    }
  }

  /// A heap of the best k indices lies in the result itself, the worst of them first.
  private func order<E: Element>(
    _ x: Elements<E>, _ shape: Shape, _ result: Tensor, _ isGreater: (E, E) -> Bool
  ) {
    let (lanes, kept) = (Lanes(shape, axis: axis), Lanes(result.shape, axis: axis))
    let y = result.elements(as: Int64.self)
    for lane in 0..<lanes.count {
      let (from, to) = (lanes.start(of: lane), kept.start(of: lane))
      func comesBefore(_ a: Int64, _ b: Int64) -> Bool {
        let (left, right) = (x[from + Int(a) * lanes.stride], x[from + Int(b) * lanes.stride])
        if largest ? isGreater(left, right) : isGreater(right, left) { return true }
        if largest ? isGreater(right, left) : isGreater(left, right) { return false }
        return a < b
      }
      /// Moves an entry down until none below it is worse.
      func sink(_ start: Int, _ count: Int) {
        var place = start
        while true {
          var worst = place
          for child in [2 * place + 1, 2 * place + 2] where child < count {
            if comesBefore(y[to + worst * kept.stride], y[to + child * kept.stride]) {
              worst = child
            }
          }
          if worst == place { return }
          swap(place, worst)
          place = worst
        }
      }
      func swap(_ a: Int, _ b: Int) {
        let other = y[to + a * kept.stride]
        y[to + a * kept.stride] = y[to + b * kept.stride]
        y[to + b * kept.stride] = other
      }
      for index in 0..<k { y[to + index * kept.stride] = Int64(index) }
      for place in (0..<k / 2).reversed() { sink(place, k) }
      for index in k..<lanes.length where comesBefore(Int64(index), y[to]) {
        y[to] = Int64(index)
        sink(0, k)
      }
      for last in (1..<max(k, 1)).reversed() {
        swap(0, last)
        sink(0, last)
      }
    }
  }

  /// For every place of the order, from the first to the last index that can stand there.
  ///
  /// An index comes no earlier than as many others certainly come before it, and no later than those
  /// that can.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let (lanes, kept) = (Lanes(operands[0].shape, axis: axis), Lanes(shape, axis: axis))
    let last = lanes.length - 1
    // The comparison of all pairs is not worth its time for longer lanes.
    guard k > 0, lanes.length <= 4096 else {
      return [Bounds(repeating: Interval(0, Double(max(last, 0))), shape: shape)]
    }
    var intervals = [Interval](repeating: Interval(0), count: shape.count)
    for lane in 0..<lanes.count {
      let own = (0...last).map { index in
        let interval = operands[0].intervals[lanes.place(of: index, in: lane)]
        return largest ? interval : -interval
      }
      var first = [Int](repeating: last, count: k)
      var final = [Int](repeating: 0, count: k)
      for (i, x) in own.enumerated() {
        var (before, after) = (0, 0)
        for (j, y) in own.enumerated() where j != i {
          if j < i ? y.lower >= x.upper : y.lower > x.upper { before += 1 }
          if j > i ? y.upper <= x.lower : y.upper < x.lower { after += 1 }
        }
        for place in before...(last - after) where place < k {
          first[place] = min(first[place], i)
          final[place] = max(final[place], i)
        }
      }
      for place in 0..<k {
        intervals[kept.place(of: place, in: lane)] = Interval(
          Double(first[place]), Double(final[place]))
      }
    }
    return [Bounds(intervals, shape: shape)]
  }
}

/// The index of an extreme element of every lane, whose axis stays with one place.
public protocol Extreme: IntegerValued {
  var axis: Int { get }
  /// Whether of equal elements the last one counts.
  var selectLast: Bool { get }
  init(axis: Int, selectLast: Bool)
  static var isGreatest: Bool { get }
}

extension Extreme {
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", "select_last_index", in: Self.name)
    self.init(
      axis: try attributes.integer("axis", default: 0, in: Self.name),
      selectLast: try Self.flag("select_last_index", of: attributes))
  }

  public var attributes: Attributes {
    ["axis": .integer(axis), "select_last_index": .integer(selectLast ? 1 : 0)]
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let axis = try resolved(axis, in: operands[0].shape)
    var extents = operands[0].shape.extents
    guard operands[0].kind != .boolean, extents[axis] > 0 else {
      throw refusal(.invalidShape, "\(operands[0]) has no extreme along axis \(axis)")
    }
    extents[axis] = 1
    return [TensorType(Shape(extents), .integer)]
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let y = results[0].elements(as: Int64.self)
    if operands[0].elementType == .int64 {
      find(operands[0].elements(as: Int64.self), operands[0].shape, y) {
        $0 > $1
      } isNaN: { _ in
        false
      }
    } else {
      find(operands[0].elements(as: T.self), operands[0].shape, y) {
        $0 > $1
      } isNaN: {
        $0.isNaN
      }
    }
  }

  /// The first NaN counts as the extreme.
  private func find<E: Element>(
    _ x: Elements<E>, _ shape: Shape, _ y: Elements<Int64>, _ isGreater: (E, E) -> Bool,
    isNaN: (E) -> Bool
  ) {
    let lanes = Lanes(shape, axis: axis)
    for lane in 0..<lanes.count {
      let start = lanes.start(of: lane)
      var best = 0
      for index in 1..<max(lanes.length, 1) {
        let (old, new) = (x[start + best * lanes.stride], x[start + index * lanes.stride])
        if isNaN(old) { break }
        let isBetter = Self.isGreatest ? isGreater(new, old) : isGreater(old, new)
        let isWorse = Self.isGreatest ? isGreater(old, new) : isGreater(new, old)
        if isNaN(new) || isBetter || (selectLast && !isWorse) { best = index }
      }
      y[lane] = Int64(best)
    }
  }

  /// Indices whose element can be the extreme.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let lanes = Lanes(operands[0].shape, axis: axis)
    let intervals = (0..<lanes.count).map { lane -> Interval in
      let own = (0..<lanes.length).map {
        let interval = operands[0].intervals[lanes.place(of: $0, in: lane)]
        return Self.isGreatest ? interval : -interval
      }
      let candidates = own.possibleMaxima(lastCounts: selectLast)
      return Interval(Double(candidates.first ?? 0), Double(candidates.last ?? 0))
    }
    return [Bounds(intervals, shape: signature.results[0].shape)]
  }
}

/// The index of the greatest element.
public struct ArgMax: Extreme {
  public static let name = "ArgMax"
  public static var isGreatest: Bool { true }
  public let axis: Int
  public let selectLast: Bool

  public init(axis: Int, selectLast: Bool = false) {
    self.axis = axis
    self.selectLast = selectLast
  }
}

/// The index of the smallest element.
public struct ArgMin: Extreme {
  public static let name = "ArgMin"
  public static var isGreatest: Bool { false }
  public let axis: Int
  public let selectLast: Bool

  public init(axis: Int, selectLast: Bool = false) {
    self.axis = axis
    self.selectLast = selectLast
  }
}
