public import Numbers
import RealModule

/// How the correlation of two inputs' pre-activations goes from layer to layer at a fixed length q.
///
/// `C(c) = (σ_w² E[φ(u₁)φ(u₂)] + σ_b²)/q` (Poole et al. 2016).
public struct CorrelationMap: Sendable {
  public let activation: any ScalarFunction
  public let weightDeviation: Double
  public let biasDeviation: Double
  /// The variance of the pre-activations, a fixed point of the length map above 0.
  public let q: Double

  /// The map at the length `q` > 0, which must be a fixed point of `map`.
  public init(_ map: LengthMap, q: Double) {
    precondition(q > 0, "at q = 0 the correlation map is degenerate")
    activation = map.activation
    weightDeviation = map.weightDeviation
    biasDeviation = map.biasDeviation
    self.q = q
  }

  private var weightVariance: Double { weightDeviation * weightDeviation }

  /// C(c), for c in [−1, 1].
  public func next(_ c: Double) -> Double {
    let pair = GaussianPair(of: activation, variance: q, correlation: c)
    return (weightVariance * pair.value + biasDeviation * biasDeviation) / q
  }

  /// C′(c) = σ_w² E[φ′(u₁)φ′(u₂)]; C′(1) = χ₁.
  public func slope(at c: Double) -> Double {
    weightVariance * GaussianPair(of: activation, variance: q, correlation: c).slope
  }

  /// The correlation c* that two different inputs approach with depth.
  ///
  /// C is convex on [0, 1] with C(1) = 1. So c* is 1 if χ₁ ≤ 1, and else the one fixed point in
  /// [0, 1).
  public func fixedPoint() -> Double {
    let moments = GaussianMoments(of: activation, variance: q)
    guard weightVariance * moments.slopeSecondMoment > 1 else { return 1 }
    // In terms of ε = 1 − c the fixed point is where the share of the difference that survives a
    // layer is 1; it falls from χ₁ at ε = 0.
    let survival = { (epsilon: Double) in
      let difference = GaussianPair.valueDecorrelation(
        of: activation, variance: q, decorrelation: epsilon)
      return weightVariance * difference / (q * epsilon) - 1
    }
    // At c = 0 the difference is the variance of φ.
    guard weightVariance * moments.variance / q - 1 < -1e-13 else { return 0 }
    let smallest = Double.log(1e-13)
    guard survival(Double.exp(smallest)) > 0 else { return 1 }
    let root = RootFinding.root(between: smallest, and: 0, tolerance: 1e-13) {
      $0 == 0 ? weightVariance * moments.variance / q - 1 : survival(Double.exp($0))
    }
    return 1 - Double.exp(root)
  }
}
