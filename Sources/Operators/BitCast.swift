public import Numbers
public import Semantics
public import Tensors

/// The bits of every element read as another type of as many bits.
///
/// Elements count as members of the types: a real is first rounded to its format. Of the many NaN of
/// a format one of each sign is known, save for singles that are computed with as such.
public struct BitCast: Elementwise {
  public static let name = "BitCast"

  public let from: BitLayout
  public let to: BitLayout

  public init(from: BitLayout, to: BitLayout) {
    precondition(from.bitCount == to.bitCount, "the types must have as many bits")
    self.from = from
    self.to = to
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("from", "to", in: Self.name)
    let texts = (
      try attributes.text("from", in: Self.name), try attributes.text("to", in: Self.name)
    )
    guard let from = BitLayout(named: texts.0), let to = BitLayout(named: texts.1),
      from.bitCount == to.bitCount
    else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "'from' and 'to' must be types of as many bits")
    }
    self.init(from: from, to: to)
  }

  public var attributes: Attributes { ["from": .text(from.text), "to": .text(to.text)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    guard operands[0].kind == from.kind else {
      throw OperatorError(
        .invalidShape, in: Self.name, "takes elements of \(from.text), not \(operands[0])")
    }
    return [TensorType(operands[0].shape, to.kind)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0], results[0])
    switch (x.elementType, y.elementType) {
    case (.int64, .int64): map(x, y) { (x: Int64) in to.integer(of: from.code(of: x)) }
    case (.int64, .bool): map(x, y) { (x: Int64) in from.code(of: x) != 0 }
    case (.int64, _): map(x, y) { (x: Int64) in real(from.code(of: x)) as T }
    case (.bool, .int64): map(x, y) { (x: Bool) in x ? 1 : 0 as Int64 }
    case (.bool, .bool): y.copyBytes(from: x)
    case (.bool, _): map(x, y) { (x: Bool) in real(x ? 1 : 0) as T }
    case (_, .int64): map(x, y) { (x: T) in to.integer(of: code(x)) }
    case (_, .bool): map(x, y) { (x: T) in code(x) != 0 }
    default: map(x, y) { (x: T) in real(code(x)) as T }
    }
  }

  @inline(__always)
  private func map<A: Element, B: Element>(_ x: Tensor, _ y: Tensor, _ f: (A) -> B) {
    let (source, target) = (x.elements(as: A.self), y.elements(as: B.self))
    for i in source.indices { target[i] = f(source[i]) }
  }

  private func code<T: Scalar>(_ x: T) -> UInt64 {
    if let x = x as? Float, from == .real(.fp32) { return UInt64(x.bitPattern) }
    return from.code(of: Double(x))
  }

  private func real<T: Scalar>(_ code: UInt64) -> T {
    if to == .real(.fp32), let x = Float(bitPattern: UInt32(truncatingIfNeeded: code)) as? T {
      return x
    }
    return T(to.value(of: code))
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] { [nil] }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    [from == to ? operands[0] : .unknown("bits are not followed")]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    [Bounds(operands[0].intervals.map(range), shape: operands[0].shape)]
  }

  private func range(_ x: Interval) -> Interval {
    from == to ? x : to.values(of: from.codes(of: x))
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    var search = HazardSearch(Self.name, in: format)
    for code in to.specialCodes {
      let member = from.value(of: code)
      // Only what the operand can hold, and a number of the format where it is real.
      guard member.isFinite, from.code(of: member) == code,
        from.kind != .real || format.rounded(member) == member,
        operands[0].intervals.contains(where: { $0.contains(member) })
      else { continue }
      let elements = operands[0].intervals.map { $0.contains(member) ? member : $0.nearestToZero }
      let found = to.value(of: code)
      search.add(
        found.isNaN ? .undefined : .pole, "The bits of \(member) are \(found) in \(to.text).",
        witness: [witness(elements, operands[0].shape)])
    }
    return search.found
  }

  private func witness(_ elements: [Double], _ shape: Shape) -> Tensor {
    switch from.kind {
    case .real: Tensor(elements, shape: shape)
    case .integer: Tensor(elements.map { Int64($0.rounded(.up)) }, shape: shape)
    case .boolean: Tensor(elements.map { $0 != 0 }, shape: shape)
    }
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    if from.kind == .real, !operands[0].double(at: element).isFinite {
      return .passedOn(operand: 0, element: element)
    }
    return .produced(
      .outsideDomain, explanation: "the bits stand for \(results[0].double(at: element))")
  }
}
