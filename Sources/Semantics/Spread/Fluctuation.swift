import RealModule

/// How far one draw of finite-width parameters moves the mean square S of one sample.
///
/// For laws in which the elements are still to be drawn (``Moments/Law/gaussian``) S is their common
/// scale, the variance that they have once all earlier layers are drawn. A value holds the law of
/// ln S; a cotangent holds the law of ln S given the scale of the value that it belongs to, because
/// a network drawn with large activations has other gradients. `docs/bands.md` derives the rules.
public struct Fluctuation: Hashable, Sendable {
  /// The law of ln(S / secondMoment) of a value.
  var scale: ScaleSpread
  /// What a cotangent has besides.
  var backward: BackwardSpread?

  init(scale: ScaleSpread, backward: BackwardSpread? = nil) {
    self.scale = scale
    self.backward = backward
  }

  /// S is the same in every draw.
  public static let none = Fluctuation(scale: ScaleSpread())

  /// A log-normal S: `shift` = E ln(S / secondMoment), `variance` = Var ln S, and `covariance`
  /// that of the ln S of two samples, at most `variance`.
  public init(shift: Double, variance: Double, covariance: Double) {
    precondition(variance >= 0 && abs(covariance) <= variance, "not a covariance")
    let deviation = variance.squareRoot()
    self.init(
      scale: ScaleSpread(
        quantiles: ScaleGrid.nodes.map { shift + deviation * $0 },
        sharing: [Double](
          repeating: variance > 0 ? covariance / variance : 0, count: ScaleGrid.count)))
  }

  /// That of a tensor whose predicted second moment is only known to the relative error
  /// `deviation`, the same for all samples.
  public func uncertain(by deviation: Double) -> Fluctuation {
    var result = self
    let variance = deviation * deviation
    if result.backward != nil {
      result.backward?.addSharedVariance(variance)
      return result
    }
    guard variance > 0 else { return result }
    let slopes = ScaleGrid.slopes(scale.quantiles)
    result.scale.quantiles = ScaleGrid.addingNoise(
      [Double](repeating: variance, count: ScaleGrid.count), to: scale.quantiles)
    for j in 0..<ScaleGrid.count {
      let before = slopes[j] * slopes[j]
      result.scale.sharing[j] = (scale.sharing[j] * before + variance) / (before + variance)
    }
    return result
  }

  /// That of S / (S + ε secondMoment): what a norm leaves of it.
  ///
  /// Correlations of samples stay but for the share `removed` of the second moment that the norm
  /// takes away from all alike.
  public func normalized(epsilon: Double, removed: Double = 0) -> Fluctuation {
    var result = ScaleSpread()
    result.sharing = scale.sharing
    result.windowShare = scale.windowShare
    result.quantiles = scale.quantiles.map { quantile in
      Double.log((1 + epsilon) / (1 + epsilon * Double.exp(-quantile)))
    }
    let left = max(1 - removed, 1e-3)
    result.correlation = scale.correlation.map { min(max(($0 - removed) / left, -1), 1) }
    result.correlationVariance = scale.correlationVariance.map { min(1, $0 / (left * left)) }
    return Fluctuation(scale: result)
  }

  /// That of a sample's mean square relative to the mean over its batch, of `samples` with the
  /// correlation `common` between any two; each unit's mean square over the batch is then known.
  public func relativeToBatch(samples: Int, common: Double) -> Fluctuation {
    var result = ScaleSpread()
    let middle = ScaleGrid.average(scale.quantiles)
    // Of the law of ln S what samples share is gone.
    let own = max(0, 1 - ScaleGrid.average(scale.sharing)).squareRoot()
    let quantiles = scale.quantiles.map { own * ($0 - middle) }
    let mean = Double.log(ScaleGrid.average { Double.exp(quantiles[$0]) })
    result.quantiles = quantiles.map { $0 - mean }
    let left = max(1 - common, 1e-3)
    let overlap = overlap(leaving: left)
    result.correlationVariance = [Double](
      repeating: min(1, max(0, overlap)), count: ScaleGrid.count)
    let n = Double(max(2, samples))
    result.correlation = [Double](repeating: -1 / (n - 1), count: ScaleGrid.count)
    result.groupKnown = min(1, 1 / n + result.correlationVariance[0])
    return Fluctuation(scale: result)
  }

  /// The variance of ln S that samples of a batch do not share.
  public var ownVariance: Double {
    ScaleGrid.covariance(scale.quantiles, correlation: 1)
      * max(0, 1 - ScaleGrid.average(scale.sharing))
  }

  /// E[cos²] of two samples beyond what they have in common: 1 over the directions they differ in.
  public var chanceOverlap: Double {
    min(1, max(0, ScaleGrid.average(scale.correlationVariance)))
  }

  /// 1/r of samples whose elements overlap so far: E[cos²] over all pairs, each with itself too.
  public func batchOverlap(samples: Int, common: Double) -> Double {
    let overlap = overlap(leaving: max(1 - common, 1e-3))
    return min(1, 1 / Double(max(1, samples)) + max(0, overlap))
  }

  /// How far two samples overlap by chance once only the share `left` of a second moment is left.
  private func overlap(leaving left: Double) -> Double {
    scale.windowShare * ScaleGrid.average(scale.correlationVariance) / (left * left)
  }

  /// E[ln S] − ln(secondMoment).
  public var shift: Double {
    backward.map { ScaleGrid.average($0.mean) } ?? ScaleGrid.average(scale.quantiles)
  }

  /// Var[ln S] of one sample.
  public var variance: Double {
    if let backward {
      return ScaleGrid.covariance(backward.mean, correlation: 1)
        + ScaleGrid.average(backward.variance)
    }
    return ScaleGrid.covariance(scale.quantiles, correlation: 1)
  }

  /// Cov[ln S, ln S′] of two samples.
  public var covariance: Double {
    if let backward {
      return ScaleGrid.covariance(backward.mean, correlation: ScaleGrid.average(scale.sharing))
        + ScaleGrid.average(backward.sharedVariance)
    }
    return ScaleGrid.covariance(
      scale.quantiles, correlation: ScaleGrid.average(scale.sharing))
  }
}

/// The law of ln(S / secondMoment) on ``ScaleGrid``, alone and between two samples.
struct ScaleSpread: Hashable, Sendable {
  /// The quantile function.
  var quantiles = ScaleGrid.zeros
  /// Which part of the variance around a quantile two samples share.
  var sharing = ScaleGrid.zeros
  /// The uncentred correlation of two samples' elements where both stand at this quantile; empty
  /// while it is that of the moments everywhere.
  var correlation: [Double] = []
  /// The variance of that correlation over draws.
  var correlationVariance = ScaleGrid.zeros
  /// Which part of that variance two windows of a convolution have, beside that of two positions.
  var windowShare = 1.0
  /// 1/r where each unit's mean square over the whole batch is known, as behind a norm over the
  /// batch, and the batch is as good as r independent samples; 0 where nothing of the kind is known.
  var groupKnown = 0.0
  /// d ln S / d ln(the mean square that the last weights were applied to): below 1 with a bias.
  var inheritance = 1.0
}

/// The law of a cotangent's ln(S / secondMoment), given the z of the value it belongs to.
struct BackwardSpread: Hashable, Sendable {
  /// E[ln S | z], without the part along the value (see `alignment`).
  var mean = ScaleGrid.zeros
  /// Var[ln S | z].
  var variance = ScaleGrid.zeros
  /// The third cumulant given z.
  var thirdCumulant = ScaleGrid.zeros
  /// The part of the variance given z that two samples share.
  var sharedVariance = ScaleGrid.zeros
  /// E[cos²] of two samples' cotangents, beyond that of the elements themselves.
  var overlap = 0.0
  /// Mean square of the component along the value, relative to any other component.
  var alignment = 1.0
  /// Relative errors of rules so far: of one sign, so that they add up, unlike noise.
  var error = 0.0
}
