public import Numbers
public import Semantics
public import Tensors

/// Rows of a table by integer indices along an axis: an embedding.
///
/// The result has the table's shape with the axis replaced by the shape of the indices. Negative
/// indices count back. An index outside the table gives NaN, as a silent row would hide it.
public struct Gather: Operator {
  public static let name = "Gather"

  public let axis: Int

  public init(axis: Int = 0) { self.axis = axis }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", in: Self.name)
    axis = try attributes.integer("axis", default: 0, in: Self.name)
  }

  public var attributes: Attributes { ["axis": .integer(axis)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 2...2)
    guard operands[0].kind == .real, operands[1].kind == .integer else {
      throw refusal(
        .invalidShape, "takes real rows and integer indices, not \(operands[0]), \(operands[1])")
    }
    let shape = operands[0].shape
    let axis = try resolved(axis, in: shape)
    return [
      TensorType(
        Shape(shape.extents[..<axis] + operands[1].shape.extents + shape.extents[(axis + 1)...]))
    ]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let table = TableLayout(operands[0].shape, axis: axis)
    let source = operands[0].elements(as: T.self)
    let target = results[0].elements(as: T.self)
    let indices = operands[1].elements(as: Int64.self)
    for outer in 0..<table.outer {
      for place in indices.indices {
        let start = (outer * indices.count + place) * table.width
        let row = target[start..<start + table.width]
        if let index = table.row(indices[place]) {
          let from = (outer * table.rows + index) * table.width
          unsafe row.pointer.update(
            from: source[from..<from + table.width].pointer, count: row.count)
        } else {
          for k in row.indices { row[k] = .nan }
        }
      }
    }
  }

  /// Every row's cotangent, summed into the place it was read from.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let shape = graph.type(of: node.operands[0]).shape
    let sum = GatherGradient(axis: try resolved(axis, in: shape), into: shape.extents)
    return [try graph.apply(sum, cotangent, node.operands[1]), nil]
  }

  /// Those of the table; as indices differ between samples, rows of a parameter are new draws.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let (table, indices) = (signature.operands[0].shape, signature.operands[1].shape)
    let result = operands[0].sampled
    guard result.isParameter else { return [result] }
    // Rows of a vocabulary; what every sample takes alike has no axis of samples.
    let rows = table.rank == 0 ? 1 : table[(axis + table.rank) % table.rank]
    return [result.rows(of: rows, isShared: indices.rank < 2 || indices[0] == 1)]
  }

  /// For every place, all rows that its index may name.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let table = TableLayout(operands[0].shape, axis: axis)
    let indices = operands[1].intervals
    let shape = signature.results[0].shape
    var intervals: [Interval] = []
    intervals.reserveCapacity(shape.count)
    for outer in 0..<table.outer {
      for index in indices {
        let rows = table.rows(within: index)
        for k in 0..<table.width {
          let places = rows.map {
            operands[0].intervals[(outer * table.rows + $0) * table.width + k]
          }
          intervals.append(places.dropFirst().reduce(places.first ?? .init(0, 0)) { $0.union($1) })
        }
      }
    }
    return [Bounds(intervals, shape: shape)]
  }

  /// An index outside the table.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let table = TableLayout(operands[0].shape, axis: axis)
    let rows = Double(table.rows)
    guard table.outer * table.width > 0,
      let place = operands[1].intervals.firstIndex(where: { $0.upper >= rows || $0.lower < -rows })
    else { return [] }
    var indices = operands[1].intervals.map { Int64(min(max($0.nearestToZero, -rows), rows - 1)) }
    let interval = operands[1].intervals[place]
    indices[place] = Int64(interval.upper >= rows ? rows : -rows - 1)
    return [
      Hazard(
        .undefined, "an index can lie outside the \(table.rows) rows, which gives NaN.",
        witness: [
          Tensor(operands[0].intervals.map(\.nearestToZero), shape: operands[0].shape),
          Tensor(indices, shape: operands[1].shape),
        ])
    ]
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let table = TableLayout(operands[0].shape, axis: axis)
    let place = element / table.width % operands[1].count
    let outer = element / table.width / operands[1].count
    let index = operands[1].elements(as: Int64.self)[place]
    guard let row = table.row(index) else {
      return .produced(
        .indexOutOfRange, explanation: "index \(index) is outside the \(table.rows) rows")
    }
    return .passedOn(
      operand: 0, element: (outer * table.rows + row) * table.width + element % table.width)
  }
}

/// Zeros with rows added at integer indices along an axis: the gradient of ``Gather``.
public struct GatherGradient: Operator {
  public static let name = "GatherGradient"

  /// The axis of the result that indices run along.
  public let axis: Int
  /// The extents of the result.
  public let extents: [Int]

  public init(axis: Int, into extents: [Int]) {
    self.axis = axis
    self.extents = extents
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", "shape", in: Self.name)
    axis = try attributes.integer("axis", default: 0, in: Self.name)
    extents = try attributes.integers("shape", in: Self.name)
    guard extents.allSatisfy({ $0 >= 0 }), extents.indices.contains(axis) else {
      throw refusal(.invalidAttribute, "axis \(axis) and shape \(extents) do not fit")
    }
  }

  public var attributes: Attributes { ["axis": .integer(axis), "shape": .integers(extents)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 2...2)
    let expected = extents[..<axis] + operands[1].shape.extents + extents[(axis + 1)...]
    guard operands[0].kind == .real, operands[1].kind == .integer,
      operands[0].shape.extents == Array(expected)
    else {
      throw refusal(
        .invalidShape, "\(operands[0]) with indices \(operands[1]) does not fit \(extents)")
    }
    return [TensorType(Shape(extents))]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  /// Adds in the order of the indices, so that the same operands give the same bytes.
  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let table = TableLayout(results[0].shape, axis: axis)
    let source = operands[0].elements(as: T.self)
    let target = results[0].elements(as: T.self)
    let indices = operands[1].elements(as: Int64.self)
    results[0].fillWithZeros()
    for outer in 0..<table.outer {
      for place in indices.indices {
        guard let index = table.row(indices[place]) else { continue }
        let from = (outer * indices.count + place) * table.width
        let to = (outer * table.rows + index) * table.width
        for k in 0..<table.width { target[to + k] += source[from + k] }
      }
    }
  }

  /// The rows of the cotangent that the operand's rows went to.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    return [try graph.apply(Gather(axis: axis), cotangent, node.operands[1]), nil]
  }

  /// Places along one axis of a value, each taken evenly often: k cotangents meet at a place, and add
  /// up as two positions correlate.
  private func ofPlaces(_ x: Moments, in signature: Signature) -> Moments {
    let hits = Double(signature.operands[1].shape.count)
    let often = hits / Double(max(extents[axis], 1))
    var result = x.sampled
    let role = x.roles(in: signature.operands[0].shape).roles[axis]
    let pairs = max(0, often - 1) * x.correlation(along: role, isLast: false)
    result.mean *= often
    result.secondMoment *= often * (1 + pairs)
    result.laneCorrelation = nil
    result.origin = nil
    result.basis = max(x.basis, .firstOrder)
    return result
  }

  /// Each index hits each of V rows with probability 1/V: the mean square of K hits of one row is
  /// K/V for independent terms, and (K/V)² − K/V² more for their common part.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    if signature.operands[1].shape.rank == 1, axis != 0 {
      return [ofPlaces(operands[0], in: signature)]
    }
    let x = operands[0]
    let hits = Double(signature.operands[1].shape.count)
    let rows = Double(max(extents[axis], 1))
    let pairs = hits * (hits - 1) / (rows * rows)
    return [
      Moments(
        mean: x.mean * hits / rows,
        secondMoment: x.secondMoment * (hits / rows + pairs * x.sampleCorrelation),
        sampleCorrelation: 1, positionCorrelation: 1, basis: max(x.basis, .firstOrder),
        note: x.note ?? "indices taken to be uniform")
    ]
  }

  /// Sums of any of the rows that may be added.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let table = TableLayout(shape, axis: axis)
    let indices = operands[1].intervals
    var sums = [Interval](repeating: Interval(0), count: shape.count)
    for outer in 0..<table.outer {
      for (place, index) in indices.enumerated() {
        let rows = table.rows(within: index)
        let isCertain = rows.count == 1 && table.isCertain(index)
        for k in 0..<table.width {
          let value = operands[0].intervals[(outer * indices.count + place) * table.width + k]
          let term = isCertain ? value : value.union(Interval(0))
          for row in rows {
            let to = (outer * table.rows + row) * table.width + k
            sums[to] = sums[to] + term
          }
        }
      }
    }
    return [Bounds(sums, shape: shape)]
  }

  /// Overflow where the indices let one row collect too much.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard let members = operands.members(in: format) else { return [] }
    let table = TableLayout(signature.results[0].shape, axis: axis)
    let indices = operands[1].intervals
    // All indices name the row that most of them may name.
    let choices = indices.map { table.ranges(within: $0) }
    guard let row = choices.joined().mostCrowded(below: table.rows) else { return [] }
    let chosen = choices.map { ranges in
      ranges.contains { $0.contains(row) } ? row : ranges.first?.lowerBound ?? 0
    }
    let witness = [
      members[0].tensor(\.upper), Tensor(chosen.map { Int64($0) }, shape: operands[1].shape),
    ]
    return overflowHazard(
      witness, in: signature, format: format,
      "row \(row) can collect more than the greatest number of \(format.name).")
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let table = TableLayout(results[0].shape, axis: axis)
    let indices = operands[1].elements(as: Int64.self)
    let outer = element / table.width / table.rows
    var inquest = SumInquest(isNaN: results[0].double(at: element).isNaN)
    for place in indices.indices
    where table.row(indices[place]) == element / table.width % table.rows {
      let index = (outer * indices.count + place) * table.width + element % table.width
      inquest.see(Place(operand: 0, element: index), operands[0].double(at: index))
    }
    return inquest.verdict
  }
}

/// A tensor seen as `outer` tables of `rows` rows of `width` elements.
private struct TableLayout {
  let outer: Int
  let rows: Int
  let width: Int

  init(_ shape: Shape, axis: Int) {
    let axis = axis < 0 ? axis + shape.rank : axis
    outer = count(of: 0..<axis, in: shape)
    rows = shape.extents[axis]
    width = count(of: axis + 1..<shape.rank, in: shape)
  }

  /// The row that an index names, or nil outside the table.
  func row(_ index: Int64) -> Int? {
    let row = index < 0 ? Int(index) + rows : Int(index)
    return row >= 0 && row < rows ? row : nil
  }

  /// Whether every whole number of the interval names a row.
  func isCertain(_ interval: Interval) -> Bool {
    interval.lower > -Double(rows) - 1 && interval.upper < Double(rows)
  }

  /// The rows that indices within an interval name, in order.
  func rows(within interval: Interval) -> [Int] { ranges(within: interval).flatMap { $0 } }

  /// The same as ranges that do not meet: negative indices count from the end.
  func ranges(within interval: Interval) -> [Range<Int>] {
    let limit = Double(rows)
    let low = Int(max(interval.lower, -limit).rounded(.up))
    let high = Int(min(interval.upper, limit - 1).rounded(.down))
    if low > high { return [] }
    if low >= 0 { return [low..<high + 1] }
    let fromEnd = low + rows..<min(high, -1) + rows + 1
    guard high >= 0 else { return [fromEnd] }
    return high + 1 >= fromEnd.lowerBound ? [0..<rows] : [0..<high + 1, fromEnd]
  }
}
