import Numbers
import RealModule

/// Whether signals of different inputs merge or part with depth, and gradients vanish or explode.
public enum Phase: String, Hashable, Sendable {
  /// χ₁ < 1: inputs become alike, gradients vanish.
  case ordered
  /// χ₁ = 1.
  case critical
  /// χ₁ > 1: nearby inputs part, gradients explode.
  case chaotic
  /// The variance of the pre-activations grows without bound.
  case divergent
}

/// The phase of a network and the number of layers over which signals are lost.
///
/// After Schoenholz et al. (2017). Scales are in layers, `−1/ln` of a factor per layer; a negative one is a scale of growth, an
/// infinite one means a power law. Networks much deeper than about six scales do not train.
public struct DepthScales: Hashable, Sendable {
  public let phase: Phase
  /// q*, the variance of the pre-activations far from the input; infinite if it diverges.
  public let q: Double
  /// χ₁, the factor of the gradient's second moment per layer; nil if the length diverges.
  public let gradientFactor: Double?
  /// χ_q, the factor of a small deviation of the length per layer.
  public let lengthSlope: Double?
  /// c*, the correlation that two inputs approach; nil where q* = 0, which makes it degenerate.
  public let correlation: Double?
  /// C′(c*).
  public let correlationSlope: Double?
  /// ξ_q.
  public let length: Double?
  /// ξ_c.
  public let correlationScale: Double?
  /// ξ_∇.
  public let gradient: Double?

  /// How near to 1 χ₁ must be for the phase to be called critical: over fewer than 10⁶ layers
  /// nothing tells them apart, and standard deviations given with seven digits reach it.
  public static let criticalTolerance = 1e-6

  /// The depth scales at the fixed point that inputs of second moment 1 lead to.
  public init(_ map: LengthMap) {
    guard let q = map.fixedPoint() else {
      phase = .divergent
      self.q = .infinity
      (gradientFactor, lengthSlope, correlation, correlationSlope) = (nil, nil, nil, nil)
      (length, correlationScale, gradient) = (nil, nil, nil)
      return
    }
    self.q = q
    let factor = map.gradientFactor(at: q)
    let slope = map.slope(at: q)
    gradientFactor = factor
    lengthSlope = slope
    length = Self.scale(of: slope)
    gradient = Self.scale(of: factor)
    let distance = factor - 1
    phase =
      abs(distance) <= Self.criticalTolerance ? .critical : distance < 0 ? .ordered : .chaotic
    // As q goes to 0 the normalised correlation map tends to C(c) = c, or to relu's map, and not to
    // a map of slope χ₁: nothing honest can be said of ξ_c.
    guard q > 0 else {
      (correlation, correlationSlope, correlationScale) = (nil, nil, nil)
      return
    }
    let correlations = CorrelationMap(map, q: q)
    let limit = phase == .chaotic ? correlations.fixedPoint() : 1
    let slopeThere = limit < 1 ? correlations.slope(at: limit) : factor
    correlation = limit
    correlationSlope = slopeThere
    correlationScale = Self.scale(of: slopeThere)
  }

  /// −1/ln|factor|, in layers.
  public static func scale(of factor: Double) -> Double {
    let logarithm = Double.log(abs(factor))
    return logarithm == 0 ? .infinity : -1 / logarithm
  }
}
