public import Semantics
public import Tensors

/// Operands one after another along an axis.
public struct Concat: Rearrangement {
  public static let name = "Concat"

  public let axis: Int

  public init(axis: Int) { self.axis = axis }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", in: Self.name)
    axis = try attributes.integer("axis", in: Self.name)
  }

  public var attributes: Attributes { ["axis": .integer(axis)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    guard let first = operands.first else {
      throw refusal(.invalidShape, "takes at least one operand")
    }
    let axis = try resolved(axis, in: first.shape)
    var extents = first.shape.extents
    for operand in operands.dropFirst() {
      var expected = first.shape.extents
      if operand.shape.rank == expected.count { expected[axis] = operand.shape[axis] }
      guard operand.kind == first.kind, operand.shape.extents == expected else {
        throw refusal(.invalidShape, "\(operand) does not continue \(first) along axis \(axis)")
      }
      extents[axis] += operand.shape[axis]
    }
    return [TensorType(Shape(extents), first.kind)]
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    Joint(whole: results[0], pieces: operands, axis: axis, isSplit: false).run()
  }

  public func source(
    ofElement element: Int, inResult result: Int, in signature: Signature
  ) -> Place? {
    let rows = Rows(signature.results[0].shape, axis: axis)
    var column = element % rows.columns
    for (number, operand) in signature.operands.enumerated() {
      let columns = rows.columns(of: operand.shape)
      if column < columns {
        return Place(operand: number, element: element / rows.columns * columns + column)
      }
      column -= columns
    }
    preconditionFailure("the operands fill the result")
  }

  /// The parts of the cotangent.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return node.operands.map { _ in nil } }
    let types = node.operands.map { graph.type(of: $0) }
    guard types[0].kind == .real else { return node.operands.map { _ in nil } }
    let axis = try resolved(axis, in: types[0].shape)
    let split = Split(axis: axis, extents: types.map { $0.shape[axis] })
    return try graph.append(split, to: [cotangent])
  }

  /// Moments weighted by size.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    var result = Moments.mixture(
      zip(operands, signature.operands).map { ($0, Double($1.shape.count)) })
    let shape = signature.results[0].shape
    let place = axis < 0 ? axis + shape.rank : axis
    let areSingle = signature.operands.allSatisfy { $0.shape[place] == 1 }
    // Values of one place each, side by side, are the steps of a recurrence.
    if operands.count > 2, areSingle, place > 0, place < shape.rank - 1,
      !operands.contains(where: \.isShared)
    {
      var roles = operands[0].roles(in: signature.operands[0].shape)
      roles.roles[place] = .position
      result.axes = roles
      result.areSteps = true
    }
    return [result]
  }
}

/// The operand cut into parts along an axis.
public struct Split: Rearrangement {
  public static let name = "Split"

  public let axis: Int
  /// The extent of each part along the axis.
  public let extents: [Int]

  public init(axis: Int, extents: [Int]) {
    self.axis = axis
    self.extents = extents
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", "split", in: Self.name)
    axis = try attributes.integer("axis", default: 0, in: Self.name)
    extents = try attributes.integers("split", in: Self.name)
    guard !extents.isEmpty, extents.allSatisfy({ $0 >= 0 }) else {
      throw refusal(.invalidAttribute, "split \(extents) must hold the extents of the parts")
    }
  }

  public var attributes: Attributes { ["axis": .integer(axis), "split": .integers(extents)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let shape = operands[0].shape
    let axis = try resolved(axis, in: shape)
    // Parts may be numbers out of a file, whose sum need not fit.
    var rest = shape[axis]
    for extent in extents where rest >= 0 { rest = extent > rest ? -1 : rest - extent }
    guard rest == 0 else {
      throw refusal(.invalidShape, "parts \(extents) do not fill axis \(axis) of \(shape)")
    }
    return extents.map { extent in
      var part = shape.extents
      part[axis] = extent
      return TensorType(Shape(part), operands[0].kind)
    }
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    Joint(whole: operands[0], pieces: results, axis: axis, isSplit: true).run()
  }

  public func source(
    ofElement element: Int, inResult result: Int, in signature: Signature
  ) -> Place? {
    let rows = Rows(signature.operands[0].shape, axis: axis)
    var offset = 0
    for part in signature.results[..<result] { offset += rows.columns(of: part.shape) }
    let columns = rows.columns(of: signature.results[result].shape)
    return Place(
      operand: 0, element: element / columns * rows.columns + offset + element % columns)
  }

  /// The cotangents of the parts side by side, with zeros for those that have none.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    let shape = graph.type(of: node.operands[0]).shape
    let axis = try resolved(axis, in: shape)
    var pieces: [Value] = []
    var zeros = 0
    for (number, cotangent) in cotangents.enumerated() {
      guard let cotangent else {
        zeros += extents[number]
        continue
      }
      // Parts without a cotangent become zeros around the next one that has one, or the last.
      let isLast = cotangents[(number + 1)...].allSatisfy { $0 == nil }
      let after = isLast ? extents[(number + 1)...].reduce(0, +) : 0
      if zeros + after == 0 {
        pieces.append(cotangent)
      } else {
        var padded = shape.extents
        padded[axis] = zeros + extents[number] + after
        let pad = SliceGradient(at: zeros, count: extents[number], axis: axis, into: padded)
        pieces.append(try graph.apply(pad, cotangent))
      }
      zeros = 0
    }
    if pieces.count <= 1 { return [pieces.first] }
    return [try graph.append(Concat(axis: axis), to: pieces)[0]]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    signature.results.map { _ in operands[0].sampled }
  }
}

/// A tensor seen as rows (the axes before one) of columns (that axis and those after it).
private struct Rows {
  let axis: Int
  let count: Int
  let columns: Int

  init(_ shape: Shape, axis: Int) {
    self.axis = axis < 0 ? axis + shape.rank : axis
    count = Operators.count(of: 0..<self.axis, in: shape)
    columns = Operators.count(of: self.axis..<shape.rank, in: shape)
  }

  /// A walk over `columns` of every row, with the distances between rows on both sides.
  func walk(_ columns: Int, source: Int, target: Int) -> StridedWalk {
    var walk = StridedWalk()
    walk.append(extent: count, source: source, target: target)
    walk.append(extent: columns, source: 1, target: 1)
    return walk
  }

  /// The columns of a tensor that differs along the axis alone.
  func columns(of shape: Shape) -> Int { Operators.count(of: axis..<shape.rank, in: shape) }
}

/// A tensor and the pieces that it is made of along an axis, copied by threads, some pieces each.
private struct Joint: PartedWork {
  let whole: Tensor
  let pieces: [Tensor]
  let axis: Int
  /// Whether the pieces are filled from the whole.
  let isSplit: Bool

  /// Fixed by the extents; little is copied at once.
  private var parts: Int { min(pieces.count, 8, whole.count / 32_768 + 1) }

  func run() { Threads.run(parts: parts, self) }

  func run(part: Int) {
    let rows = Rows(whole.shape, axis: axis)
    let first = pieces.count * part / parts
    var offset = 0
    for number in 0..<pieces.count * (part + 1) / parts {
      let columns = rows.columns(of: pieces[number].shape)
      defer { offset += columns }
      guard number >= first else { continue }
      if isSplit {
        rows.walk(columns, source: rows.columns, target: columns)
          .copy(from: whole, at: offset, to: pieces[number])
      } else {
        rows.walk(columns, source: columns, target: rows.columns)
          .copy(from: pieces[number], to: whole, toOffset: offset)
      }
    }
  }
}
