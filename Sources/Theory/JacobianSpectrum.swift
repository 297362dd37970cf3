import Numbers
import RealModule

/// The singular values of the input–output Jacobian of a deep, wide network at initialisation.
///
/// After Pennington et al. (2017).
public struct JacobianSpectrum: Hashable, Sendable {
  /// How weight matrices are drawn.
  public enum Weights: String, Hashable, Sendable {
    case gaussian
    case orthogonal
  }

  /// m₁ = χ₁^L: the mean squared singular value.
  public let meanSquare: Double
  /// m₂/m₁² − 1: the relative variance of the squared singular values.
  public let relativeVariance: Double

  /// The spectrum's first two moments for `depth` layers at the length `q`.
  ///
  /// - Throws: ``TheoryError`` for a `q` that is negative or not finite.
  public init(
    of map: LengthMap, q: Double, depth: Int, weights: Weights
  ) throws(TheoryError) {
    let moments = try ActivationMoments(of: map.activation, q: q)
    let factor = map.weightDeviation * map.weightDeviation * moments.second.slopeSecondMoment
    meanSquare = Double.pow(factor, depth)
    let ofWeights: Double = weights == .gaussian ? 1 : 0
    relativeVariance = Double(depth) * (moments.slopeSpread + ofWeights)
  }

  /// The largest squared singular value of a product of `depth` Gaussian matrices of variance 1/n
  /// as n → ∞: `(L+1)^{L+1}/L^L`, which is near eL.
  public static func largestSquareOfGaussianProduct(depth: Int) -> Double {
    let l = Double(depth)
    guard depth > 0 else { return 1 }
    return (l + 1) * Double.exp(l * Double.log(onePlus: 1 / l))
  }

  /// The Lyapunov exponents of a product of Gaussian `width`×`width` matrices of variance 1/width,
  /// in descending order: growth per layer of the logarithm of each singular value (Newman 1986).
  public static func lyapunovExponents(width: Int) -> [Double] {
    precondition(width >= 1, "a matrix needs a row")
    return (1...width).map { i in
      let freedom = Double(width - i + 1)
      return (SpecialFunctions.digamma(freedom / 2) + Double.log(2 / Double(width))) / 2
    }
  }

  /// The largest q at which an orthogonal tanh network of this depth is close to an isometry:
  /// 1/√(8L), from `m₂/m₁² − 1 ≈ 8q²L`.
  public static func isometricLength(depth: Int) -> Double {
    1 / (8 * Double(depth)).squareRoot()
  }
}
