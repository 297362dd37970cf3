/// A real function of one real variable, with all that the theory needs to know of it.
///
/// Activations are scalar functions. Moments, gains, critical points, gradients and bounds follow
/// from the members below, so that an activation is described once. Only the first four must be
/// given; the others have the defaults of a smooth, monotone function without closed forms.
public protocol ScalarFunction: Sendable {
  /// The name that users write, with its parameters: `tanh`, `leaky_relu(0.2)`.
  var name: String { get }

  /// φ(x).
  func value(at x: Double) -> Double

  /// φ′(x); at a kink the derivative that the field uses, which is one of the two sides'.
  func slope(at x: Double) -> Double

  /// φ″(x) away from kinks: the smooth part, without the deltas that a jump of φ′ adds.
  func curvature(at x: Double) -> Double

  /// Where φ or one of its first two derivatives jumps, in ascending order.
  ///
  /// A point where only φ″ jumps has both jumps 0; quadrature must split there all the same.
  var kinks: [Kink] { get }

  /// Points of `interval` where φ changes between rising and falling, in ascending order.
  ///
  /// The least and greatest value of φ over the interval are taken at its ends or at these. A
  /// periodic function gives representatives, shifted by whole periods: at most one minimum and
  /// one maximum.
  func turningPoints(in interval: Interval) -> [Double]

  /// Points between which φ is well approximated by a polynomial of degree about 20, beside its
  /// kinks, in any order.
  ///
  /// The default suits a function whose features have a width of about 1 and lie around 0.
  var landmarks: [Double] { get }

  /// The period of the function if it oscillates for ever.
  var period: Double? { get }

  /// E[φ(x)] and its relatives for x ~ N(mean, variance) by formula; nil where there is none, or
  /// where it would lose digits.
  func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments?

  /// E[φ(x)φ(y)] and E[φ′(x)φ′(y)] by formula, for zero-mean normal x and y of equal `variance`
  /// whose correlation is `correlation`; nil where there is none.
  func closedFormPair(variance: Double, correlation: Double) -> GaussianPair?
}

/// A point where a function or one of its derivatives jumps.
public struct Kink: Hashable, Sendable {
  public let position: Double
  /// φ(x+) − φ(x−).
  public let valueJump: Double
  /// φ′(x+) − φ′(x−): the weight of the delta in φ″.
  public let slopeJump: Double

  public init(at position: Double, valueJump: Double = 0, slopeJump: Double = 0) {
    self.position = position
    self.valueJump = valueJump
    self.slopeJump = slopeJump
  }
}

extension ScalarFunction {
  public var kinks: [Kink] { [] }
  public func turningPoints(in interval: Interval) -> [Double] { [] }
  public var landmarks: [Double] { GaussianLadder.standardLandmarks }
  public var period: Double? { nil }
  public func closedFormMoments(mean: Double, variance: Double) -> GaussianMoments? { nil }
  public func closedFormPair(variance: Double, correlation: Double) -> GaussianPair? { nil }
}
