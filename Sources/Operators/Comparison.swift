public import Numbers
public import Semantics
public import Tensors

/// An operator that compares two tensors of reals or of integers element by element and gives booleans.
///
/// Nothing flows back through it, and no comparison with NaN holds.
public protocol Comparison: Elementwise {
  init()
  static func value<T: Comparable>(_ a: T, _ b: T) -> Bool

  /// Whether booleans are compared too, with false below true.
  static var takesBooleans: Bool { get }

  /// Whether it holds for all, for none (false) or for some (nil) of the members.
  static func decision(_ a: Interval, _ b: Interval) -> Bool?

  /// P(a ≷ b) for a difference a − b that is normal.
  static func probability(mean: Double, deviation: Double) -> Double
}

extension Comparison {
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
    self.init()
  }

  public static var takesBooleans: Bool { false }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    let kind = operands.first?.kind ?? .real
    try Self.check(operands, are: kind, kind)
    guard kind != .boolean || Self.takesBooleans else {
      throw Self.refusal("compares numbers, not booleans")
    }
    return [TensorType(try Self.broadcast(operands), .boolean)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    switch operands[0].elementType {
    case .float32: compare(operands, into: results[0], as: Float.self)
    case .float64: compare(operands, into: results[0], as: Double.self)
    case .int64: compare(operands, into: results[0], as: Int64.self)
    case .bool:
      let loop = BroadcastLoop(results[0].shape, operands[0].shape, operands[1].shape)
      let (a, b) = (operands[0].elements(as: Bool.self), operands[1].elements(as: Bool.self))
      loop.map(a, b, into: results[0].elements(as: Bool.self)) {
        Self.value($0 ? 1 : 0, $1 ? 1 : 0)
      }
    }
  }

  @inline(__always)
  private func compare<T: Element & Comparable>(
    _ operands: [Tensor], into result: Tensor, as _: T.Type
  ) {
    let loop = BroadcastLoop(result.shape, operands[0].shape, operands[1].shape)
    let (a, b) = (operands[0].elements(as: T.self), operands[1].elements(as: T.self))
    loop.map(a, b, into: result.elements(as: Bool.self)) { Self.value($0, $1) }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] { [nil, nil] }

  /// Moments of 1 for true and 0 for false, for normal operands.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let difference = Moments.sum(operands[0], operands[1].scaled(by: -1))
    guard difference.basis != .unknown else {
      return [.unknown(difference.note ?? "an operand is not known")]
    }
    let share = Self.probability(
      mean: difference.mean, deviation: difference.variance.squareRoot())
    let isNormal = operands.allSatisfy { $0.law != .other }
    return [
      Moments(
        mean: share, secondMoment: share, sampleCorrelation: share, positionCorrelation: share,
        basis: isNormal ? difference.basis : max(difference.basis, .firstOrder))
    ]
  }

  /// [1, 1] where it always holds, [0, 0] where it never does.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let (a, b) = (shape.sources(in: operands[0].shape), shape.sources(in: operands[1].shape))
    let intervals = zip(a, b).map { i, j in
      switch Self.decision(operands[0].intervals[i], operands[1].intervals[j]) {
      case true?: Interval(1)
      case false?: Interval(0)
      case nil: Interval(0, 1)
      }
    }
    return [Bounds(intervals, shape: shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] { [] }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    preconditionFailure("booleans are finite")
  }
}

/// `a < b`.
public struct Less: Comparison {
  public static let name = "Less"
  public init() {}

  public static func value<T: Comparable>(_ a: T, _ b: T) -> Bool { a < b }

  public static func decision(_ a: Interval, _ b: Interval) -> Bool? {
    a.upper < b.lower ? true : a.lower >= b.upper ? false : nil
  }

  public static func probability(mean: Double, deviation: Double) -> Double {
    if deviation == 0 { return mean < 0 ? 1 : 0 }
    return SpecialFunctions.normalDistribution(-mean / deviation)
  }
}

/// `a > b`.
public struct Greater: Comparison {
  public static let name = "Greater"
  public init() {}

  public static func value<T: Comparable>(_ a: T, _ b: T) -> Bool { a > b }

  public static func decision(_ a: Interval, _ b: Interval) -> Bool? { Less.decision(b, a) }

  public static func probability(mean: Double, deviation: Double) -> Double {
    Less.probability(mean: -mean, deviation: deviation)
  }
}

/// `a ≤ b`.
public struct LessOrEqual: Comparison {
  public static let name = "LessOrEqual"
  public init() {}

  public static func value<T: Comparable>(_ a: T, _ b: T) -> Bool { a <= b }

  public static func decision(_ a: Interval, _ b: Interval) -> Bool? {
    a.upper <= b.lower ? true : a.lower > b.upper ? false : nil
  }

  public static func probability(mean: Double, deviation: Double) -> Double {
    deviation == 0 ? (mean <= 0 ? 1 : 0) : Less.probability(mean: mean, deviation: deviation)
  }
}

/// `a ≥ b`.
public struct GreaterOrEqual: Comparison {
  public static let name = "GreaterOrEqual"
  public init() {}

  public static func value<T: Comparable>(_ a: T, _ b: T) -> Bool { a >= b }

  public static func decision(_ a: Interval, _ b: Interval) -> Bool? {
    LessOrEqual.decision(b, a)
  }

  public static func probability(mean: Double, deviation: Double) -> Double {
    LessOrEqual.probability(mean: -mean, deviation: deviation)
  }
}

/// `a = b`; the two zeros are equal.
public struct Equal: Comparison {
  public static let name = "Equal"
  public static var takesBooleans: Bool { true }
  public init() {}

  public static func value<T: Comparable>(_ a: T, _ b: T) -> Bool { a == b }

  public static func decision(_ a: Interval, _ b: Interval) -> Bool? {
    if a.lower == a.upper && a == b { return true }
    return a.intersection(b) == nil ? false : nil
  }

  public static func probability(mean: Double, deviation: Double) -> Double {
    deviation == 0 && mean == 0 ? 1 : 0
  }
}
