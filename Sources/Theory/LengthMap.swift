public import Numbers
import RealModule

/// How the variance q of pre-activations goes from layer to layer in the wide limit.
///
/// `V(q) = σ_w² E[φ(√q z)²] + σ_b²` (Poole et al. 2016).
public struct LengthMap: Sendable {
  public let activation: any ScalarFunction
  /// σ_w: the standard deviation of a weight times √fanIn.
  public let weightDeviation: Double
  /// σ_b: the standard deviation of a bias.
  public let biasDeviation: Double

  /// - Throws: ``TheoryError`` for deviations that are negative or not finite.
  public init(
    _ activation: any ScalarFunction, weightDeviation: Double, biasDeviation: Double = 0
  ) throws(TheoryError) {
    try TheoryError.checkDeviation(weightDeviation, "the standard deviation of the weights")
    try TheoryError.checkDeviation(biasDeviation, "the standard deviation of the biases")
    self.activation = activation
    self.weightDeviation = weightDeviation
    self.biasDeviation = biasDeviation
  }

  /// V(q).
  public func next(_ q: Double) -> Double {
    weightDeviation * weightDeviation * activation.secondMoment(variance: q)
      + biasDeviation * biasDeviation
  }

  /// χ₁(q) = σ_w² E[φ′²]: the factor of the gradient's second moment per layer of equal width.
  public func gradientFactor(at q: Double) -> Double {
    let moments = GaussianMoments(of: activation, variance: q)
    return weightDeviation * weightDeviation * moments.slopeSecondMoment
  }

  /// V′(q) = σ_w² (E[φ′²] + E[φφ″]), φ″ as a distribution; at a fixed point this is χ_q.
  public func slope(at q: Double) -> Double {
    let moments = GaussianMoments(of: activation, variance: q)
    return weightDeviation * weightDeviation * (moments.slopeSecondMoment + moments.curvatureTerm)
  }

  /// The fixed point that the map approaches from `start`; nil if the variance diverges.
  ///
  /// By default the start is the first layer's variance for inputs of second moment 1. For a
  /// V that rises with q, as it does for all activations of the catalogue, the iterates move
  /// monotonically to the nearest fixed point in the direction of V(q) − q, so that it is found by
  /// bracketing however slowly they approach it. Where every q is a fixed point, `start` is
  /// returned.
  public func fixedPoint(from start: Double? = nil) -> Double? {
    let first = start ?? weightDeviation * weightDeviation + biasDeviation * biasDeviation
    guard first > 0 else { return next(0) == 0 ? 0 : fixedPoint(from: next(0)) }
    let gap = { (q: Double) in next(q) / q - 1 }
    // V(q)/q carries a rounding error of a few units of 1e-16, which must not pass for a crossing.
    let noise = 1e-13
    let rises = gap(first) > noise
    guard rises || gap(first) < -noise else { return first }
    var (near, far) = (first, first)
    repeat {
      near = far
      far *= rises ? 2 : 0.5
      if far > 1e280 { return nil }
      if far < 1e-280 { return 0 }
    } while rises ? !(gap(far) < -noise) : !(gap(far) > noise)
    let bracket = (Double.log(near), Double.log(far))
    return Double.exp(
      RootFinding.root(between: bracket.0, and: bracket.1) { gap(Double.exp($0)) })
  }
}

extension ScalarFunction {
  /// E[φ²] over N(0, variance), without the other moments' cost.
  func secondMoment(variance: Double) -> Double {
    if variance > 0, let formula = closedFormMoments(mean: 0, variance: variance) {
      return formula.secondMoment
    }
    let deviation = variance.squareRoot()
    return GaussianLadder(standardDeviation: deviation, for: self).average {
      let value = value(at: deviation * $0)
      return value * value
    }
  }
}
