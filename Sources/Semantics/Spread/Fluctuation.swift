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

  /// That of a cotangent whose predicted second moment is only known to the relative error
  /// `deviation`, the same for all samples.
  public func uncertain(by deviation: Double) -> Fluctuation {
    var result = self
    result.backward?.addSharedVariance(deviation * deviation)
    return result
  }

  /// That of S / (S + ε secondMoment): what a norm leaves of it.
  public func normalized(epsilon: Double) -> Fluctuation {
    var result = ScaleSpread()
    result.sharing = scale.sharing
    result.quantiles = scale.quantiles.map { quantile in
      Double.log((1 + epsilon) / (1 + epsilon * Double.exp(-quantile)))
    }
    return Fluctuation(scale: result)
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
}
