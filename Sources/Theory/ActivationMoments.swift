public import Numbers

/// Averages of an activation over pre-activations u ~ N(0, q), up to fourth moments.
///
/// Second moments come from a closed form where the activation has one, all others from the
/// Gaussian ladder.
public struct ActivationMoments: Hashable, Sendable {
  /// The variance of the pre-activations.
  public let q: Double
  /// Mean, second moments and curvature term.
  public let second: GaussianMoments
  /// E[φ⁴].
  public let fourthMoment: Double
  /// E[φ′⁴].
  public let slopeFourthMoment: Double
  /// E[φ″²]; infinite where φ′ jumps.
  public let curvatureSecondMoment: Double
  /// E[φφ″] without the deltas that jumps of φ′ add.
  public let smoothCurvatureTerm: Double

  /// The moments of `activation` at pre-activation variance `q`.
  ///
  /// - Throws: ``TheoryError`` for a `q` that is negative or not finite.
  public init(of activation: any ScalarFunction, q: Double) throws(TheoryError) {
    guard q.isFinite, q >= 0 else {
      throw TheoryError(.outOfRange, "the variance q is \(q); give a finite number of at least 0")
    }
    self.q = q
    second = GaussianMoments(of: activation, variance: q)
    let deviation = q > 0 ? q.squareRoot() : 1e-200
    let ladder = GaussianLadder(standardDeviation: deviation, for: activation)
    let power = { (x: Double, f: (Double) -> Double) in
      let square = f(x) * f(x)
      return square * square
    }
    fourthMoment = ladder.average { power(deviation * $0, activation.value) }
    slopeFourthMoment = ladder.average { power(deviation * $0, activation.slope) }
    curvatureSecondMoment =
      activation.kinks.contains { $0.slopeJump != 0 || $0.valueJump != 0 }
      ? .infinity
      : ladder.average {
        let curvature = activation.curvature(at: deviation * $0)
        return curvature * curvature
      }
    smoothCurvatureTerm = ladder.average {
      activation.value(at: deviation * $0) * activation.curvature(at: deviation * $0)
    }
  }

  /// κ_f = E[φ⁴]/E[φ²]² − 1: the relative variance per layer of the squared norm, times the width.
  public var forwardSpread: Double {
    fourthMoment / (second.secondMoment * second.secondMoment) - 1
  }

  /// κ_b = 3E[φ′⁴]/E[φ′²]² − 1: the same for the backward pass.
  public var backwardSpread: Double { 3 * slopeFourthMoment / squaredSlopeMoment - 1 }

  /// μ₂/μ₁² − 1 with μ_k = E[φ′^{2k}]: how far the slopes are from equal size.
  public var slopeSpread: Double { slopeFourthMoment / squaredSlopeMoment - 1 }

  private var squaredSlopeMoment: Double {
    second.slopeSecondMoment * second.slopeSecondMoment
  }
}
