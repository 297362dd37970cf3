public import Semantics
public import Tensors

/// The same elements in the same order under another shape.
public struct Reshape: Reshaping {
  public static let name = "Reshape"

  /// The extents wanted; 0 copies that of the operand, one −1 is inferred from the count.
  public let extents: [Int]

  public init(to extents: [Int]) { self.extents = extents }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("shape", in: Self.name)
    extents = try attributes.integers("shape", in: Self.name)
    guard extents.allSatisfy({ $0 >= -1 }), extents.count(where: { $0 == -1 }) <= 1 else {
      throw refusal(
        .invalidAttribute, "shape \(extents) must hold extents, 0 to copy one, or a single -1")
    }
  }

  public var attributes: Attributes { ["shape": .integers(extents)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let shape = operands[0].shape
    var result = extents
    for axis in extents.indices where extents[axis] == 0 {
      guard axis < shape.rank else {
        throw refusal(.invalidShape, "axis \(axis) of \(extents) copies none of \(shape)")
      }
      result[axis] = shape[axis]
    }
    if let open = result.firstIndex(of: -1) {
      result[open] = 1
      let known = Shape.count(of: result)
      guard known > 0, shape.count % known == 0 else {
        throw refusal(.invalidShape, "\(shape) does not fit \(extents)")
      }
      result[open] = shape.count / known
    }
    guard Shape.count(of: result) == shape.count else {
      throw refusal(
        .invalidShape,
        "\(shape) has \(shape.count) elements, \(extents) has \(Shape.count(of: result))")
    }
    return [TensorType(Shape(result), operands[0].kind)]
  }
}

/// A matrix: axes before `axis` become rows, the others columns.
public struct Flatten: Reshaping {
  public static let name = "Flatten"

  /// The first axis of the columns; negative axes count back.
  public let axis: Int

  public init(axis: Int = 1) { self.axis = axis }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", in: Self.name)
    axis = try attributes.integer("axis", default: 1, in: Self.name)
  }

  public var attributes: Attributes { ["axis": .integer(axis)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let shape = operands[0].shape
    let split = axis < 0 ? axis + shape.rank : axis
    guard (0...shape.rank).contains(split) else {
      throw refusal(.invalidAttribute, "axis \(axis) is outside the rank of \(shape)")
    }
    let rows = count(of: 0..<split, in: shape)
    let columns = count(of: split..<shape.rank, in: shape)
    return [TensorType([rows, columns], operands[0].kind)]
  }
}

/// The operand without axes of extent 1.
public struct Squeeze: Reshaping {
  public static let name = "Squeeze"

  /// The axes to remove; nil removes every axis of extent 1.
  public let axes: [Int]?

  public init(axes: [Int]? = nil) { self.axes = axes }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axes", in: Self.name)
    axes = attributes["axes"] == nil ? nil : try attributes.integers("axes", in: Self.name)
  }

  public var attributes: Attributes { axes.map { ["axes": .integers($0)] } ?? [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let shape = operands[0].shape
    var removed = Set(shape.extents.indices.filter { axes == nil && shape[$0] == 1 })
    for axis in axes ?? [] {
      let axis = try resolved(axis, in: shape)
      guard shape[axis] == 1 else {
        throw refusal(.invalidShape, "axis \(axis) of \(shape) has more than one place")
      }
      removed.insert(axis)
    }
    let extents = shape.extents.indices.filter { !removed.contains($0) }.map { shape[$0] }
    return [TensorType(Shape(extents), operands[0].kind)]
  }
}

/// The operand with new axes of extent 1.
public struct Unsqueeze: Reshaping {
  public static let name = "Unsqueeze"

  /// The places of the new axes in the result; negative places count back.
  public let axes: [Int]

  public init(axes: [Int]) { self.axes = axes }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axes", in: Self.name)
    axes = try attributes.integers("axes", in: Self.name)
  }

  public var attributes: Attributes { ["axes": .integers(axes)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let shape = operands[0].shape
    let rank = shape.rank + axes.count
    let places = axes.map { $0 < 0 ? $0 + rank : $0 }
    guard Set(places).count == axes.count, places.allSatisfy({ (0..<rank).contains($0) }) else {
      throw refusal(.invalidAttribute, "axes \(axes) are not places of a result of rank \(rank)")
    }
    var rest = shape.extents[...]
    let extents = (0..<rank).map { places.contains($0) ? 1 : rest.removeFirst() }
    return [TensorType(Shape(extents), operands[0].kind)]
  }
}
