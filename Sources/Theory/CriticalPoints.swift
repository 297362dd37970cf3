public import Numbers
import RealModule

/// A point of the edge of chaos: σ_w for a given σ_b with χ₁ = 1 at a fixed point of the length map.
public struct CriticalPoint: Hashable, Sendable {
  /// What the fixed point is like.
  public enum Kind: String, Hashable, Sendable {
    /// A fixed point with q > 0.
    case isolated
    /// The fixed point is q = 0; at it the variance shrinks or grows as a power of the depth.
    case limit
    /// Every q is a fixed point, as for relu.
    case everyLength = "every_q"
  }

  public let kind: Kind
  /// σ_w.
  public let weightDeviation: Double
  /// The variance of the pre-activations at the fixed point; nil where every q is one.
  public let q: Double?
  /// χ_q, the slope of the length map there.
  public let lengthSlope: Double
  /// Whether the length map is drawn back to the fixed point after a small deviation.
  ///
  /// False where it is driven away (gelu and silu with small biases: the network starts "critical"
  /// and leaves that state), and where every q is a fixed point.
  public let isStable: Bool
}

extension CriticalPoint {
  /// All critical points of `activation` for biases of standard deviation `biasDeviation`.
  ///
  /// Parametrised by q, χ₁ = 1 gives σ_w² = 1/E[φ′²], and the fixed point then needs
  /// `σ_b²(q) = q − E[φ²]/E[φ′²]`. Roots are bracketed on a logarithmic grid of q from 1e-10 to 1e14.
  ///
  /// - Returns: Points in ascending order of q; none where the edge of chaos does not exist.
  /// - Throws: ``TheoryError`` for a deviation that is negative or not finite.
  public static func all(
    of activation: any ScalarFunction, biasDeviation: Double
  ) throws(TheoryError) -> [CriticalPoint] {
    try TheoryError.checkDeviation(biasDeviation, "the standard deviation of the biases")
    if activation.isHomogeneous {
      guard biasDeviation == 0 else { return [] }
      let moments = GaussianMoments(of: activation, variance: 1)
      return [
        CriticalPoint(
          kind: .everyLength, weightDeviation: 1 / moments.slopeSecondMoment.squareRoot(), q: nil,
          lengthSlope: 1, isStable: false)
      ]
    }
    let limit = biasDeviation == 0 ? limitPoint(of: activation) : nil
    return (limit.map { [$0] } ?? []) + isolated(of: activation, biasDeviation: biasDeviation)
  }

  private static func isolated(
    of activation: any ScalarFunction, biasDeviation: Double
  ) -> [CriticalPoint] {
    let excess = { (logarithm: Double) in
      let q = Double.exp(logarithm)
      let moments = GaussianMoments(of: activation, variance: q)
      let needed = moments.secondMoment / moments.slopeSecondMoment
      return 1 - needed / q - biasDeviation * biasDeviation / q
    }
    // Where σ_b²(q) = 0 for a whole range of q, rounding alone gives it a sign.
    let noise = 1e-11
    let step = Double.log(10) / 8
    var last: (at: Double, value: Double)?
    var points: [CriticalPoint] = []
    for index in (-10 * 8)...(14 * 8) {
      let here = Double(index) * step
      let value = excess(here)
      guard abs(value) > noise, value.isFinite else { continue }
      if let last, last.value.sign != value.sign {
        let root = RootFinding.root(between: last.at, and: here, of: excess)
        points.append(CriticalPoint(of: activation, atLength: Double.exp(root)))
      }
      last = (here, value)
    }
    return points
  }

  private init(of activation: any ScalarFunction, atLength q: Double) {
    let moments = GaussianMoments(of: activation, variance: q)
    kind = .isolated
    weightDeviation = 1 / moments.slopeSecondMoment.squareRoot()
    self.q = q
    lengthSlope = 1 + moments.curvatureTerm / moments.slopeSecondMoment
    isStable = abs(lengthSlope) < 1
  }

  /// The point at q → 0, which exists without biases if φ(0) = 0: there φ is homogeneous.
  private static func limitPoint(of activation: any ScalarFunction) -> CriticalPoint? {
    guard activation.value(at: 0) == 0 else { return nil }
    let slopes = GaussianMoments(of: activation, variance: 0).slopeSecondMoment
    guard slopes > 0 else { return nil }
    // χ_q = 1 in the limit; whether it attracts is decided by the next order, the sign of E[φφ″].
    let curvature =
      [1e-6, 1e-4, 1e-2, 1e-1, 1].lazy
      .map { GaussianMoments(of: activation, variance: $0).curvatureTerm }
      .first { abs($0) > 1e-12 } ?? 0
    return CriticalPoint(
      kind: .limit, weightDeviation: 1 / slopes.squareRoot(), q: 0, lengthSlope: 1,
      isStable: curvature < 0)
  }
}

extension ScalarFunction {
  /// Whether φ(tx) = tφ(x) for t > 0, which makes the length map linear.
  var isHomogeneous: Bool {
    [0x1p-10, 1, 0x1p10].allSatisfy { scale in
      [-1, 1].allSatisfy { sign in
        value(at: sign * scale) == scale * value(at: sign) && curvature(at: sign * scale) == 0
      }
    } && value(at: 0) == 0
  }
}
