import Numbers

/// The parameters of a transformed activation `γ(φ(αx + β) + δ)`, and how well they do.
struct Shape {
  let alpha: Double
  let beta: Double
  let gamma: Double
  let delta: Double
  /// The largest amount by which a condition is missed.
  let residual: Double
}

/// Conditions on a transformed activation as equations in as many unknowns.
protocol ShapingConditions: Sendable {
  var activation: any ScalarFunction { get }

  /// The same conditions with a milder or stronger nonlinearity.
  func with(target: Double) -> Self

  /// How far the conditions are from being met at `unknowns`: first ln α, then β, …
  func residuals(at unknowns: [Double]) -> [Double]

  /// The parameters at `unknowns`.
  func shape(at unknowns: [Double]) -> Shape

  /// Where the solution lies for a small target, from the expansion of the conditions for α → 0,
  /// near a β where the function is `slope`, `curvature` in its first derivatives.
  func start(
    beta: Double, slope: Double, curvature: Double, branch: Int, target: Double
  ) -> [Double]

  /// The expansion's condition on β, for each branch: φ″² times this plus φ′φ‴ is 0.
  var branchFactors: [Double] { get }
}

/// Averages over z ~ N(0, 1) of f(z) = φ(αz + β) that the conditions need.
struct ShapingAverages {
  private let ladder: GaussianLadder
  private let wrap: AffineWrap

  init(_ activation: any ScalarFunction, alpha: Double, beta: Double) {
    wrap = AffineWrap(activation, alpha: alpha, beta: beta)
    ladder = GaussianLadder(standardDeviation: 1, for: wrap)
  }

  var mean: Double { ladder.average { wrap.value(at: $0) } }

  /// E[(f + shift)²].
  func square(shift: Double) -> Double {
    ladder.average {
      let value = wrap.value(at: $0) + shift
      return value * value
    }
  }

  /// E[(f + shift) f′ z].
  func radialSlope(shift: Double) -> Double {
    ladder.average { (wrap.value(at: $0) + shift) * wrap.slope(at: $0) * $0 }
  }

  /// E[f′²].
  var slopeSquare: Double {
    ladder.average {
      let slope = wrap.slope(at: $0)
      return slope * slope
    }
  }

  /// E[f″²].
  var curvatureSquare: Double {
    ladder.average {
      let curvature = wrap.curvature(at: $0)
      return curvature * curvature
    }
  }
}

/// Deep kernel shaping: Q(1) = 1, C(0) = 0 (solved by γ and δ), Q′(1) = 1, C′(1) = ψ.
struct KernelConditions: ShapingConditions {
  let activation: any ScalarFunction
  /// ψ.
  let slope: Double

  func with(target: Double) -> KernelConditions {
    KernelConditions(activation: activation, slope: 1 + target)
  }

  func residuals(at unknowns: [Double]) -> [Double] {
    let averages = ShapingAverages(
      activation, alpha: ShapingSolver.exp(unknowns[0]), beta: unknowns[1])
    let shift = -averages.mean
    let variance = averages.square(shift: shift)
    return [
      averages.radialSlope(shift: shift) / variance - 1, averages.slopeSquare / variance - slope,
    ]
  }

  func shape(at unknowns: [Double]) -> Shape {
    let alpha = ShapingSolver.exp(unknowns[0])
    let averages = ShapingAverages(activation, alpha: alpha, beta: unknowns[1])
    let delta = -averages.mean
    return Shape(
      alpha: alpha, beta: unknowns[1], gamma: 1 / averages.square(shift: delta).squareRoot(),
      delta: delta, residual: residuals(at: unknowns).map(abs).max() ?? .nan)
  }

  // For α → 0: ψ − 1 = α²φ″²/2φ′² and Q′ − 1 = α²(φ″²/2 + φ′φ‴)/φ′².
  var branchFactors: [Double] { [0.5] }

  func start(
    beta: Double, slope: Double, curvature: Double, branch: Int, target: Double
  ) -> [Double] {
    [ShapingSolver.log((2 * target).squareRoot() * abs(slope / curvature)), beta]
  }
}

/// Tailored transformation: Q(1) = 1 (solved by γ), Q′(1) = 1, C′(1) = 1, C″(1) = τ/L.
///
/// The third unknown is `e` with `δ = −φ(β) + α²e`, which stays of order 1 as α goes to 0.
struct TailoredConditions: ShapingConditions {
  let activation: any ScalarFunction
  /// τ/L.
  let curvature: Double

  func with(target: Double) -> TailoredConditions {
    TailoredConditions(activation: activation, curvature: target)
  }

  private func delta(_ unknowns: [Double]) -> Double {
    let alpha = ShapingSolver.exp(unknowns[0])
    return alpha * alpha * unknowns[2] - activation.value(at: unknowns[1])
  }

  func residuals(at unknowns: [Double]) -> [Double] {
    let averages = ShapingAverages(
      activation, alpha: ShapingSolver.exp(unknowns[0]), beta: unknowns[1])
    let shift = delta(unknowns)
    let square = averages.square(shift: shift)
    return [
      averages.radialSlope(shift: shift) / square - 1, averages.slopeSquare / square - 1,
      averages.curvatureSquare / square - curvature,
    ]
  }

  func shape(at unknowns: [Double]) -> Shape {
    let alpha = ShapingSolver.exp(unknowns[0])
    let averages = ShapingAverages(activation, alpha: alpha, beta: unknowns[1])
    let shift = delta(unknowns)
    return Shape(
      alpha: alpha, beta: unknowns[1], gamma: 1 / averages.square(shift: shift).squareRoot(),
      delta: shift, residual: residuals(at: unknowns).map(abs).max() ?? .nan)
  }

  // For α → 0: C′ = 1 gives e² + eφ″ − φ″²/4 = 0, so e = φ″(−1 ± √2)/2, and then Q′ = 1 gives
  // ±φ″²/√2 + φ′φ‴ = 0, C″ = α²φ″²/φ′².
  var branchFactors: [Double] { [1 / 2.0.squareRoot(), -1 / 2.0.squareRoot()] }

  func start(
    beta: Double, slope: Double, curvature: Double, branch: Int, target: Double
  ) -> [Double] {
    let root = branch == 0 ? 2.0.squareRoot() : -2.0.squareRoot()
    return [
      ShapingSolver.log(target.squareRoot() * abs(slope / curvature)), beta,
      curvature * (root - 1) / 2,
    ]
  }
}
