/// A real function of one real variable, with all that the theory needs to know of it.
///
/// Activations are scalar functions. Moments, gains, critical points, gradients and bounds follow
/// from the four members below, so that an activation is described once.
public protocol ScalarFunction: Sendable {
  /// The name that users write, with its parameters: `tanh`, `leaky_relu(0.2)`.
  var name: String { get }

  /// φ(x).
  func value(at x: Double) -> Double

  /// φ′(x); at a kink the value from the right is returned unless the field's habit differs.
  func slope(at x: Double) -> Double

  /// φ″(x) away from kinks: the smooth part, without the deltas that a jump of φ′ adds.
  func curvature(at x: Double) -> Double

  /// Where φ or φ′ jumps, in ascending order.
  var kinks: [Kink] { get }

  /// Points where φ changes between rising and falling, in ascending order.
  ///
  /// Between two of them φ is monotone, which is what makes interval bounds exact.
  var turningPoints: [Double] { get }
}

/// A point where a function or its slope jumps.
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
  public var turningPoints: [Double] { [] }
}

/// `γ(φ(αx + β) + δ)`: any function with its input and output shifted and scaled.
public struct AffineWrap: ScalarFunction {
  public let base: any ScalarFunction
  public let alpha: Double
  public let beta: Double
  public let gamma: Double
  public let delta: Double

  /// Creates the wrap; `alpha` must not be 0.
  public init(
    _ base: any ScalarFunction, alpha: Double = 1, beta: Double = 0, gamma: Double = 1,
    delta: Double = 0
  ) {
    precondition(alpha != 0, "alpha must not be 0")
    self.base = base
    self.alpha = alpha
    self.beta = beta
    self.gamma = gamma
    self.delta = delta
  }

  public var name: String {
    "affine(\(base.name), \(alpha), \(beta), \(gamma), \(delta))"
  }

  public func value(at x: Double) -> Double { gamma * (base.value(at: alpha * x + beta) + delta) }
  public func slope(at x: Double) -> Double { gamma * alpha * base.slope(at: alpha * x + beta) }
  public func curvature(at x: Double) -> Double {
    gamma * alpha * alpha * base.curvature(at: alpha * x + beta)
  }

  public var kinks: [Kink] {
    let sign: Double = alpha < 0 ? -1 : 1
    let moved = base.kinks.map { kink in
      Kink(
        at: (kink.position - beta) / alpha, valueJump: sign * gamma * kink.valueJump,
        slopeJump: gamma * abs(alpha) * kink.slopeJump)
    }
    return alpha < 0 ? moved.reversed() : moved
  }

  public var turningPoints: [Double] {
    let moved = base.turningPoints.map { ($0 - beta) / alpha }
    return alpha < 0 ? moved.reversed() : moved
  }
}
