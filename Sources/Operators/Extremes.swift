public import Numbers
import RealModule
public import Semantics
public import Tensors

/// How the cotangent is shared where the two operands of an extreme are equal.
public enum Ties: String, Sendable {
  /// Half to each, as PyTorch and JAX do for their `maximum` and `minimum`.
  case halves
  /// All to the first, as for a number that is held at a limit.
  case first
}

/// The greater or the smaller of two numbers: nothing flows back to the operand that is not taken,
/// whatever the cotangent is.
public protocol ExtremeOfTwo: Binary {
  var ties: Ties { get }
  init(ties: Ties)

  /// Whether the second operand is taken, and not the first.
  static func takesSecond(
    _ a: Value, _ b: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value
}

extension ExtremeOfTwo {
  public init() { self.init(ties: .halves) }

  /// Takes `ties`: `halves`, which is meant when it is missing, or `first`.
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("ties", in: Self.name)
    let text = try attributes.text("ties", default: Ties.halves.rawValue, in: Self.name)
    guard let ties = Ties(rawValue: text) else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "'ties' must be halves or first, not '\(text)'")
    }
    self.init(ties: ties)
  }

  public var attributes: Attributes { ["ties": .text(ties.rawValue)] }

  public static func failure(_ a: Double, _ b: Double) -> Cause.Reason? {
    a.isFinite && b.isFinite ? .overflowOfCast : nil
  }

  public func partials(
    _ cotangent: Value, _ a: Value, _ b: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value) {
    let zero = try graph.apply(Constant(0))
    let isSecond = try Self.takesSecond(a, b, in: &graph)
    let first = try graph.apply(Where(), isSecond, zero, cotangent)
    let second = try graph.apply(Where(), isSecond, cotangent, zero)
    guard ties == .halves else { return (first, second) }
    let isTie = try graph.apply(Equal(), a, b)
    let half = try graph.scaled(cotangent, by: 0.5)
    return (
      try graph.apply(Where(), isTie, half, first), try graph.apply(Where(), isTie, half, second)
    )
  }
}

/// The smaller of a and b, or NaN where either is.
public struct Min: ExtremeOfTwo {
  public static let name = "Min"
  public let ties: Ties
  public init(ties: Ties) { self.ties = ties }

  public static var integerFunction: (@Sendable (Int64, Int64) -> Int64)? { { min($0, $1) } }

  public static func value<T: Scalar>(_ a: T, _ b: T) -> T {
    a.isNaN ? a : b < a || b.isNaN ? b : a
  }
  public static func range(_ a: Interval, _ b: Interval) -> Interval { .minimum(a, b) }

  public static func moments(_ a: Moments, _ b: Moments, units: Int, positions: Int) -> Moments {
    NormalExtremes.maximum(a.scaled(by: -1), b.scaled(by: -1)).scaled(by: -1)
  }

  public static func takesSecond(
    _ a: Value, _ b: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value { try graph.apply(Less(), b, a) }
}

/// The greater of a and b, or NaN where either is.
public struct Max: ExtremeOfTwo {
  public static let name = "Max"
  public let ties: Ties
  public init(ties: Ties) { self.ties = ties }

  public static var integerFunction: (@Sendable (Int64, Int64) -> Int64)? { { max($0, $1) } }

  public static func value<T: Scalar>(_ a: T, _ b: T) -> T {
    a.isNaN ? a : b > a || b.isNaN ? b : a
  }
  public static func range(_ a: Interval, _ b: Interval) -> Interval { .maximum(a, b) }
  public static func moments(_ a: Moments, _ b: Moments, units: Int, positions: Int) -> Moments {
    NormalExtremes.maximum(a, b)
  }

  public static func takesSecond(
    _ a: Value, _ b: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value { try graph.apply(Greater(), b, a) }
}

/// Moments of the greatest of several normal numbers.
enum NormalExtremes {
  /// Of two independent numbers (Clark 1961, equations 2 and 3).
  static func maximum(_ a: Moments, _ b: Moments) -> Moments {
    for operand in [a, b] where operand.basis == .unknown {
      return .unknown(operand.note ?? "an operand is not known")
    }
    let spread = (a.variance + b.variance).squareRoot()
    let gap = a.mean - b.mean
    guard spread > 0 else { return gap >= 0 ? a : b }
    let t = gap / spread
    let (first, second) = (
      SpecialFunctions.normalDistribution(t), SpecialFunctions.normalDistribution(-t)
    )
    let density = SpecialFunctions.normalDensity(t)
    let isNormal = a.law != .other && b.law != .other
    return Moments(
      mean: a.mean * first + b.mean * second + spread * density,
      secondMoment: a.secondMoment * first + b.secondMoment * second
        + (a.mean + b.mean) * spread * density,
      sampleCorrelation: a.sampleCorrelation * first + b.sampleCorrelation * second,
      positionCorrelation: a.positionCorrelation * first + b.positionCorrelation * second,
      fluctuation: first > 0.5 ? a.fluctuation : b.fluctuation,
      basis: max(a.basis, b.basis, isNormal ? .closedForm : .firstOrder))
  }

  /// Of `count` independent numbers like `x`: the density n·φ(z)·Φ(z)ⁿ⁻¹ of the greatest.
  static func maximum(of count: Int, like x: Moments, isExact: Bool) -> Moments {
    let deviation = x.variance.squareRoot()
    let ladder = GaussianLadder(mean: 0, standardDeviation: 1)
    func average(_ power: Int) -> Double {
      ladder.average { z in
        // Φ(z)ⁿ⁻¹ by its logarithm, which keeps its digits where Φ rounds to 1.
        let logarithm = Double.log(onePlus: -SpecialFunctions.normalDistribution(-z))
        let density = Double(count) * Double.exp(Double(count - 1) * logarithm)
        return density * (power == 1 ? z : z * z)
      }
    }
    let (first, second) = (average(1), average(2))
    let variance = x.variance * second
    return Moments(
      mean: x.mean + deviation * first,
      secondMoment: x.mean * x.mean + 2 * x.mean * deviation * first + variance,
      sampleCorrelation: x.sampleCorrelation, positionCorrelation: x.positionCorrelation,
      fluctuation: x.fluctuation,
      basis: max(x.basis, isExact && x.law != .other ? .quadrature : .firstOrder))
  }
}
