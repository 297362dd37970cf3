public import Numbers
import Semantics
import Tensors

/// How the bits of an element are read.
public enum BitLayout: Hashable, Sendable {
  case real(NumberFormat)
  /// In two's complement where it is signed.
  case integer(bits: Int, isSigned: Bool)
  /// A byte that is 0 or 1.
  case boolean

  /// A format's name, `int8` or `uint8`, `bool`.
  init?(named text: String) {
    if text == "bool" {
      self = .boolean
    } else if let format = Self.format(named: text) {
      self = .real(format)
    } else {
      let isSigned = text.hasPrefix("int")
      guard isSigned || text.hasPrefix("uint"), let bits = Int(text.dropFirst(isSigned ? 3 : 4)),
        (1...64).contains(bits)
      else { return nil }
      self = .integer(bits: bits, isSigned: isSigned)
    }
  }

  private static func format(named text: String) -> NumberFormat? {
    let scales = NumberFormat.fp8E8M0()
    return text == scales.name ? scales : .named(text)
  }

  var text: String {
    switch self {
    case .real(let format): format.name
    case .integer(let bits, let isSigned): "\(isSigned ? "int" : "uint")\(bits)"
    case .boolean: "bool"
    }
  }

  public var bitCount: Int {
    switch self {
    case .real(let format): format.bitCount
    case .integer(let bits, _): bits
    case .boolean: 8
    }
  }

  var kind: ElementKind {
    switch self {
    case .real: .real
    case .integer: .integer
    case .boolean: .boolean
    }
  }
}

extension BitLayout {
  /// The bits of an integer in as many places.
  func code(of integer: Int64) -> UInt64 {
    UInt64(bitPattern: integer) & UInt64.max >> UInt64(64 - bitCount)
  }

  /// The integer of a code.
  func integer(of code: UInt64) -> Int64 {
    guard case .integer(let bits, true) = self else { return Int64(bitPattern: code) }
    let unused = UInt64(64 - bits)
    return Int64(bitPattern: code << unused) >> Int64(unused)
  }

  /// The bits of a real number; of an integer or boolean that a double holds.
  func code(of value: Double) -> UInt64 {
    switch self {
    case .real(let format): format.code(of: value)
    case .integer: code(of: value >= 0x1p63 ? .max : value <= -0x1p63 ? .min : Int64(value))
    case .boolean: value == 0 ? 0 : 1
    }
  }

  /// What a code stands for, as far as a double tells.
  func value(of code: UInt64) -> Double {
    switch self {
    case .real(let format): format.value(ofCode: code)
    case .integer: Double(integer(of: code))
    case .boolean: code == 0 ? 0 : 1
    }
  }

  /// Everything that an element can be, infinities included.
  var all: Interval {
    switch self {
    case .real(let format):
      format.hasInfinity
        ? .whole
        : Interval(format.holdsScales ? format.leastNormal : -format.greatest, format.greatest)
    case .integer(let bits, let isSigned): Interval.whole.wrapped(bits: bits, isSigned: isSigned)
    case .boolean: Interval(0, 1)
    }
  }

  /// The codes of the members of an interval, where those of its ends bound them.
  ///
  /// Codes with the same highest bit rise, or fall, with what they stand for. Zeros of both signs
  /// lie far from each other, and so do integers on both sides of 0.
  func codes(of x: Interval) -> ClosedRange<UInt64>? {
    switch self {
    case .real: if x.contains(0) { return nil }
    case .integer: if x.magnitude >= 0x1p53 { return nil }
    case .boolean: break
    }
    let (a, b) = (code(of: x.lower), code(of: x.upper))
    return Self.isRising(a, b, bits: bitCount) ? min(a, b)...max(a, b) : nil
  }

  /// What codes stand for, as an interval.
  func values(of codes: ClosedRange<UInt64>?) -> Interval {
    guard let codes, Self.isRising(codes.lowerBound, codes.upperBound, bits: bitCount) else {
      return all
    }
    let (a, b) = (value(of: codes.lowerBound), value(of: codes.upperBound))
    // What is no number lies beyond an end of the others, so that it hides where they end.
    return a.isNaN || b.isNaN ? all : Interval(min(a, b), max(a, b))
  }

  private static func isRising(_ a: UInt64, _ b: UInt64, bits: Int) -> Bool {
    (a ^ b) >> UInt64(bits - 1) == 0
  }

  /// Codes that stand for infinities, and one for NaN, where there are any.
  var specialCodes: [UInt64] {
    guard case .real(let format) = self else { return [] }
    return [.infinity, -.infinity, .nan].map { format.code(of: $0) }
      .filter { !format.value(ofCode: $0).isFinite }
  }
}
