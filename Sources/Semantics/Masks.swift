import RealModule

extension Moments {
  /// Elements that are kept with probability `share`, independently, and divided by it.
  ///
  /// E[x²] grows by 1/share, and masks of two elements are independent, so that E[x x′] stays and
  /// correlations shrink. The mean of `units` squares at each of `positions` gains the relative
  /// variance E[x⁴]/E[x²]² (1/share − 1)/n, which no two samples share; the fourth moment is taken as
  /// that of normal elements.
  public func masked(keeping share: Double, units: Int, positions: Int = 1) -> Moments {
    guard basis != .unknown else { return self }
    var result = drawn(units: units, positions: positions)
    result.secondMoment /= share
    result.sampleCorrelation *= share
    result.positionCorrelation *= share
    result.law = .other
    result.origin = nil
    let elements = FreeElements(units: units, positions: positions)
    let noise = 3 * (1 / share - 1) / (elements.units * elements.positions)
    let chance = (1 - share * share) / elements.units
    if var backward = result.fluctuation.backward {
      for j in 0..<ScaleGrid.count {
        backward.variance[j] += noise
        backward.mean[j] -= noise / 2
      }
      backward.overlap = min(1, share * share * backward.overlap + chance)
      result.fluctuation.backward = backward
      return result
    }
    var spread = result.fluctuation.scale
    let slopes = ScaleGrid.slopes(spread.quantiles)
    spread.quantiles = ScaleGrid.addingNoise(
      [Double](repeating: noise, count: ScaleGrid.count), to: spread.quantiles
    ).map { $0 - noise / 2 }
    spread.correlation = spread.correlation.map { $0 * share }
    for j in 0..<ScaleGrid.count {
      let before = slopes[j] * slopes[j]
      spread.sharing[j] *= before + noise > 0 ? before / (before + noise) : 0
      spread.correlationVariance[j] = min(
        1, share * share * spread.correlationVariance[j] + chance)
    }
    spread.groupKnown = 0
    result.fluctuation.scale = spread
    return result
  }

  /// The rows that tokens take from a table of parameters, `rows` in number and as likely.
  ///
  /// Tokens of one row have all elements in common, others none but by their mean. A batch's mean
  /// square is as uncertain as the draw of the rows that it takes. `isShared` says that every sample
  /// takes the same rows.
  public func rows(of rows: Int, isShared: Bool) -> Moments {
    var result = self
    let free = secondMoment == 0 ? 0 : mean * mean / secondMoment
    let same = 1 / Double(max(1, rows))
    let common = free + (1 - free) * same
    result.law = mean == 0 ? .gaussian : .other
    result.sampleCorrelation = isShared ? 1 : common
    result.positionCorrelation = common
    result.fluctuation.scale.correlationVariance = [Double](
      repeating: isShared ? 0 : same * (1 - same) * (1 - free) * (1 - free),
      count: ScaleGrid.count)
    return result
  }

  /// Values of which mean, second and fourth moment are known wherever the operand's scale stands:
  /// `averages` gives them where ln of its second moment is by its argument above that of these.
  public func mapped(
    units: Int, positions: Int,
    _ averages: (Double) -> (mean: Double, square: Double, fourth: Double)
  ) -> Moments {
    let middle = averages(0)
    var result = self
    result.mean = middle.mean
    result.secondMoment = middle.square
    result.law = .other
    result.places = []
    result.origin = nil
    guard middle.square > 0, middle.square.isFinite else { return result }
    let step = 0.125
    let (low, high) = (averages(-step).square, averages(step).square)
    let response = low > 0 ? (Double.log(high) - Double.log(low)) / (2 * step) : 1
    func kept(_ correlation: Double) -> Double {
      let square = mean * mean / secondMoment
      let centred = square < 1 ? min(max((correlation - square) / (1 - square), 0), 1) : 1
      let own = middle.mean * middle.mean / middle.square
      return own + centred * (1 - own)
    }
    result.sampleCorrelation = kept(sampleCorrelation)
    result.positionCorrelation = kept(positionCorrelation)
    let (c, p) = (result.sampleCorrelation, result.positionCorrelation)
    let own = middle.mean * middle.mean / middle.square
    let room = max(1 - own, 1e-9)
    let (alike, near) = ((c - own) / room, (p - own) / room)
    let elements = FreeElements(units: units, positions: positions)
    let n = elements.count(share: near)
    let noise = max(0, middle.fourth / (middle.square * middle.square) - 1) / n
    var spread = fluctuation.scale
    spread.correlation = []
    spread.groupKnown = 0
    let drift = spread.quantiles.map { response * $0 - noise / 2 }
    let slopes = ScaleGrid.slopes(drift)
    spread.quantiles = ScaleGrid.addingNoise(
      [Double](repeating: noise, count: ScaleGrid.count), to: drift)
    for j in 0..<ScaleGrid.count {
      let before = slopes[j] * slopes[j]
      let shared = min(1, max(alike, spread.correlationVariance[j]) * n / elements.units)
      let total = before + noise
      spread.sharing[j] =
        total > 0 ? (spread.sharing[j] * before + shared * noise) / total : 0
    }
    result.fluctuation = Fluctuation(scale: spread).uncertain(by: (2 * nearby).squareRoot())
    result.nearby = 0
    return result
  }
}
