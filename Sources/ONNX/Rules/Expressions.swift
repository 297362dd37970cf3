import Operators
import Semantics
import Tensors

/// What rules write in terms of simpler operators.
extension Builder {
  // MARK: Arithmetic

  func add(_ a: Operand, _ b: Operand) throws -> Operand { try wrapped(apply(Add(), a, b)) }

  func subtract(_ a: Operand, _ b: Operand) throws -> Operand { try wrapped(apply(Sub(), a, b)) }

  func multiply(_ a: Operand, _ b: Operand) throws -> Operand { try wrapped(apply(Mul(), a, b)) }

  func divide(_ a: Operand, _ b: Operand) throws -> Operand { try wrapped(apply(Div(), a, b)) }

  func add(_ a: Operand, _ number: Double) throws -> Operand {
    number == 0 ? a : try add(a, scalar(number, a.type))
  }

  func multiply(_ a: Operand, _ number: Double) throws -> Operand {
    number == 1 ? a : try multiply(a, scalar(number, a.type))
  }

  func negate(_ a: Operand) throws -> Operand {
    a.isReal ? try apply(Neg(), a) : try subtract(scalar(0, a.type), a)
  }

  func power(_ a: Operand, _ exponent: Double) throws -> Operand {
    exponent == 1 ? a : try apply(Pow(), a, scalar(exponent, a.type))
  }

  /// `x` held between two limits, either of which may be missing.
  func clip(
    _ x: Operand, _ least: Double?, _ greatest: Double?, isOpen: Bool = false
  ) throws -> Operand {
    var attributes: Attributes = isOpen ? ["open": .integer(1)] : [:]
    if let least { attributes["min"] = .real(least) }
    if let greatest { attributes["max"] = .real(greatest) }
    return try apply(Clip(attributes: attributes), x)
  }

  func choose(_ condition: Operand, _ a: Operand, _ b: Operand) throws -> Operand {
    try apply(Where(), condition, a, b, as: a.type)
  }

  /// The product of matrices as NumPy has it; of integers exactly, in sums of products.
  func product(_ a: Operand, _ b: Operand) throws -> Operand {
    guard a.kind == .integer, b.kind == .integer else { return try apply(MatMul(), a, b) }
    let left = try unsqueeze(a.rank == 1 ? unsqueeze(a, [0]) : a, [-1])
    let right = try unsqueeze(b.rank == 1 ? unsqueeze(b, [1]) : b, [-3])
    guard left.shape[left.rank - 2] == right.shape[right.rank - 2],
      let shape = left.shape.broadcast(with: right.shape), shape.count <= 1 << 28
    else {
      throw ModelError.invalid(
        "the matrices \(a.shape) and \(b.shape) do not chain, or are too large")
    }
    let result = try sum(multiply(left, right), [shape.rank - 2], keepsAxes: false)
    return try squeeze(
      result, (a.rank == 1 ? [result.rank - 2] : []) + (b.rank == 1 ? [result.rank - 1] : []))
  }

  // MARK: Reductions

  func sum(_ x: Operand, _ axes: [Int], keepsAxes: Bool = true) throws -> Operand {
    axes.isEmpty ? x : try wrapped(apply(ReduceSum(axes: axes, keepsAxes: keepsAxes), x))
  }

  func mean(_ x: Operand, _ axes: [Int], keepsAxes: Bool = true) throws -> Operand {
    axes.isEmpty ? x : try apply(ReduceMean(axes: axes, keepsAxes: keepsAxes), x)
  }

  // MARK: Shapes

  func reshape(_ x: Operand, _ extents: [Int]) throws -> Operand {
    guard extents != x.shape.extents else { return x }
    if x.count == 0, !extents.contains(-1), Shape.count(of: extents) == 0 {
      return empty(x.type, Shape(extents))
    }
    return try apply(Reshape(to: extents), x)
  }

  /// A tensor without elements.
  func empty(_ type: DataType, _ shape: Shape) -> Operand {
    constant(Tensor(zeros: shape, Double.elementType(of: type.kind ?? .real)), type)
  }

  func transpose(_ x: Operand, _ permutation: [Int]) throws -> Operand {
    permutation == Array(0..<x.rank) ? x : try apply(Transpose(permutation: permutation), x)
  }

  func unsqueeze(_ x: Operand, _ axes: [Int]) throws -> Operand {
    axes.isEmpty ? x : try apply(Unsqueeze(axes: axes), x)
  }

  func squeeze(_ x: Operand, _ axes: [Int]) throws -> Operand {
    axes.isEmpty ? x : try apply(Squeeze(axes: axes), x)
  }

  func expand(_ x: Operand, _ extents: [Int]) throws -> Operand {
    if x.shape.extents == extents { return x }
    return try apply(Expand(to: Limits.shape(extents, of: "the result")), x)
  }

  /// Places `from ..< to` of an axis.
  func slice(_ x: Operand, axis: Int, from: Int, to: Int, step: Int = 1) throws -> Operand {
    if from == 0, to == x.shape[axis], step == 1 { return x }
    return try apply(Slice(starts: [from], ends: [to], axes: [axis], steps: [step]), x)
  }

  /// One place of an axis, without the axis.
  func place(_ index: Int, ofAxis axis: Int, in x: Operand) throws -> Operand {
    var extents = x.shape.extents
    extents.remove(at: axis)
    return try reshape(slice(x, axis: axis, from: index, to: index + 1), extents)
  }

  func reversed(_ x: Operand, axis: Int) throws -> Operand {
    guard x.shape[axis] > 1 else { return x }
    return try apply(Slice(starts: [-1], ends: [-(1 << 40)], axes: [axis], steps: [-1]), x)
  }

  func concat(_ operands: [Operand], axis: Int) throws -> Operand {
    let full = operands.filter { $0.shape[axis] > 0 }
    if full.count == 1 { return full[0] }
    if full.isEmpty { return operands[0] }
    return try append(Concat(axis: axis), to: full)[0]
  }

  func stack(_ operands: [Operand], axis: Int) throws -> Operand {
    try concat(operands.map { try unsqueeze($0, [axis]) }, axis: axis)
  }

  func split(_ x: Operand, axis: Int, _ extents: [Int]) throws -> [Operand] {
    guard extents.count > 1 else { return [x] }
    return try append(Split(axis: axis, extents: extents), to: [x])
  }

  /// `x` surrounded by a value.
  func padded(
    _ x: Operand, before: [Int], after: [Int], with value: Double = 0
  ) throws -> Operand {
    var result = x
    for axis in 0..<x.rank where before[axis] > 0 || after[axis] > 0 {
      func edge(_ extent: Int) throws -> [Operand] {
        guard extent > 0 else { return [] }
        var extents = result.shape.extents
        extents[axis] = extent
        return [try expand(scalar(value, x.type), extents)]
      }
      result = try concat(edge(before[axis]) + [result] + edge(after[axis]), axis: axis)
    }
    return result
  }

  // MARK: Places in the flat order of elements

  /// The elements at places of the flat order, in the shape of the places.
  func take(_ x: Operand, _ places: Operand) throws -> Operand {
    try apply(Take(), x, places, as: x.type)
  }

  /// The elements at places that are known now.
  func take(_ x: Operand, _ places: [Int], shape: [Int]) throws -> Operand {
    try take(x, integers(places, shape: Shape(shape)))
  }

  /// As many integers, each by its place: the place itself unless said.
  ///
  /// - Throws: ``ModelError`` where so many need more memory than there may be.
  func places(
    _ count: Int, shape: Shape? = nil, _ number: (Int) -> Int = { $0 }
  ) throws -> Operand {
    try Limits.room(for: count, of: "the places of an axis")
    return integers((0..<count).map(number), shape: shape)
  }

  /// The numbers of all places in flat order, as a tensor of this shape along one of its axes.
  func indices(_ shape: Shape, axis: Int) throws -> Operand {
    var extents = [Int](repeating: 1, count: shape.rank)
    extents[axis] = shape[axis]
    return try places(shape[axis], shape: Shape(extents))
  }
}
