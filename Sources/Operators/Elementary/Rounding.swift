public import Numbers
import RealModule
import Semantics

/// A function to whole numbers that never falls: nothing flows back through it.
public protocol WholeNumbers: ParameterFree {
  /// Where, above a whole number k, the numbers begin that become k.
  static var offset: Double { get }
}

extension WholeNumbers {
  public func slope(at x: Double) -> Double { 0 }
  public func isFlat(at x: Double) -> Bool { true }
  public func curvature(at x: Double) -> Double { 0 }
  public var isExact: Bool { true }

  public func range(over interval: Interval) -> Interval {
    Interval(value(at: interval.lower), value(at: interval.upper))
  }

  public func range(ofDerivative order: Int, over interval: Interval) -> Interval { Interval(0) }

  /// `Σ k P(k)`; of a wide distribution, x with independent noise that is even over one place, which
  /// errs by e^{−2π²q} and less.
  public func closedFormMoments(mean: Double, variance q: Double) -> GaussianMoments? {
    let deviation = q.squareRoot()
    let shift = Self.offset + 0.5
    guard deviation < 4 else {
      let average = mean - shift
      return GaussianMoments(
        mean: average, secondMoment: q + 1 / 12 + average * average, variance: q + 1 / 12,
        meanSlope: 0, slopeSecondMoment: 0, curvatureTerm: 0, isClosedForm: true)
    }
    guard deviation > 0, abs(mean) < 0x1p40 else {
      let y = value(at: mean)
      return GaussianMoments(
        mean: y, secondMoment: y * y, variance: 0, meanSlope: 0, slopeSecondMoment: 0,
        curvatureTerm: 0, isClosedForm: true)
    }
    func below(_ x: Double) -> Double {
      Double.erfc((mean - x) / (deviation * 2.0.squareRoot())) / 2
    }
    let centre = value(at: mean)
    let reach = (10 * deviation).rounded(.up) + 1
    var (first, second) = (0.0, 0.0)
    for k in stride(from: -reach, through: reach, by: 1) {
      let start = centre + k + Self.offset
      let share = below(start + 1) - below(start)
      first += k * share
      second += k * k * share
    }
    let average = centre + first
    let variance = second - first * first
    return GaussianMoments(
      mean: average, secondMoment: variance + average * average, variance: variance, meanSlope: 0,
      slopeSecondMoment: 0, curvatureTerm: 0, isClosedForm: true)
  }
}

/// The greatest whole number that is not above x.
public struct Floor: WholeNumbers {
  public static let name = "Floor"
  public static var offset: Double { 0 }
  public init() {}

  public var name: String { "floor" }
  public func value(at x: Double) -> Double { x.rounded(.down) }
}

/// The least whole number that is not below x.
public struct Ceil: WholeNumbers {
  public static let name = "Ceil"
  public static var offset: Double { -1 }
  public init() {}

  public var name: String { "ceil" }
  public func value(at x: Double) -> Double { x.rounded(.up) }
}

/// The nearest whole number, of two the even one.
public struct Round: WholeNumbers {
  public static let name = "Round"
  public static var offset: Double { -0.5 }
  public init() {}

  public var name: String { "round" }
  public func value(at x: Double) -> Double { x.rounded(.toNearestOrEven) }
}
