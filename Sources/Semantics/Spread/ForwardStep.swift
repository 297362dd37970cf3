import Numbers
import RealModule

/// What the map x ↦ φ(x) does to the law of the scale: what both passes need to know.
struct ForwardStep {
  /// Averages at the scale of each node of the operand's law.
  let smooth: [ScaleStatistics.Smooth]
  /// The same at the operand's second moment, the wide limit.
  let limit: ScaleStatistics.Smooth
  /// E[ln S] of the result relative to its wide limit, given the operand's scale.
  let drift: [Double]
  /// Var[ln S] of the result given the operand's scale: what one layer of finite width adds.
  let noise: [Double]
  /// The share of that noise that two samples have in common.
  let noiseSharing: [Double]
  /// The law of the result.
  let spread: ScaleSpread
  /// The operand's correlation between two samples, of the centred parts, and its variance.
  let correlation: [Double]
  let correlationVariance: [Double]
  /// E[cos²] of two samples' operands, centred.
  let squaredCorrelation: [Double]
  /// Where the operand's scale stands, ln of its second moment at each node.
  let logScales: [Double]
  /// The operand's correlation between two positions, of the centred parts.
  let positionCorrelation: Double
  /// ln of the operand's second moment.
  let base: Double
  /// How strongly the noise of a mean of squares of finitely many elements is reduced because the
  /// operand's own mean square is known.
  let isSpherical: Bool

  /// - Parameters:
  ///   - table: statistics of φ, changed only in what it remembers.
  ///   - x: the operand, of a finite second moment above 0.
  ///   - elements: how many elements a mean square is over.
  init(_ table: inout ScaleTable, at x: Moments, elements: FreeElements) {
    let base = Double.log(x.secondMoment)
    self.base = base
    let operand = x.fluctuation.scale
    let isSpherical = x.law != .gaussian
    let m2 = table.relativeMean * table.relativeMean
    let logScales = operand.quantiles.map { base + $0 }
    let isSteady = operand.quantiles.allSatisfy { $0 == 0 }
    let limit = table.smooth(at: base)
    let between = min(max((x.positionCorrelation - m2) / (1 - m2), -1), 1)
    var common = 0.0
    if elements.positions > 1, limit.valueSpread > 0 {
      let squares = table.evaluate(\.squares, at: between, logScale: base)
      let chance = operand.correlationVariance[ScaleGrid.count / 2]
      common = (squares.value + squares.bend * chance / 2) / limit.valueSpread
    }
    let n = elements.count(share: common)
    positionCorrelation = between
    var smooth: [ScaleStatistics.Smooth] = []
    smooth.reserveCapacity(ScaleGrid.count)
    for y in logScales { smooth.append(isSteady ? limit : table.smooth(at: y)) }

    // Correlations, at every other node.
    var (c, variance) = (ScaleGrid.zeros, ScaleGrid.zeros)
    var (next, nextVariance, shared) = (c, c, c)
    for j in stride(from: 0, to: ScaleGrid.count, by: 2) {
      let uncentred = operand.correlation.isEmpty ? x.sampleCorrelation : operand.correlation[j]
      c[j] = min(max((uncentred - m2) / (1 - m2), -1), 1)
      variance[j] = operand.correlationVariance[j] / ((1 - m2) * (1 - m2))
      let y = logScales[j]
      let value = table.evaluate(\.values, at: c[j], logScale: y)
      let square = table.evaluate(\.squares, at: c[j], logScale: y)
      next[j] = min(max(value.value, -1), 1)
      // One more layer's draw moves a correlation that is not ±1; where the operand's own
      // correlation is known exactly, only by what φ adds to it.
      let fresh = isSpherical ? max(0, 1 - value.slope * value.slope) : 1
      let room = (1 - next[j] * next[j]) * (1 - min(1, variance[j]))
      nextVariance[j] = min(
        1, value.slope * value.slope * variance[j] + room * room * fresh / elements.units)
      var covariance = square.value + square.bend * variance[j] / 2
      var spread = smooth[j].valueSpread
      if isSpherical {
        let known = 2 * smooth[j].response * smooth[j].response
        covariance -= known * (c[j] * c[j] + variance[j])
        spread -= known
      } else if operand.groupKnown > 0 {
        // Every unit's mean square over the batch is known.
        covariance -= 2 * smooth[j].response * smooth[j].response * (c[j] * c[j] + variance[j])
      }
      shared[j] =
        spread > 1e-12 ? min(max(covariance / spread * n / elements.units, 0), 1) : 0
    }
    for j in stride(from: 1, to: ScaleGrid.count, by: 2) {
      c[j] = (c[j - 1] + c[j + 1]) / 2
      variance[j] = (variance[j - 1] + variance[j + 1]) / 2
      next[j] = (next[j - 1] + next[j + 1]) / 2
      nextVariance[j] = (nextVariance[j - 1] + nextVariance[j + 1]) / 2
      shared[j] = (shared[j - 1] + shared[j + 1]) / 2
    }

    var (drift, noise) = (ScaleGrid.zeros, ScaleGrid.zeros)
    for j in 0..<ScaleGrid.count {
      let s = smooth[j]
      var law = MeanOfSquares(spread: s.valueSpread, third: s.valueThird, count: n)
      if isSpherical {
        law = MeanOfSquares(
          spread: max(0, s.valueSpread - 2 * s.response * s.response), third: nil, count: n)
        drift[j] -= s.bend / n
      }
      drift[j] += s.value - limit.value + law.shift - s.bend * operand.groupKnown
      noise[j] = law.variance
    }
    let quantiles = ScaleGrid.addingNoise(noise, to: drift)
    let slopes = ScaleGrid.slopes(drift)
    var result = ScaleSpread(quantiles: quantiles)
    for j in 0..<ScaleGrid.count {
      let before = slopes[j] * slopes[j]
      let total = before + noise[j]
      result.sharing[j] =
        total > 0 ? (operand.sharing[j] * before + shared[j] * noise[j]) / total : 0
    }
    result.windowShare = operand.windowShare
    result.correlation = next
    result.correlationVariance = nextVariance

    self.smooth = smooth
    self.limit = limit
    self.drift = drift
    self.noise = noise
    self.noiseSharing = shared
    self.spread = result
    self.correlation = c
    self.correlationVariance = variance
    self.squaredCorrelation = zip(c, variance).map { min(1, $0 * $0 + $1) }
    self.logScales = logScales
    self.isSpherical = isSpherical
  }
}

/// Mean and variance of ln of the mean of `count` independent terms of mean 1.
///
/// To second order in 1/count from the relative variance and third cumulant of one term:
/// `E = −κ/2n + (κ₃/3 − 3κ²/4)/n²`, `Var = κ/n + (5κ²/2 − κ₃)/n²`. For relu these are −5/(2n) −
/// 49/(12n²) and 5/n + 37/(2n²). Where the second order is no longer small it is held to 0.6 of the
/// first.
struct MeanOfSquares {
  let shift: Double
  let variance: Double

  init(spread: Double, third: Double?, count n: Double) {
    let first = spread / n
    guard let third else {
      shift = -first / 2
      variance = first
      return
    }
    let hold = { (second: Double, of: Double) in min(max(second, -0.6 * of), 0.6 * of) }
    shift = -first / 2 + hold((third / 3 - 0.75 * spread * spread) / (n * n), first / 2)
    variance = first + hold((2.5 * spread * spread - third) / (n * n), first)
  }
}
