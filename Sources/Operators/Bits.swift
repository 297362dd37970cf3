public import Numbers
public import Semantics
public import Tensors

/// A function of the bits of two integers, element by element, broadcast by NumPy's rule.
public protocol BitwiseBinary: Discrete {
  func value(_ a: Int64, _ b: Int64) -> Int64

  /// What results lie in for operands that are not single numbers.
  func range(_ a: Interval, _ b: Interval) -> Interval
}

extension BitwiseBinary {
  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .integer, .integer)
    return [TensorType(try Self.broadcast(operands), .integer)]
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let loop = BroadcastLoop(results[0].shape, operands[0].shape, operands[1].shape)
    let (a, b) = (operands[0].elements(as: Int64.self), operands[1].elements(as: Int64.self))
    loop.map(a, b, into: results[0].elements(as: Int64.self)) { value($0, $1) }
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let (a, b) = (shape.sources(in: operands[0].shape), shape.sources(in: operands[1].shape))
    let intervals = zip(a, b).map { i, j in
      let (x, y) = (operands[0].intervals[i], operands[1].intervals[j])
      if let first = x.singleInteger, let second = y.singleInteger {
        return Interval(Double(value(first, second)))
      }
      return range(x, y).wrapped(bits: 64, isSigned: true)
    }
    return [Bounds(intervals, shape: shape)]
  }
}

extension Interval {
  /// The one integer that lies within, if doubles tell it from its neighbours.
  fileprivate var singleInteger: Int64? {
    lower == upper && abs(lower) < 0x1p53 ? Int64(lower) : nil
  }

  /// All numbers with no more bits than the members, which must not be negative.
  fileprivate func filled(with other: Interval) -> Interval {
    guard lower >= 0, other.lower >= 0 else { return .whole }
    let greatest = max(upper, other.upper)
    guard greatest >= 1 else { return Interval(0) }
    return Interval(
      0, Double(sign: .plus, exponent: Int(greatest.exponent) + 1, significand: 1) - 1)
  }
}

/// A bitwise operator without attributes.
public protocol PlainBitwise: BitwiseBinary {
  init()
}

extension PlainBitwise {
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
    self.init()
  }

  public var attributes: Attributes { [:] }
  public func range(_ a: Interval, _ b: Interval) -> Interval { a.filled(with: b) }
}

/// Bits that both have.
public struct BitwiseAnd: PlainBitwise {
  public static let name = "BitwiseAnd"
  public init() {}
  public func value(_ a: Int64, _ b: Int64) -> Int64 { a & b }
}

/// Bits that at least one has.
public struct BitwiseOr: PlainBitwise {
  public static let name = "BitwiseOr"
  public init() {}
  public func value(_ a: Int64, _ b: Int64) -> Int64 { a | b }
}

/// Bits that exactly one has.
public struct BitwiseXor: PlainBitwise {
  public static let name = "BitwiseXor"
  public init() {}
  public func value(_ a: Int64, _ b: Int64) -> Int64 { a ^ b }
}

/// All bits turned: `−1 − x`.
public struct BitwiseNot: Discrete {
  public static let name = "BitwiseNot"

  public init() {}

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .integer)
    return operands
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0].elements(as: Int64.self), results[0].elements(as: Int64.self))
    for i in x.indices { y[i] = ~x[i] }
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    [Bounds(operands[0].intervals.map { Interval(-1) - $0 }, shape: operands[0].shape)]
  }
}

/// The bits of an integer moved by a number of places; those that leave it are lost.
///
/// To the right a signed integer keeps its sign. Beyond all bits, and for a negative number of
/// places, only copies of the sign are left, or zeros.
public struct BitShift: BitwiseBinary {
  public static let name = "BitShift"

  public let isLeft: Bool
  /// Bits of the integers.
  public let bits: Int
  public let isSigned: Bool

  public init(isLeft: Bool, bits: Int = 64, isSigned: Bool = false) {
    precondition((1...64).contains(bits), "integers have up to 64 bits")
    self.isLeft = isLeft
    self.bits = bits
    self.isSigned = isSigned
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("direction", "bits", "signed", in: Self.name)
    isSigned = try Self.flag("signed", of: attributes)
    let direction = try attributes.text("direction", in: Self.name)
    bits = try attributes.integer("bits", default: 64, in: Self.name)
    isLeft = direction == "LEFT"
    guard ["LEFT", "RIGHT"].contains(direction), (1...64).contains(bits) else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "direction must be LEFT or RIGHT, and bits 1 to 64")
    }
  }

  public var attributes: Attributes {
    [
      "direction": .text(isLeft ? "LEFT" : "RIGHT"), "bits": .integer(bits),
      "signed": .integer(isSigned ? 1 : 0),
    ]
  }

  public func value(_ a: Int64, _ b: Int64) -> Int64 {
    let isInside = (0..<Int64(bits)).contains(b)
    if isSigned, !isLeft { return isInside ? a >> b : a < 0 ? -1 : 0 }
    guard isInside else { return 0 }
    let mask = UInt64.max >> UInt64(64 - bits)
    let pattern = UInt64(bitPattern: a) & mask
    let moved = (isLeft ? pattern << UInt64(b) : pattern >> UInt64(b)) & mask
    let isNegative = isSigned && moved >> UInt64(bits - 1) == 1
    return Int64(bitPattern: isNegative ? moved | ~mask : moved)
  }

  public func range(_ a: Interval, _ b: Interval) -> Interval {
    if !isLeft, a.lower >= 0 { return Interval(0, a.upper) }
    if isSigned { return isLeft ? .whole : Interval(min(a.lower, -1), max(a.upper, 0)) }
    return bits == 64
      ? .whole : Interval(0, Double(sign: .plus, exponent: bits, significand: 1) - 1)
  }
}
