public import Numbers
public import Semantics
public import Tensors

/// `a + b`.
public struct Add: Binary, Addition {
  public static let name = "Add"
  public init() {}

  public static var integerFunction: (@Sendable (Int64, Int64) -> Int64)? { { $0 &+ $1 } }

  public static func value<T: Scalar>(_ a: T, _ b: T) -> T { a + b }
  public static func combine(
    _ a: Elements<Float>, _ b: Elements<Float>, into y: Elements<Float>
  ) { VectorKernels.add(a, b, into: y) }
  public static func range(_ a: Interval, _ b: Interval) -> Interval { a + b }
  public static func moments(_ a: Moments, _ b: Moments, units: Int, positions: Int) -> Moments {
    .sum(a, b, units: units, positions: positions)
  }

  public static func failure(_ a: Double, _ b: Double) -> Cause.Reason? {
    if a.isFinite && b.isFinite { return .overflowOfSum }
    return (a + b).isNaN ? .infinityMinusInfinity : nil
  }

  public func partials(
    _ cotangent: Value, _ a: Value, _ b: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value) {
    (cotangent, cotangent)
  }
}

/// `a − b`.
public struct Sub: Binary {
  public static let name = "Sub"
  public init() {}

  public static var integerFunction: (@Sendable (Int64, Int64) -> Int64)? { { $0 &- $1 } }

  public static func value<T: Scalar>(_ a: T, _ b: T) -> T { a - b }
  public static func combine(
    _ a: Elements<Float>, _ b: Elements<Float>, into y: Elements<Float>
  ) { VectorKernels.subtract(a, b, into: y) }
  public static func range(_ a: Interval, _ b: Interval) -> Interval { a - b }
  public static func moments(_ a: Moments, _ b: Moments, units: Int, positions: Int) -> Moments {
    .sum(a, b.scaled(by: -1), units: units, positions: positions)
  }

  public static func failure(_ a: Double, _ b: Double) -> Cause.Reason? { Add.failure(a, -b) }

  public func partials(
    _ cotangent: Value, _ a: Value, _ b: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value) {
    (cotangent, try graph.apply(Neg(), cotangent))
  }
}

/// `a · b`.
public struct Mul: Binary {
  public static let name = "Mul"
  public init() {}

  public static var integerFunction: (@Sendable (Int64, Int64) -> Int64)? { { $0 &* $1 } }

  public static func value<T: Scalar>(_ a: T, _ b: T) -> T { a * b }
  public static func combine(
    _ a: Elements<Float>, _ b: Elements<Float>, into y: Elements<Float>
  ) { VectorKernels.multiply(a, b, into: y) }
  public static func range(_ a: Interval, _ b: Interval) -> Interval { a * b }
  public static func moments(_ a: Moments, _ b: Moments, units: Int, positions: Int) -> Moments {
    .product(a, b)
  }

  public static func failure(_ a: Double, _ b: Double) -> Cause.Reason? {
    if a.isFinite && b.isFinite { return .overflowOfProduct }
    return a == 0 || b == 0 ? .zeroTimesInfinity : nil
  }

  public func partials(
    _ cotangent: Value, _ a: Value, _ b: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value) {
    (try graph.apply(Mul(), cotangent, b), try graph.apply(Mul(), cotangent, a))
  }
}

/// `a / b`.
///
/// The derivative by b is computed as −dy · (a/b)/b. It overflows long before the value: for a = 1
/// in fp32 at |b| ≤ 5.4e-20, where 1/b² is beyond the greatest number.
public struct Div: Binary {
  public static let name = "Div"
  public init() {}

  /// Truncated towards 0; a division by 0 gives 0.
  public static var integerFunction: (@Sendable (Int64, Int64) -> Int64)? {
    { $1 == 0 ? 0 : $0.dividedReportingOverflow(by: $1).partialValue }
  }

  public static func integerRange(_ a: Interval, _ b: Interval) -> Interval {
    if b.contains(0) { return Interval(-a.magnitude, a.magnitude) }
    let quotient = a / b
    return Interval(quotient.lower.rounded(.towardZero), quotient.upper.rounded(.towardZero))
  }

  public static func value<T: Scalar>(_ a: T, _ b: T) -> T { a / b }
  public static func combine(
    _ a: Elements<Float>, _ b: Elements<Float>, into y: Elements<Float>
  ) { VectorKernels.divide(a, b, into: y) }
  public static func range(_ a: Interval, _ b: Interval) -> Interval { a / b }

  /// The quotient's moments as those of `a · (1/b)`.
  public static func moments(_ a: Moments, _ b: Moments, units: Int, positions: Int) -> Moments {
    .product(a, Reciprocal().moments(of: b, units: units, positions: positions))
  }

  public static func failure(_ a: Double, _ b: Double) -> Cause.Reason? {
    if a.isInfinite { return b.isInfinite ? .infinityOverInfinity : nil }
    if b == 0 { return a == 0 ? .zeroOverZero : .divisionByZero }
    return .overflowOfProduct
  }

  public func partials(
    _ cotangent: Value, _ a: Value, _ b: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value) {
    let slope = try graph.apply(Div(), graph.apply(Div(), a, b), b)
    return (
      try graph.apply(Div(), cotangent, b),
      try graph.apply(Neg(), graph.apply(Mul(), cotangent, slope))
    )
  }
}
