public import Semantics
public import Tensors

/// Every `step`-th place of some axes, from a start to an end.
public struct Slice: Rearrangement {
  public static let name = "Slice"

  public let ranges: SliceRanges

  public init(starts: [Int], ends: [Int], axes: [Int]? = nil, steps: [Int]? = nil) {
    ranges = SliceRanges(starts: starts, ends: ends, axes: axes, steps: steps)
  }

  init(_ ranges: SliceRanges) { self.ranges = ranges }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("starts", "ends", "axes", "steps", in: Self.name)
    ranges = try SliceRanges(attributes: attributes, in: Self.name)
  }

  public var attributes: Attributes { ranges.attributes }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let shape = operands[0].shape
    try ranges.check(shape, in: Self.name)
    return [TensorType(ranges.result(of: shape), operands[0].kind)]
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (walk, offset) = ranges.walk(
      whole: operands[0].shape, part: results[0].shape, isReading: true)
    walk.copy(from: operands[0], at: offset, to: results[0])
  }

  public func source(
    ofElement element: Int, inResult result: Int, in signature: Signature
  ) -> Place? {
    let place = ranges.place(
      ofElement: element, part: signature.results[0].shape, whole: signature.operands[0].shape)
    return Place(operand: 0, element: place)
  }

  /// Zeros, with the cotangent where the slice was.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    let shape = graph.type(of: node.operands[0]).shape
    return [try graph.apply(SliceGradient(ranges, into: shape.extents), cotangent)]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    [operands[0].sampled]
  }
}

/// Zeros of a given shape, with the operand in the places that a slice reads.
public struct SliceGradient: Rearrangement {
  public static let name = "SliceGradient"

  public let ranges: SliceRanges
  /// The extents of the result.
  public let extents: [Int]

  init(_ ranges: SliceRanges, into extents: [Int]) {
    self.ranges = ranges
    self.extents = extents
  }

  /// The operand from `start` on along one axis of zeros of shape `extents`.
  init(at start: Int, count: Int, axis: Int, into extents: [Int]) {
    self.init(
      SliceRanges(starts: [start], ends: [start + count], axes: [axis], steps: nil),
      into: extents)
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("starts", "ends", "axes", "steps", "shape", in: Self.name)
    ranges = try SliceRanges(attributes: attributes, in: Self.name)
    extents = try attributes.integers("shape", in: Self.name)
    guard extents.allSatisfy({ $0 >= 0 }) else {
      throw refusal(.invalidAttribute, "shape \(extents) must not be negative")
    }
  }

  public var attributes: Attributes {
    var attributes = ranges.attributes
    attributes["shape"] = .integers(extents)
    return attributes
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 1...1)
    let shape = Shape(extents)
    try ranges.check(shape, in: Self.name)
    guard ranges.result(of: shape) == operands[0].shape else {
      throw refusal(
        .invalidShape,
        "a slice of \(shape) is \(ranges.result(of: shape)), not \(operands[0].shape)")
    }
    return [TensorType(shape)]
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    results[0].fillWithZeros()
    let (walk, offset) = ranges.walk(
      whole: results[0].shape, part: operands[0].shape, isReading: false)
    walk.copy(from: operands[0], to: results[0], toOffset: offset)
  }

  public func source(
    ofElement element: Int, inResult result: Int, in signature: Signature
  ) -> Place? {
    ranges.element(
      atPlace: element, part: signature.operands[0].shape, whole: signature.results[0].shape
    ).map { Place(operand: 0, element: $0) }
  }

  /// The same slice of the cotangent.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return [try graph.apply(Slice(ranges), cotangent)]
  }

  /// Moments diluted by the zeros.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let part = Double(signature.operands[0].shape.count)
    let whole = Double(signature.results[0].shape.count)
    return [.mixture([(operands[0], part), (.constant(0), whole - part)])]
  }
}
