import Numbers
import RealModule

/// The law of `ln(‖h^L‖²/‖h⁰‖²)` over draws of finite-width weights, taken to be normal.
///
/// The mean squared norm says little about one network: it is dominated by rare draws, while the
/// typical network shrinks. Compare logarithms.
public struct LogGrowth: Hashable, Sendable {
  public let mean: Double
  public let variance: Double

  public init(mean: Double, variance: Double) {
    self.mean = mean
    self.variance = variance
  }

  /// The growth through both, whose weights are independent.
  public static func + (first: LogGrowth, second: LogGrowth) -> LogGrowth {
    LogGrowth(mean: first.mean + second.mean, variance: first.variance + second.variance)
  }

  /// The growth through `layers` layers of the same law.
  public func repeated(_ layers: Int) -> LogGrowth {
    LogGrowth(mean: Double(layers) * mean, variance: Double(layers) * variance)
  }

  /// The interval that holds the squared norm's growth with the given probability.
  public func band(probability: Double = 0.95) -> ClosedRange<Double> {
    precondition(probability > 0 && probability < 1, "a probability lies between 0 and 1")
    let reach =
      -normalQuantile((1 - probability) / 2) * variance.squareRoot()
    return Double.exp(mean - reach)...Double.exp(mean + reach)
  }
}

/// Fluctuations of norms at finite width.
public enum FiniteWidth {
  /// The growth of the squared norm over one layer of relu with He's weights N(0, 2/fanIn), exactly.
  ///
  /// The growth is `(2/fanIn) χ²_K` with K ~ Bin(units, ½) units alive. K = 0, a dead layer of
  /// probability 2^−units, is excluded.
  public static func rectifiedGrowth(fanIn: Int, units: Int) -> LogGrowth {
    precondition(fanIn >= 1 && units >= 1, "a layer needs a unit and an input")
    let n = Double(units)
    // Beyond 12 standard deviations of K the mass is below 1e-30.
    let reach = 6 * n.squareRoot()
    let low = max(1, Int((n / 2 - reach).rounded(.down)))
    let high = min(units, Int((n / 2 + reach).rounded(.up)))
    let normaliser = Double.logGamma(n + 1) - n * Double.log(2)
    var (mass, first, second, trigammas) = (0.0, 0.0, 0.0, 0.0)
    // Deviations from the centre keep the variance from cancelling.
    let centre = SpecialFunctions.digamma(max(0.5, n / 4))
    for k in low...high {
      let k = Double(k)
      let logarithm = normaliser - Double.logGamma(k + 1) - Double.logGamma(n - k + 1)
      let probability = Double.exp(logarithm)
      let deviation = SpecialFunctions.digamma(k / 2) - centre
      mass += probability
      first += probability * deviation
      second += probability * deviation * deviation
      trigammas += probability * SpecialFunctions.trigamma(k / 2)
    }
    first /= mass
    return LogGrowth(
      mean: centre + first + Double.log(4 / Double(fanIn)),
      variance: trigammas / mass + second / mass - first * first)
  }

  /// The probability that all units of a relu layer are 0: 2^−units.
  public static func deadLayerProbability(units: Int) -> Double { Double.exp2(-Double(units)) }

  /// The growth over one layer to leading order: variance κ/units, mean −κ/(2·units), κ the relative
  /// variance `forwardSpread` or `backwardSpread` of ``ActivationMoments``.
  public static func growth(spread: Double, units: Int) -> LogGrowth {
    LogGrowth(mean: -spread / (2 * Double(units)), variance: spread / Double(units))
  }

  /// E‖h^L‖⁴/(E‖h^L‖²)² = Π(1 + κ/n_l) over layers of these widths, for homogeneous activations.
  public static func fourthMomentRatio(spread: Double, widths: [Int]) -> Double {
    Double.exp(widths.reduce(0) { $0 + Double.log(onePlus: spread / Double($1)) })
  }

  /// The variance at which the conditional length K of one network settles around a stable fixed
  /// point q: `σ_w⁴ Var[φ²]/(n(1 − χ_q²))`; infinite where the fixed point does not attract.
  public static func settledLengthVariance(
    _ map: LengthMap, q: Double, width: Int
  ) throws(TheoryError) -> Double {
    let moments = try ActivationMoments(of: map.activation, q: q)
    let slope = map.slope(at: q)
    guard abs(slope) < 1 else { return .infinity }
    let square = moments.second.secondMoment * moments.second.secondMoment
    let weights = map.weightDeviation * map.weightDeviation
    return weights * weights * square * moments.forwardSpread
      / (Double(width) * (1 - slope) * (1 + slope))
  }
}
