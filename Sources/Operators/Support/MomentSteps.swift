import Semantics

/// Steps of moment rules that only operators of this package take.
extension Moments {
  /// f(x) where 0 is more than five deviations away; nil elsewhere.
  func mappedFarFromZero(by f: (Double) -> Double) -> Moments? {
    mapped(farFromEdgeAt: abs(mean), by: f)
  }

  /// f(x) where the nearest edge of its domain is more than five deviations away; nil elsewhere.
  ///
  /// E[f] ≈ f(μ) + ½ f″(μ)σ² and Var[f] ≈ f′(μ)²σ² + ½ f″(μ)²σ⁴, the derivatives by differences
  /// over a small part of the distance to the edge.
  func mapped(farFromEdgeAt distance: Double, by f: (Double) -> Double) -> Moments? {
    guard basis != .unknown, distance > 5 * variance.squareRoot() else { return nil }
    if law == .constant { return .constant(f(mean)) }
    let step = min(distance, 1 + abs(mean)) * 0x1p-10
    let (left, middle, right) = (f(mean - step), f(mean), f(mean + step))
    let slope = (right - left) / (2 * step)
    let curvature = (right - 2 * middle + left) / (step * step)
    let average = middle + curvature * variance / 2
    func shared(_ covariance: Double) -> Double {
      average * average + slope * slope * covariance
        + curvature * curvature * covariance * covariance / 2
    }
    var result = self
    result.mean = average
    result.secondMoment = shared(variance)
    result.law = isParameter ? law : .other
    result.basis = max(basis, .firstOrder)
    func correlation(_ own: Double) -> Double {
      shared(own * secondMoment - mean * mean) / result.secondMoment
    }
    result.sampleCorrelation = correlation(sampleCorrelation)
    result.positionCorrelation = correlation(positionCorrelation)
    return result
  }

  /// x², for a normal x: E[x⁴] = E[x²]² + 2σ⁴ + 4μ²σ².
  var squared: Moments {
    guard basis != .unknown, law != .constant else {
      return basis == .unknown ? self : .constant(mean * mean)
    }
    func shared(_ covariance: Double) -> Double {
      secondMoment * secondMoment + 2 * covariance * covariance + 4 * mean * mean * covariance
    }
    var result = self
    result.mean = secondMoment
    result.secondMoment = shared(variance)
    func correlation(_ own: Double) -> Double {
      let pairs = shared(own * secondMoment - mean * mean)
      return result.secondMoment == 0 ? 0 : pairs / result.secondMoment
    }
    result.sampleCorrelation = correlation(sampleCorrelation)
    result.positionCorrelation = correlation(positionCorrelation)
    if !isParameter { result.law = .other }
    if law == .other { result.basis = max(basis, .firstOrder) }
    return result
  }

  /// The mean of a group of elements: those of other units are independent, those of other samples
  /// and positions as correlated as is known.
  func averaged(over group: Group) -> Moments {
    guard basis != .unknown, law != .constant, group.count > 1 else { return self }
    if areSteps, group.positions > 1 {
      return stepsApart(group.positions).averaged(over: group)
    }
    // Independent of each other, two elements have the correlation μ²/E[x²].
    let free = secondMoment == 0 ? 0 : mean * mean / secondMoment
    let (s, p) = isParameter ? (free, free) : (sampleCorrelation, positionCorrelation)
    let (samples, positions) = (Double(group.samples), Double(group.positions))
    // Pairs that differ in sample and position keep only what both share.
    let both = free + (s - free) * (p - free) / max(1 - free, .leastNormalMagnitude)
    let sameUnit =
      1 + (samples - 1) * s + (positions - 1) * p + (samples - 1) * (positions - 1) * both
    let pairs = sameUnit + Double(group.units - 1) * samples * positions * free
    return averaged(over: group.count, correlation: (pairs - 1) / Double(group.count - 1))
  }
}

/// How many elements are taken together along each kind of axis.
public struct Group: Hashable, Sendable {
  public let samples: Int
  public let positions: Int
  public let units: Int
  public var count: Int { samples * positions * units }
}
