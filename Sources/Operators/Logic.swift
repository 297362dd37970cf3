import Numbers
public import Semantics
public import Tensors

/// A function of two booleans, element by element, broadcast by NumPy's rule.
public protocol BooleanBinary: Discrete {
  init()
  static func value(_ a: Bool, _ b: Bool) -> Bool
}

extension BooleanBinary {
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
    self.init()
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .boolean, .boolean)
    return [TensorType(try Self.broadcast(operands), .boolean)]
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let loop = BroadcastLoop(results[0].shape, operands[0].shape, operands[1].shape)
    let (a, b) = (operands[0].elements(as: Bool.self), operands[1].elements(as: Bool.self))
    loop.map(a, b, into: results[0].elements(as: Bool.self)) { Self.value($0, $1) }
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let (a, b) = (shape.sources(in: operands[0].shape), shape.sources(in: operands[1].shape))
    let intervals = zip(a, b).map { i, j in
      var outcomes: Set<Bool> = []
      for x in operands[0].intervals[i].truths {
        for y in operands[1].intervals[j].truths { outcomes.insert(Self.value(x, y)) }
      }
      return Interval(outcomes.contains(false) ? 0 : 1, outcomes.contains(true) ? 1 : 0)
    }
    return [Bounds(intervals, shape: shape)]
  }
}

extension Interval {
  /// The booleans that lie within, as 0 and 1.
  fileprivate var truths: [Bool] {
    lower > 0 ? [true] : upper < 1 ? [false] : [false, true]
  }
}

/// Both.
public struct And: BooleanBinary {
  public static let name = "And"
  public init() {}
  public static func value(_ a: Bool, _ b: Bool) -> Bool { a && b }
}

/// At least one.
public struct Or: BooleanBinary {
  public static let name = "Or"
  public init() {}
  public static func value(_ a: Bool, _ b: Bool) -> Bool { a || b }
}

/// Exactly one.
public struct Xor: BooleanBinary {
  public static let name = "Xor"
  public init() {}
  public static func value(_ a: Bool, _ b: Bool) -> Bool { a != b }
}

/// The opposite.
public struct Not: Discrete {
  public static let name = "Not"

  public init() {}

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .boolean)
    return operands
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0].elements(as: Bool.self), results[0].elements(as: Bool.self))
    for i in x.indices { y[i] = !x[i] }
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    [
      Bounds(
        operands[0].intervals.map { Interval(1 - $0.upper, 1 - $0.lower) },
        shape: operands[0].shape)
    ]
  }
}

/// Whether a real is NaN.
public struct IsNaN: Discrete {
  public static let name = "IsNaN"

  public init() {}

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .real)
    return [TensorType(operands[0].shape, .boolean)]
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0].elements(as: T.self), results[0].elements(as: Bool.self))
    for i in x.indices { y[i] = x[i].isNaN }
  }

  /// Members of an interval are numbers.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    [Bounds(repeating: Interval(0), shape: operands[0].shape)]
  }
}

/// Whether a real is infinite, of either sign or of one.
public struct IsInf: Discrete {
  public static let name = "IsInf"

  public let detectsPositive: Bool
  public let detectsNegative: Bool

  public init(detectsPositive: Bool = true, detectsNegative: Bool = true) {
    self.detectsPositive = detectsPositive
    self.detectsNegative = detectsNegative
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("detect_positive", "detect_negative", in: Self.name)
    self.init(
      detectsPositive: try Self.flag("detect_positive", default: 1, of: attributes),
      detectsNegative: try Self.flag("detect_negative", default: 1, of: attributes))
  }

  public var attributes: Attributes {
    [
      "detect_positive": .integer(detectsPositive ? 1 : 0),
      "detect_negative": .integer(detectsNegative ? 1 : 0),
    ]
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .real)
    return [TensorType(operands[0].shape, .boolean)]
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0].elements(as: T.self), results[0].elements(as: Bool.self))
    for i in x.indices {
      y[i] = x[i].isInfinite && (x[i] > 0 ? detectsPositive : detectsNegative)
    }
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let intervals = operands[0].intervals.map { x in
      let canBe =
        detectsPositive && x.upper == .infinity || detectsNegative && x.lower == -.infinity
      let must =
        detectsPositive && x.lower == .infinity || detectsNegative && x.upper == -.infinity
      return Interval(must ? 1 : 0, canBe || must ? 1 : 0)
    }
    return [Bounds(intervals, shape: operands[0].shape)]
  }
}
