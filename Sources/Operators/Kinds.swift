public import Numbers
public import Semantics
public import Tensors

/// The same elements as another kind: reals, integers or booleans.
///
/// Reals become integers without their fraction (NaN 0, and those beyond 64 bits the greatest or
/// least), and true where they are not 0. Of real to real the cotangent passes.
public struct Cast: Elementwise {
  public static let name = "Cast"

  public let kind: ElementKind

  public init(to kind: ElementKind) { self.kind = kind }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("to", in: Self.name)
    let text = try attributes.text("to", in: Self.name)
    guard let kind = ElementKind(rawValue: text) else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "'to' must be real, integer or boolean")
    }
    self.kind = kind
  }

  public var attributes: Attributes { ["to": .text(kind.rawValue)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    return [TensorType(operands[0].shape, kind)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0], results[0])
    if x.elementType == y.elementType { return y.copyBytes(from: x) }
    switch (x.elementType, y.elementType) {
    case (.int64, .bool): map(x, y) { (x: Int64) in x != 0 }
    case (.bool, .int64): map(x, y) { (x: Bool) in x ? Int64(1) : 0 }
    case (.int64, _): map(x, y) { (x: Int64) in T(x) }
    case (.bool, _): map(x, y) { (x: Bool) in x ? T(1) : 0 }
    case (_, .int64): map(x, y) { (x: T) in Self.integer(Double(x)) }
    default: map(x, y) { (x: T) in x != 0 }
    }
  }

  @inline(__always)
  private func map<A: Element, B: Element>(_ x: Tensor, _ y: Tensor, _ f: (A) -> B) {
    let (source, target) = (x.elements(as: A.self), y.elements(as: B.self))
    for i in source.indices { target[i] = f(source[i]) }
  }

  private static func integer(_ x: Double) -> Int64 {
    if x.isNaN { return 0 }
    return x >= 0x1p63 ? .max : x <= -0x1p63 ? .min : Int64(x)
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    let isReal = kind == .real && graph.type(of: node.operands[0]).kind == .real
    return [isReal ? cotangents[0] : nil]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    guard kind == .real, signature.operands[0].kind == .real else {
      return [
        kind == .real && signature.operands[0].kind == .boolean
          ? operands[0] : .unknown("integers and booleans are not followed")
      ]
    }
    return operands
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let from = signature.operands[0].kind
    let intervals = operands[0].intervals.map { x -> Interval in
      switch (from, kind) {
      case (.real, .integer):
        Interval(
          min(max(x.lower.rounded(.towardZero), -0x1p63), 0x1p63),
          max(min(x.upper.rounded(.towardZero), 0x1p63), -0x1p63))
      case (.boolean, .boolean): x
      case (_, .boolean):
        Interval(x.contains(0) ? 0 : 1, x.lower == 0 && x.upper == 0 ? 0 : 1)
      default: x
      }
    }
    return [Bounds(intervals, shape: operands[0].shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard kind == .real, signature.operands[0].kind != .real else { return [] }
    var search = HazardSearch(Self.name, in: format)
    let hull = operands[0].hull
    for end in [hull.lower, hull.upper] where end.isFinite && format.overflows(end) {
      let text = "\(end) exceeds \(format.greatest), the greatest of \(format.name)."
      let witness =
        signature.operands[0].kind == .integer
        ? Tensor(
          [Int64](repeating: Self.integer(end), count: operands[0].shape.count),
          shape: operands[0].shape)
        : Tensor([Bool](repeating: true, count: operands[0].shape.count), shape: operands[0].shape)
      search.add(.overflow, text, witness: [witness])
    }
    return search.found
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    if operands[0].elementType == .int64 {
      return .produced(.overflowOfCast, explanation: "an integer beyond the format")
    }
    return .passedOn(operand: 0, element: element)
  }
}

/// An integer in a number of bits of two's complement: what lies beyond wraps around.
public struct WrapInteger: Discrete {
  public static let name = "WrapInteger"

  public let bits: Int
  public let isSigned: Bool

  public init(bits: Int, isSigned: Bool) {
    precondition((1...64).contains(bits), "integers have up to 64 bits")
    self.bits = bits
    self.isSigned = isSigned
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("bits", "signed", in: Self.name)
    bits = try attributes.integer("bits", in: Self.name)
    isSigned = try Self.flag("signed", default: 1, of: attributes)
    guard (1...64).contains(bits) else {
      throw OperatorError(.invalidAttribute, in: Self.name, "'bits' must lie from 1 to 64")
    }
  }

  public var attributes: Attributes {
    ["bits": .integer(bits), "signed": .integer(isSigned ? 1 : 0)]
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .integer)
    return operands
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0].elements(as: Int64.self), results[0].elements(as: Int64.self))
    let unused = Int64(64 - bits)
    for i in x.indices {
      let raised = x[i] << unused
      y[i] =
        isSigned
        ? raised >> unused : Int64(bitPattern: UInt64(bitPattern: raised) >> UInt64(unused))
    }
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    [
      Bounds(
        operands[0].intervals.map { $0.wrapped(bits: bits, isSigned: isSigned) },
        shape: operands[0].shape)
    ]
  }
}
