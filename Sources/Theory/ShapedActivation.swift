public import Numbers

/// An activation made fit for deep networks without skips or normalisation: `γ(φ(αx + β) + δ)`.
public struct ShapedActivation: Hashable, Sendable {
  /// What the transformed activation is made to satisfy.
  public enum Method: Hashable, Sendable {
    /// Deep kernel shaping (Martens et al. 2021): the slope of the network's correlation map at 1
    /// is at most ζ > 1.
    case deepKernelShaping(zeta: Double = 1.5)
    /// Tailored activation transformation (Zhang et al. 2022): slope 1, and a curvature of the
    /// network's correlation map of τ > 0 at 1; for leaky relu a correlation of η at 0.
    case tailored(tau: Double = 0.3, eta: Double = 0.9)
  }

  /// The activation φ; for the leaky relu with the slope that was found.
  public let activation: String
  public let method: Method
  /// The number of nonlinear layers of the chain.
  public let depth: Int
  public let alpha: Double
  public let beta: Double
  public let gamma: Double
  public let delta: Double
  /// The slope for negative x that was found, where φ is a leaky relu.
  public let negativeSlope: Double?
  /// The largest amount by which a condition is missed.
  public let residual: Double

  /// Shapes `activation` for a chain of `depth` nonlinear layers.
  ///
  /// Weights must be zero-mean with variance 1/fanIn, and sums weighted so that squares add up to 1.
  /// Linear, relu and leaky relu are all shaped as a leaky relu whose slope is found.
  ///
  /// - Throws: ``TheoryError`` for a depth or target out of range, and where no solution exists.
  public init(
    _ activation: any ScalarFunction, method: Method, depth: Int
  ) throws(TheoryError) {
    guard depth >= 1 else {
      throw TheoryError(.outOfRange, "the depth is \(depth); give at least 1 layer")
    }
    let target = try Self.localTarget(method, depth: depth)
    let shape: Shape
    if activation.isHomogeneous {
      let leaky =
        switch method {
        case .deepKernelShaping: try LeakyShape(localSlope: 1 + target, depth: depth)
        case .tailored(_, let eta): try LeakyShape(correlation: eta, depth: depth)
        }
      self.activation = "leaky_relu(\(leaky.negativeSlope))"
      negativeSlope = leaky.negativeSlope
      shape = leaky.shape
    } else {
      shape = try Self.smoothShape(activation, method: method, depth: depth, target: target)
      self.activation = activation.name
      negativeSlope = nil
    }
    self.method = method
    self.depth = depth
    (alpha, beta) = (shape.alpha, shape.beta)
    (gamma, delta) = (shape.gamma, shape.delta)
    residual = shape.residual
  }

  private static func smoothShape(
    _ activation: any ScalarFunction, method: Method, depth: Int, target: Double
  ) throws(TheoryError) -> Shape {
    let conditions: any ShapingConditions
    switch method {
    case .deepKernelShaping:
      conditions = KernelConditions(activation: activation, slope: 1 + target)
    case .tailored:
      guard activation.kinks.allSatisfy({ $0.slopeJump == 0 }) else {
        throw TheoryError(
          .unreachable,
          "the slope of \(activation.name) jumps, so the curvature that tat sets is infinite; "
            + "use a smooth activation, leaky_relu, or dks")
      }
      conditions = TailoredConditions(activation: activation, curvature: target)
    }
    guard let shape = ShapingSolver(conditions: conditions, target: target).solve() else {
      throw TheoryError(
        .notConverged,
        "no shape of \(activation.name) was found for depth \(depth); "
          + "use a deeper chain, a milder target, or another activation")
    }
    return shape
  }

  /// What each layer of a chain must contribute: ψ − 1 with ψ = ζ^{1/L}, or τ/L.
  private static func localTarget(_ method: Method, depth: Int) throws(TheoryError) -> Double {
    switch method {
    case .deepKernelShaping(let zeta):
      guard zeta.isFinite, zeta > 1 else {
        throw TheoryError(.outOfRange, "zeta is \(zeta); give a number above 1")
      }
      return LeakyShape.localSlopeExcess(zeta: zeta, depth: depth)
    case .tailored(let tau, let eta):
      guard tau.isFinite, tau > 0 else {
        throw TheoryError(.outOfRange, "tau is \(tau); give a number above 0")
      }
      guard eta > 0, eta < 1 else {
        throw TheoryError(.outOfRange, "eta is \(eta); give a number between 0 and 1")
      }
      return tau / Double(depth)
    }
  }
}
