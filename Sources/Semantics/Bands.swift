import Numbers
import RealModule

extension Moments {
  /// What is predicted of the mean square of one batch, with its band; nil where nothing is known.
  ///
  /// The second moment of the wide limit lies in the band, unless a few draws of the parameters make
  /// most of it; then the middle of the band is what one draw shows.
  public func prediction(
    samples: Int, units: Int, positions: Int = 1
  ) -> (moments: Moments, band: ClosedRange<Double>)? {
    guard let band = band(samples: samples, units: units, positions: positions) else { return nil }
    var result = self
    if !band.contains(secondMoment) {
      let centre = band.lowerBound.squareRoot() * band.upperBound.squareRoot()
      guard centre.isFinite, band.contains(centre) else { return nil }
      result.mean *= (centre / secondMoment).squareRoot()
      result.secondMoment = centre
      result.basis = max(basis, .firstOrder)
      result.note = note ?? "most draws of this width lie far from the wide limit"
    }
    return (result, band)
  }

  /// The 95 % band of the mean square of one batch, measured over `samples` samples of `units`
  /// elements at each of `positions`, for one draw of the parameters; nil where nothing is known.
  public func band(samples: Int, units: Int, positions: Int = 1) -> ClosedRange<Double>? {
    guard !secondMoment.isNaN else { return nil }
    guard secondMoment > 0, secondMoment.isFinite else { return secondMoment...secondMoment }
    let band = logarithmicBand(samples: samples, units: units, positions: positions)
    // Measurements in fp32 round, and a norm's result differs from 1 by less than that.
    let rounding = 0x1p-20
    let (low, high) = (
      secondMoment * Double.exp(band.lowerBound - rounding),
      secondMoment * Double.exp(band.upperBound + rounding)
    )
    // From 0 to infinity says nothing.
    return low <= high && low > 0 && high.isFinite ? low...high : nil
  }

  /// The band of ln(mean square / secondMoment).
  func logarithmicBand(samples: Int, units: Int, positions: Int = 1) -> ClosedRange<Double> {
    let (quantiles, sharing) = measuredLaw(units: units, positions: positions)
    let batch = BatchMean(count: Double(max(1, samples)))
    let reach = 1.959963984540054
    let ends = [-reach, 0, reach]
    let laws = ends.map { z in
      batch.logarithm(of: BatchMean.given(shared: z, quantiles, sharing: sharing))
    }
    let centre = laws[1].mean
    // What all samples share and what each has of its own are independent: distances from the
    // centre add in squares. Three cumulants do not say how a law of two humps ends, so no side
    // is made shorter than that of a normal law.
    let distance = { (end: Int) in
      let shift = laws[end].mean - centre
      let own = max(
        abs(laws[end].quantile(at: ends[end]) - laws[end].mean), reach * laws[end].deviation)
      return (shift * shift + own * own).squareRoot()
    }
    let (low, high) = (centre - distance(0), centre + distance(2))
    // Where the spread is not known, as of what is 0/0, every number is within it.
    return low <= high ? low...high : -.infinity ... .infinity
  }

  /// Quantiles of one sample's ln(mean square / secondMoment), and what two samples share of it.
  private func measuredLaw(units: Int, positions: Int) -> (quantiles: [Double], sharing: Double) {
    guard let backward = fluctuation.backward else {
      let spread = drawn(units: units, positions: positions).fluctuation.scale
      // Samples differ from each other, but their mean over the batch is known.
      if isNormal, fluctuation.scale.groupKnown > 0 { return (ScaleGrid.zeros, 0) }
      // A batch's mean square is made by its larger samples: their sharing counts.
      let largest = spread.quantiles.max() ?? 0
      let tilts = spread.quantiles.map { Double.exp($0 - largest) }
      let sum = ScaleGrid.average(tilts)
      return (spread.quantiles, ScaleGrid.average { tilts[$0] * spread.sharing[$0] } / sum)
    }
    var mean = backward.mean
    var variance = backward.variance
    var shared = ScaleGrid.average(backward.sharedVariance)
    let elements = FreeElements(units: units, positions: positions)
    let n = elements.count(share: positionOverlap)
    let along = (backward.alignment - 1) / elements.units
    let element = law == .gaussian ? MeanOfSquares(spread: 2, third: 8, count: n) : nil
    for j in 0..<ScaleGrid.count {
      mean[j] += along + (element?.shift ?? 0)
      variance[j] += element?.variance ?? 0
    }
    shared += (element?.variance ?? 0) * min(1, backward.overlap * n / elements.units)
    let sharing = ScaleGrid.average(fluctuation.scale.sharing)
    let covariance = ScaleGrid.covariance(mean, correlation: sharing) + shared
    let quantiles = ConditionalLaw(
      mean: mean, variance: variance, third: backward.thirdCumulant
    ).quantiles
    return (quantiles, BatchMean.sharing(of: quantiles, covariance: covariance))
  }
}

/// The mean of e^y over a batch, y of known quantiles, two samples' y coupled as normal variables.
struct BatchMean {
  let count: Double

  /// Quantiles of y given the part of z that all samples share.
  static func given(shared z: Double, _ quantiles: [Double], sharing: Double) -> [Double] {
    let (common, own) = (sharing.squareRoot(), max(0, 1 - sharing).squareRoot())
    return ScaleGrid.nodes.map { ScaleGrid.interpolate(quantiles, at: common * z + own * $0) }
  }

  /// The correlation of z at which two samples' y have the covariance `covariance`.
  static func sharing(of quantiles: [Double], covariance: Double) -> Double {
    let squares = ScaleGrid.coefficients(quantiles).dropFirst().map { $0 * $0 }
    let total = squares.reduce(0, +)
    guard total > 0 else { return 0 }
    var r = min(max(covariance / total, 0), 1)
    for _ in 0..<20 {
      var (value, slope, power) = (-covariance, 0.0, 1.0)
      for (k, square) in squares.enumerated() {
        slope += Double(k + 1) * square * power
        power *= r
        value += square * power
      }
      guard slope > 0 else { break }
      let next = min(max(r - value / slope, 0), 1)
      if abs(next - r) < 1e-9 { return next }
      r = next
    }
    return r
  }

  /// The law of ln of the mean of `count` independent e^y.
  ///
  /// While the terms spread little, by Fenton and Wilkinson: `−½ ln(1 + v/B)` and `ln(1 + v/B)`, v
  /// the relative variance of one term. A few samples dominate where they spread much; then by
  /// the Laplace transform, `E exp(−s Y) = P(E > sY)` for an exponential E, which gives the law of
  /// ln Y − ln E.
  func logarithm(of quantiles: [Double]) -> ShiftedLogNormal {
    let largest = quantiles.max() ?? 0
    var (first, second) = (0.0, 0.0)
    for j in 0..<ScaleGrid.count {
      let e = Double.exp(quantiles[j] - largest)
      first += ScaleGrid.weights[j] * e
      second += ScaleGrid.weights[j] * e * e
    }
    let spread = max(0, second / (first * first) - 1)
    let variance = Double.log(onePlus: spread / count)
    let middle = largest + Double.log(first) - variance / 2
    if count == 1 { return single(quantiles) }
    if spread < 3 { return ShiftedLogNormal(mean: middle, variance: variance, third: 0) }

    // Terms beyond 1 − 1/B hardly occur: the mean without them is near the middle of the law.
    var typical = 0.0
    for j in 0..<ScaleGrid.count where ScaleGrid.nodes[j] < 2.9 {
      typical += ScaleGrid.weights[j] * Double.exp(quantiles[j] - largest)
    }
    let centre = largest + Double.log(max(typical, 1e-300))
    let (start, step, points) = (-14.0, 0.5, 73)
    let terms = quantiles.map { Double.exp(min(700, $0 - centre)) / count }
    // Moments of ln Y − ln E by parts, from its distribution function.
    var (one, two, three) = (0.0, 0.0, 0.0)
    for i in 0..<points {
      let u = start + step * Double(i)
      let scale = Double.exp(-u)
      var missing = 0.0
      for j in 0..<ScaleGrid.count {
        let share = terms[j] * scale
        let taken =
          share < 1e-4
          ? share - share * share / 2 : share > 40 ? 1 : -Double.expMinusOne(-share)
        missing += ScaleGrid.weights[j] * taken
      }
      let below = missing < 1 ? Double.exp(count * Double.log(onePlus: -missing)) : 0
      let weight = (i == 0 || i == points - 1 ? step / 2 : step) * below
      one += weight
      two += 2 * u * weight
      three += 3 * u * u * weight
    }
    let end = start + step * Double(points - 1)
    // The integrands uᵏ⁻¹ have a slope at the upper end: Euler and Maclaurin's correction.
    two -= step * step / 6
    three -= step * step / 2 * end
    let (m1, m2, m3) = (end - one, end * end - two, end * end * end - three)
    // Cumulants of −ln E for an exponential E: Euler's γ, π²/6, 2ζ(3).
    return ShiftedLogNormal(
      mean: centre + m1 - 0.5772156649015329,
      variance: max(1e-6, m2 - m1 * m1 - 1.6449340668482264),
      third: m3 - 3 * m1 * m2 + 2 * m1 * m1 * m1 - 2.4041138063191886)
  }

  private func single(_ quantiles: [Double]) -> ShiftedLogNormal {
    let mean = ScaleGrid.average(quantiles)
    let power = { (k: Int) in
      ScaleGrid.average { Double.pow(quantiles[$0] - mean, k) }
    }
    return ShiftedLogNormal(mean: mean, variance: power(2), third: power(3))
  }
}

/// A law given by its first three cumulants at each z of a normal variable.
struct ConditionalLaw {
  let mean: [Double]
  let variance: [Double]
  let third: [Double]

  /// Quantiles of the whole.
  ///
  /// Near a normal law, those of a shifted log-normal with its three cumulants. A law of two
  /// humps (some draws collapse, others do not) is summed over z.
  var quantiles: [Double] {
    let centre = ScaleGrid.average(mean)
    let own = ScaleGrid.average(variance)
    let total = own + ScaleGrid.average { (mean[$0] - centre) * (mean[$0] - centre) }
    guard total > 0 else { return [Double](repeating: centre, count: ScaleGrid.count) }
    let third = ScaleGrid.average { j in
      let distance = mean[j] - centre
      return self.third[j] + distance * (3 * (variance[j] - own) + distance * distance)
    }
    let whole = ShiftedLogNormal(mean: centre, variance: total, third: third)
    let smooth = ScaleGrid.nodes.map { whole.quantile(at: $0) }
    guard abs(third) > total * total.squareRoot() else { return smooth }
    let parts = (0..<ScaleGrid.count).map {
      ShiftedLogNormal(mean: mean[$0], variance: max(variance[$0], 1e-12), third: self.third[$0])
    }
    let below = { (y: Double) in
      ScaleGrid.average { SpecialFunctions.normalDistribution(parts[$0].place(of: y)) }
    }
    let deviation = total.squareRoot()
    var result: [Double] = []
    for z in ScaleGrid.nodes {
      let target = SpecialFunctions.normalDistribution(z)
      var (low, high) = (result.last ?? centre - 12 * deviation, centre + 12 * deviation)
      for _ in 0..<30 {
        let middle = (low + high) / 2
        if below(middle) < target { low = middle } else { high = middle }
      }
      result.append((low + high) / 2)
    }
    return result
  }
}

/// `mean ± a(e^{bz − b²/2} − 1)`: the simplest law with three given cumulants.
struct ShiftedLogNormal {
  let mean: Double
  let deviation: Double
  private let sign: Double
  private let a: Double
  private let b: Double

  init(mean: Double, variance: Double, third: Double) {
    self.mean = mean
    sign = third < 0 ? -1 : 1
    deviation = max(0, variance).squareRoot()
    guard variance > 0 else {
      (a, b) = (0, 1)
      return
    }
    let skewness = min(max(abs(third) / (variance * deviation), 1e-4), 8)
    let half = skewness * skewness / 2
    let root = Double.root(1 + half + skewness * (1 + half / 2).squareRoot(), 3)
    let w = root + 1 / root - 1
    b = Double.log(w).squareRoot()
    a = deviation / (w - 1).squareRoot()
  }

  func quantile(at z: Double) -> Double {
    mean + sign * a * Double.expMinusOne(sign * b * z - b * b / 2)
  }

  /// The z at which the quantile is `y`.
  func place(of y: Double) -> Double {
    let x = 1 + sign * (y - mean) / a
    guard x > 0 else { return sign * -40 }
    return sign * (Double.log(x) + b * b / 2) / b
  }
}
