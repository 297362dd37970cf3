import RealModule

extension Moments {
  /// The same elements, drawn: the law of their own mean square rather than of their scale.
  ///
  /// A mean of `units` squares of normal elements has relative variance 2/n, of which two samples
  /// share the squared correlation.
  public func drawn(units: Int, positions: Int = 1) -> Moments {
    guard law == .gaussian else { return self }
    var result = self
    result.law = .spherical
    let elements = FreeElements(units: units, positions: positions)
    let n = elements.count(share: positionOverlap)
    // Each pair of positions of two samples can share: more than one position of a sample does.
    let repeats = n / elements.units
    // Where the mean square of all samples together is known, nothing of it is left to the draw.
    let isKnown = fluctuation.backward == nil && fluctuation.scale.groupKnown > 0
    let law = MeanOfSquares(spread: isKnown ? 0 : 2, third: isKnown ? nil : 8, count: n)
    if var backward = fluctuation.backward {
      for j in 0..<ScaleGrid.count {
        backward.mean[j] += law.shift
        backward.variance[j] += law.variance
        backward.sharedVariance[j] += law.variance * min(1, backward.overlap * repeats)
      }
      let room = 1 - backward.overlap
      backward.overlap += room * room / elements.units
      result.fluctuation.backward = backward
      return result
    }
    var spread = fluctuation.scale
    if spread.correlation.isEmpty {
      spread.correlation = [Double](repeating: sampleCorrelation, count: ScaleGrid.count)
    }
    let slopes = ScaleGrid.slopes(spread.quantiles)
    let noise = [Double](repeating: law.variance, count: ScaleGrid.count)
    spread.quantiles = ScaleGrid.addingNoise(noise, to: spread.quantiles).map { $0 + law.shift }
    for j in 0..<ScaleGrid.count {
      let (c, variance) = (spread.correlation[j], spread.correlationVariance[j])
      let before = slopes[j] * slopes[j]
      let shared = min(1, (c * c + variance) * repeats)
      let total = before + law.variance
      spread.sharing[j] =
        total > 0 ? (spread.sharing[j] * before + shared * law.variance) / total : 0
      let room = (1 - c * c) * (1 - variance)
      spread.correlationVariance[j] = min(1, variance + room * room / elements.units)
    }
    result.fluctuation.scale = spread
    return result
  }
}

extension Moments {
  /// As how many independent places the mean square of one unit varies.
  public func freePlaces(units: Int, positions: Int) -> Double {
    let elements = FreeElements(units: units, positions: positions)
    return elements.count(share: positionOverlap) / elements.units
  }

  /// How much ln of the mean square of one position varies around that of its sample.
  public func spreadBetweenPositions(units: Int, positions: Int) -> Double {
    let elements = FreeElements(units: units, positions: positions)
    return fluctuation.variance
      * max(0, elements.count(share: positionOverlap) / elements.units - 1)
  }

  /// E[cos²] of two positions of one sample: of a cotangent at least that of two samples.
  var positionOverlap: Double {
    max(positionCorrelation * positionCorrelation, fluctuation.backward?.overlap ?? 0)
  }
}

extension Fluctuation {
  /// The law of `S = share·S_a + otherShare·S_b + cross`, with scales that move together.
  static func sum(
    _ a: (moments: Moments, share: Double), _ b: (moments: Moments, share: Double), cross: Double,
    elements: FreeElements?
  ) -> Fluctuation {
    if a.moments.fluctuation.backward != nil || b.moments.fluctuation.backward != nil {
      return sumOfCotangents(a, b, elements: elements)
    }
    // A parameter has the same value for all samples: only its share counts.
    let (first, second) = (a.moments.fluctuation.scale, b.moments.fluctuation.scale)
    var result = ScaleSpread()
    result.correlation = ScaleGrid.zeros
    result.windowShare =
      a.moments.isShared
      ? second.windowShare
      : b.moments.isShared ? first.windowShare : max(first.windowShare, second.windowShare)
    for j in 0..<ScaleGrid.count {
      let one = a.share * Double.exp(first.quantiles[j])
      let other = b.share * Double.exp(second.quantiles[j])
      let total = max(one + other + cross, 1e-3 * (one + other))
      result.quantiles[j] = Double.log(total)
      let (p, q) = (one / total, other / total)
      let c = first.correlation.isEmpty ? a.moments.sampleCorrelation : first.correlation[j]
      let d = second.correlation.isEmpty ? b.moments.sampleCorrelation : second.correlation[j]
      result.correlation[j] = min(max(p * c + q * d + cross / total, -1), 1)
      result.correlationVariance[j] =
        p * p * first.correlationVariance[j] + q * q * second.correlationVariance[j]
    }
    let (slope, otherSlope) = (
      ScaleGrid.slopes(first.quantiles), ScaleGrid.slopes(second.quantiles)
    )
    for j in 0..<ScaleGrid.count {
      let (u, v) = (a.share * slope[j], b.share * otherSlope[j])
      result.sharing[j] =
        u + v > 0 ? (u * first.sharing[j] + v * second.sharing[j]) / (u + v) : 0
    }
    result.inheritance =
      a.moments.isShared
      ? b.share * second.inheritance
      : b.moments.isShared ? a.share * first.inheritance : 1
    if let elements, !a.moments.isShared, !b.moments.isShared {
      result = result.adding(
        noise: chance(a, b, elements), repeats: repeats(a, b, elements),
        atLeast: 1 / elements.units)
    } else if let elements {
      result.addParameter(a, b, elements)
    }
    return Fluctuation(scale: result)
  }

  /// The relative variance of a sum's mean square that is drawn with the sum: elements not yet
  /// drawn are, and independent tensors correlate by chance.
  private static func chance(
    _ a: (moments: Moments, share: Double), _ b: (moments: Moments, share: Double),
    _ elements: FreeElements
  ) -> Double {
    let fresh = { (part: (moments: Moments, share: Double)) in
      part.moments.law == .gaussian
        ? 2 * part.share * part.share / elements.count(share: part.moments.positionOverlap) : 0
    }
    return fresh(a) + fresh(b)
      + 4 * a.share * b.share / elements.count(share: commonOverlap(a.moments, b.moments))
  }

  /// E[x·x′ y·y′] of two positions of two tensors, relative to E[x²] E[y²].
  private static func commonOverlap(_ a: Moments, _ b: Moments) -> Double {
    (a.positionOverlap * b.positionOverlap).squareRoot()
  }

  /// How many positions of one sample share as two samples do.
  private static func repeats(
    _ a: (moments: Moments, share: Double), _ b: (moments: Moments, share: Double),
    _ elements: FreeElements
  ) -> Double {
    elements.count(share: commonOverlap(a.moments, b.moments)) / elements.units
  }

  private static func sumOfCotangents(
    _ a: (moments: Moments, share: Double), _ b: (moments: Moments, share: Double),
    elements: FreeElements?
  ) -> Fluctuation {
    let (one, other) = (a.moments.backwardSpread, b.moments.backwardSpread)
    var result = BackwardSpread()
    for j in 0..<ScaleGrid.count {
      let (x, y) = (a.share * Double.exp(one.mean[j]), b.share * Double.exp(other.mean[j]))
      let total = max(x + y, .leastNormalMagnitude)
      let (p, q) = (x / total, y / total)
      result.mean[j] = Double.log(total)
      let deviation = p * one.variance[j].squareRoot() + q * other.variance[j].squareRoot()
      result.variance[j] = deviation * deviation
      let shared =
        p * max(0, one.sharedVariance[j]).squareRoot()
        + q * max(0, other.sharedVariance[j]).squareRoot()
      result.sharedVariance[j] = shared * shared
      result.thirdCumulant[j] = p * one.thirdCumulant[j] + q * other.thirdCumulant[j]
      if let elements {
        let chance = chance((a.moments, p), (b.moments, q), elements)
        result.variance[j] += chance
        result.mean[j] -= chance / 2
        // What a branch adds along the stream is the same map of weights for all samples.
        let alike = max(one.overlap, other.overlap, 1 / elements.units)
        result.sharedVariance[j] +=
          chance
          * min(
            1, alike * repeats(a, b, elements))
      }
    }
    let (p, q) = (a.share, b.share)
    result.error = p * one.error + q * other.error
    let overlap = p * one.overlap.squareRoot() + q * other.overlap.squareRoot()
    result.overlap = min(1, overlap * overlap)
    result.alignment = p * one.alignment + q * other.alignment
    var scale = ScaleSpread()
    scale.sharing =
      a.share > b.share ? a.moments.fluctuation.scale.sharing : b.moments.fluctuation.scale.sharing
    return Fluctuation(scale: scale, backward: result)
  }

  /// The law of the product's scale: ln S adds, with scales that move together.
  static func product(_ a: Moments, _ b: Moments) -> Fluctuation {
    if a.isShared { return b.fluctuation }
    if b.isShared { return a.fluctuation }
    if a.fluctuation.backward != nil || b.fluctuation.backward != nil {
      let (cotangent, value) = a.fluctuation.backward != nil ? (a, b) : (b, a)
      var result = cotangent.fluctuation
      result.backward?.addToMean(value.fluctuation.scale.quantiles)
      return result
    }
    let (one, other) = (a.fluctuation.scale, b.fluctuation.scale)
    var result = one
    let (slope, otherSlope) = (
      ScaleGrid.slopes(one.quantiles), ScaleGrid.slopes(other.quantiles)
    )
    for j in 0..<ScaleGrid.count {
      result.quantiles[j] += other.quantiles[j]
      let sum = slope[j] + otherSlope[j]
      result.sharing[j] =
        sum > 0 ? (one.sharing[j] * slope[j] + other.sharing[j] * otherSlope[j]) / sum : 0
    }
    result.correlation = []
    return Fluctuation(scale: result)
  }
}

extension Fluctuation {
  /// Two vectors of `terms` elements are never less alike than by chance, E[cos²] = 1/terms.
  mutating func correlateByChance(terms: Int, around correlation: Double) {
    let chance = 1 / Double(max(1, terms))
    if let overlap = backward?.overlap {
      backward?.overlap = max(overlap, chance)
      return
    }
    for j in 0..<ScaleGrid.count {
      let c = scale.correlation.isEmpty ? correlation : scale.correlation[j]
      let room = max(0, 1 - c * c)
      scale.correlationVariance[j] = max(scale.correlationVariance[j], room * room * chance)
    }
  }
}

extension Moments {
  /// Sums over windows of `taps` positions of these elements.
  ///
  /// The correlation of two windows is the mean over their taps: what chance made of each varies
  /// less, by the number of taps as far as positions differ.
  public mutating func seeThrough(taps: Int, of operand: Moments) {
    guard taps > 1, fluctuation.backward == nil else { return }
    let alike = operand.positionCorrelation * operand.positionCorrelation
    fluctuation.scale.windowShare = alike + (1 - alike) / Double(taps)
  }
}

extension ScaleSpread {
  /// The law after a noise of relative variance `variance`.
  ///
  /// Samples share it by the square of their correlation, times the `repeats` of it within a sample.
  /// What a branch adds to a stream is the same map of weights for all samples: they share `atLeast`
  /// of it.
  func adding(noise variance: Double, repeats: Double = 1, atLeast: Double = 0) -> ScaleSpread {
    guard variance > 0 else { return self }
    var result = self
    let slopes = ScaleGrid.slopes(quantiles)
    result.quantiles = ScaleGrid.addingNoise(
      [Double](repeating: variance, count: ScaleGrid.count), to: quantiles
    ).map { $0 - variance / 2 }
    for j in 0..<ScaleGrid.count {
      let before = slopes[j] * slopes[j]
      let c = correlation.isEmpty ? 0 : correlation[j]
      let shared = min(1, max(c * c + correlationVariance[j], atLeast) * repeats)
      result.sharing[j] = (sharing[j] * before + shared * variance) / (before + variance)
    }
    return result
  }
}

extension ScaleSpread {
  /// The noise of a parameter that is added to elements of known mean square: its own mean square
  /// is the same for all samples, and its product with the elements as alike as these are.
  ///
  /// Where the elements are still to be drawn their sum with the parameter is as well.
  fileprivate mutating func addParameter(
    _ a: (moments: Moments, share: Double), _ b: (moments: Moments, share: Double),
    _ elements: FreeElements
  ) {
    guard a.moments.isParameter != b.moments.isParameter else { return }
    let (value, parameter) = a.moments.isParameter ? (b, a) : (a, b)
    guard value.moments.law != .gaussian, parameter.moments.variance > 0 else { return }
    let random = parameter.share * parameter.moments.variance / parameter.moments.secondMoment
    let own = 2 * random * random / elements.units
    let product = 4 * random * value.share / elements.units
    let slopes = ScaleGrid.slopes(quantiles)
    let total = own + product
    let similarity = max(0, value.moments.sampleCorrelation)
    quantiles = ScaleGrid.addingNoise(
      [Double](repeating: total, count: ScaleGrid.count), to: quantiles
    ).map { $0 - total / 2 }
    for j in 0..<ScaleGrid.count {
      let before = slopes[j] * slopes[j]
      sharing[j] =
        (sharing[j] * before + own + product * similarity) / (before + total)
    }
  }
}

extension BackwardSpread {
  /// One more rule that may be off by the relative error `more`.
  mutating func addError(_ more: Double) {
    addSharedVariance((error + more) * (error + more) - error * error)
    error += more
  }

  mutating func addSharedVariance(_ more: Double) {
    for j in 0..<ScaleGrid.count {
      variance[j] += more
      sharedVariance[j] += more
    }
  }

  /// Turns what depends on the value's scale into variance, of which samples share what they
  /// share of that scale.
  mutating func forgetScale(sharing: [Double]) {
    let middle = ScaleGrid.average(mean)
    let own = ScaleGrid.covariance(mean, correlation: 1)
    let shared = ScaleGrid.covariance(mean, correlation: ScaleGrid.average(sharing))
    let (variances, sharedVariances) = (
      ScaleGrid.average(variance) + own, ScaleGrid.average(sharedVariance) + shared
    )
    let third = ScaleGrid.average { j in
      let distance = mean[j] - middle
      return thirdCumulant[j] + distance
        * (3 * (variance[j] - variances + own) + distance * distance)
    }
    for j in 0..<ScaleGrid.count {
      mean[j] = middle
      variance[j] = variances
      sharedVariance[j] = sharedVariances
      thirdCumulant[j] = third
    }
  }

  mutating func addToMean(_ quantiles: [Double]) {
    for j in 0..<ScaleGrid.count { mean[j] += quantiles[j] }
  }
}

extension ForwardStep {
  /// Whether φ has averages at all scales that occur.
  var isFinite: Bool {
    limit.value.isFinite && drift.allSatisfy(\.isFinite) && noise.allSatisfy(\.isFinite)
      && spread.quantiles.allSatisfy(\.isFinite)
  }
}

extension ScaleTable {
  /// The uncentred correlation of φ, or of the gate, where the operands' is `correlation`.
  mutating func correlation(
    _ series: KeyPath<ScaleStatistics, [Double]>, of correlation: Double, logScale y: Double
  ) -> Double {
    let m2 = relativeMean * relativeMean
    let centred = min(max((correlation - m2) / (1 - m2), -1), 1)
    return min(max(evaluate(series, at: centred, logScale: y).value, -1), 1)
  }
}
