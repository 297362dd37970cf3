public import Numbers
import RealModule

/// The backward step through an activation; `docs/bands.md` derives it.
extension Moments {
  /// `cotangent · φ⁽ᵏ⁾(x)`, `order` = k, 1 or 2: the backward step through an activation.
  ///
  /// `units` and `positions` are as in ``contraction(_:_:terms:units:positions:)``.
  public static func backpropagated(
    _ cotangent: Moments, through function: any ScalarFunction, at x: Moments, order: Int = 1,
    units: Int, positions: Int = 1
  ) -> Moments {
    guard order == 1 || order == 2 else {
      return .unknown("derivative \(order) of \(function.name) has no moment rule")
    }
    guard !cotangent.secondMoment.isNaN else { return cotangent }
    guard !x.secondMoment.isNaN else { return x }
    if function.kinks.contains(where: { order == 1 ? $0.valueJump != 0 : $0.slopeJump != 0 }) {
      return .unknown("\(function.name) has no derivative \(order) whose square can be averaged")
    }
    guard x.variance > 0 else {
      let gate = order == 1 ? function.slope(at: x.mean) : function.curvature(at: x.mean)
      return cotangent.scaled(by: gate).with(cotangent.axes ?? x.axes)
    }
    let isOverflowing = x.secondMoment > largest
    let wide = WideAverage(
      of: function, derivative: order, mean: isOverflowing ? 0 : x.mean,
      variance: isOverflowing ? largest : x.variance)
    var result = Moments(
      mean: cotangent.mean * wide.mean, secondMoment: cotangent.secondMoment * wide.secondMoment,
      basis: max(cotangent.basis, x.basis, x.isNormal ? wide.basis : .firstOrder),
      note: cotangent.note ?? x.note)
    result.fluctuation = cotangent.fluctuation
    result.axes = x.axes ?? cotangent.axes
    result.places = cotangent.places
    guard !isOverflowing, wide.secondMoment > 0 else { return result }
    let elements = FreeElements(units: units, positions: positions)
    var table = ScaleTable(
      function, gateOrder: order, relativeMean: x.mean / x.secondMoment.squareRoot())
    result.positionCorrelation =
      cotangent.positionCorrelation
      * table.correlation(
        \.gates, of: x.positionCorrelation, logScale: Double.log(x.secondMoment))
    let step = ForwardStep(&table, at: x, elements: elements)
    guard step.isFinite, step.limit.gate.isFinite else { return result }
    let middle = ScaleGrid.count / 2
    let gate = table.evaluate(
      \.gates, at: step.correlation[middle], logScale: step.logScales[middle])
    result.sampleCorrelation = cotangent.sampleCorrelation * gate.value
    if !x.places.isEmpty {
      let gates = Moments.responses(to: x.places) { table.smooth(at: step.base + $0).gate }
      result.multiplyPlaces(
        cotangent.places.isEmpty ? x.places.map { _ in 1 } : cotangent.places,
        gates.map { Double.exp($0 - step.limit.gate) })
    }
    var scale = ScaleSpread()
    scale.sharing = x.fluctuation.scale.sharing
    let spread = BackwardStep(
      &table, step, of: cotangent.positionOverlap, at: x, elements: elements
    )
    .apply(to: cotangent.backwardSpread, isKnown: cotangent.law != .gaussian)
    guard spread.mean.allSatisfy(\.isFinite), spread.variance.allSatisfy(\.isFinite) else {
      return result
    }
    result.fluctuation = Fluctuation(scale: scale, backward: spread)
    return result
  }

  /// A cotangent whose mean square is multiplied by that of one sample of `value` to `power`.
  ///
  /// A norm that each sample is divided by has power −1 in the cotangent that passes it. What is
  /// known of the cotangent is of the normalised value, whose scale says nothing of `value`. The
  /// second moment stays as it is: it must count the factor already, which it did by `counted`, a
  /// logarithm. The cotangent has no component along `value` any more.
  ///
  /// `units` is given where the operand was drawn by weights: what a gate ahead of them has added for
  /// a component along a value of known norm, as weights that keep norms have it, they do not keep.
  public func following(
    _ value: Moments, by power: Double, counted: Double = 0, units: Int? = nil
  ) -> Moments {
    var (result, backward) = (self, backwardSpread)
    let scale = value.fluctuation.scale
    backward.forgetScale(sharing: fluctuation.scale.sharing)
    let along = units.map { (backward.alignment - 1) / Double(max(1, $0)) } ?? 0
    backward.alignment = 0
    backward.addToMean(scale.quantiles.map { power * $0 - counted + along })
    result.fluctuation = Fluctuation(
      scale: ScaleSpread(sharing: scale.sharing), backward: backward)
    return result
  }

  /// A cotangent that a norm over the batch lets through.
  ///
  /// Nothing is known of its component along one sample's value, nor of its scale given the value's.
  /// `error` is the relative error of the second moment, the same for all samples.
  public func passingBatch(error: Double) -> Moments {
    var (result, backward) = (self, backwardSpread)
    backward.forgetScale(sharing: fluctuation.scale.sharing)
    backward.alignment = 1
    backward.addError(error)
    result.fluctuation = Fluctuation(scale: ScaleSpread(), backward: backward)
    return result
  }

  /// Mean square of a cotangent along the value that it belongs to, relative to that along any
  /// other direction: 1 where nothing else is known.
  public var alignment: Double { fluctuation.backward?.alignment ?? 1 }

  /// The law of a cotangent's scale, made from that of a value where no layer has been passed yet.
  var backwardSpread: BackwardSpread {
    if let backward = fluctuation.backward { return backward }
    var result = BackwardSpread()
    let scale = fluctuation.scale
    guard fluctuation != .none else { return result }
    let (shift, variance) = (fluctuation.shift, fluctuation.variance)
    let covariance = fluctuation.covariance
    for j in 0..<ScaleGrid.count {
      result.mean[j] = shift
      result.variance[j] = variance
      result.sharedVariance[j] = covariance
    }
    let middle = ScaleGrid.count / 2
    let c = scale.correlation.isEmpty ? sampleCorrelation : scale.correlation[middle]
    result.overlap = min(1, c * c + scale.correlationVariance[middle])
    return result
  }
}

/// What multiplying by the gates does to the law of a cotangent's scale.
struct BackwardStep {
  private let step: ForwardStep
  private let units: Double
  /// How many independent elements make the noise of one sample's mean square.
  private let count: Double
  /// The operand's ln scale around its mean, and how far it follows the layer before.
  private let operand: ScaleSpread
  private let meanLogScale: Double
  private var gateCorrelation = 0.0
  /// Relative covariances between two samples of their gates' squares, and of φ² with gate².
  private var gateCovariance = ScaleGrid.zeros
  private var crossCovariance = ScaleGrid.zeros

  init(
    _ table: inout ScaleTable, _ step: ForwardStep, of positionOverlap: Double,
    at x: Moments, elements: FreeElements
  ) {
    self.step = step
    units = elements.units
    var share = 0.0
    if elements.positions > 1 {
      let gates = table.evaluate(
        \.gateSquares, at: step.positionCorrelation, logScale: Double.log(x.secondMoment))
      let chance = step.correlationVariance[ScaleGrid.count / 2]
      let common = gates.value + gates.bend * chance / 2
      share = ((1 + 2 * positionOverlap) * (1 + common) - 1) / step.limit.gateSpread
    }
    count = elements.count(share: share)
    operand = x.fluctuation.scale
    meanLogScale = Double.log(x.secondMoment)
    var gates = ScaleGrid.zeros
    for j in stride(from: 0, to: ScaleGrid.count, by: 2) {
      let (c, variance, y) = (
        step.correlation[j], step.correlationVariance[j], step.logScales[j]
      )
      let gate = table.evaluate(\.gateSquares, at: c, logScale: y)
      let cross = table.evaluate(\.crossSquares, at: c, logScale: y)
      gates[j] = table.evaluate(\.gates, at: c, logScale: y).value
      gateCovariance[j] = gate.value + gate.bend * variance / 2
      crossCovariance[j] = cross.value + cross.bend * variance / 2
      if step.isSpherical {
        let s = step.smooth[j]
        gateCovariance[j] -=
          2 * s.gateResponse * s.gateResponse * step.squaredCorrelation[j]
        crossCovariance[j] -= 2 * s.response * s.gateResponse * step.squaredCorrelation[j]
      }
    }
    for j in stride(from: 1, to: ScaleGrid.count, by: 2) {
      gates[j] = (gates[j - 1] + gates[j + 1]) / 2
      gateCovariance[j] = (gateCovariance[j - 1] + gateCovariance[j + 1]) / 2
      crossCovariance[j] = (crossCovariance[j - 1] + crossCovariance[j + 1]) / 2
    }
    gateCorrelation = ScaleGrid.average(gates)
  }

  /// The law given the scale of the operand, from that given the scale of φ of it.
  ///
  /// `isKnown` says that the cotangent's mean square, not only its scale, is what `before` tells.
  func apply(to before: BackwardSpread, isKnown: Bool) -> BackwardSpread {
    var result = before
    let known = isKnown ? 2.0 : 0
    let wholeAlignment = alignment(after: before.alignment)
    for j in 0..<ScaleGrid.count {
      let s = step.smooth[j]
      let path = transition(from: j, in: before)
      var (spread, cross) = (s.gateSpread - known, s.cross)
      var shift = s.gate - step.limit.gate
      if step.isSpherical {
        spread -= 2 * s.gateResponse * s.gateResponse
        cross -= 2 * s.response * s.gateResponse
        shift -= s.gateBend / count
      }
      let isExact = step.isSpherical || isKnown
      spread = max(0, spread)
      let law = MeanOfSquares(
        spread: spread, third: isExact ? nil : s.gateThird, count: count)
      // The parts along the value and across it gain differently.
      shift += (before.alignment - 1) * (1 + s.cross) / units
      if step.isSpherical { shift -= (wholeAlignment - 1) / units }
      result.mean[j] = path.mean + shift + law.shift
      // Units that let much through forward also let through backward: the new noise is
      // correlated with what the layers above answer to.
      let noise = step.noise[j]
      let follow = noise > 0 ? 2 * path.slope / (noise.squareRoot() * count) : 0
      result.variance[j] = max(
        0, path.variance + path.meanVariance + law.variance + follow * cross)
      let common = (1 + 2 * before.overlap) * (1 + gateCovariance[j]) - 1 - known * before.overlap
      let shared =
        spread > 1e-12 ? min(max(common / spread * count / units, 0), 1) : 0
      result.sharedVariance[j] =
        path.sharedVariance + path.meanVariance * step.noiseSharing[j] + law.variance * shared
        + follow * crossCovariance[j]
      result.thirdCumulant[j] =
        path.thirdCumulant
        + (isExact ? 0 : (s.gateThird - 3 * s.gateSpread * s.gateSpread) / (count * count))
    }
    subtractCancellation(from: &result, overlap: before.overlap, alignment: wholeAlignment)
    result.alignment = wholeAlignment
    let covariance = 1 + ScaleGrid.average(gateCovariance)
    let fresh = covariance - (isKnown ? gateCorrelation * gateCorrelation : 0)
    let room = (1 - before.overlap) * (1 - before.overlap)
    result.overlap = min(
      1, gateCorrelation * gateCorrelation * before.overlap + max(0, fresh) * room / units)
    return result
  }

  /// The mean square along the value after this layer, relative to that across it.
  private func alignment(after before: Double) -> Double {
    let s = step.limit
    let kept = s.response * s.response * Double.exp(s.value - s.gate - meanLogScale)
    return max(0, 1 + operand.inheritance * (2 * s.gateResponse + (before - 1) * kept))
  }

  /// One draw of weights that passes more forward also passes more backward; where the layers
  /// answer to more by passing less (saturation), the two cancel in what samples share.
  private func subtractCancellation(
    from spread: inout BackwardSpread, overlap: Double, alignment: Double
  ) {
    guard !step.isSpherical else { return }
    let scale = ScaleGrid.coefficients(step.logScales)[1]
    let answer =
      scale > 1e-6 ? ScaleGrid.coefficients(spread.mean)[1] / scale : step.limit.gateResponse
    for j in 0..<ScaleGrid.count {
      let c2 = step.squaredCorrelation[j]
      let along = max(0, 1 - c2 * (1 - alignment))
      let common = max(min(overlap, c2), 1 / units) * along
      let shared = spread.sharedVariance[j] + 4 * min(0, answer) * common / units
      spread.sharedVariance[j] = min(max(0, shared), spread.variance[j])
    }
  }

  private struct Path {
    var mean = 0.0, meanVariance = 0.0, slope = 0.0
    var variance = 0.0, sharedVariance = 0.0, thirdCumulant = 0.0
  }

  /// Averages over where the scale goes from node `j` through the noise of this layer.
  private func transition(from j: Int, in before: BackwardSpread) -> Path {
    let quantiles = step.spread.quantiles
    let deviation = step.noise[j].squareRoot()
    var path = Path()
    guard deviation > 0, quantiles[ScaleGrid.count - 1] - quantiles[0] > 1e-9 else {
      path.mean = before.mean[j]
      path.variance = before.variance[j]
      path.sharedVariance = before.sharedVariance[j]
      path.thirdCumulant = before.thirdCumulant[j]
      return path
    }
    var points = [(weight: Double, e: Double, mean: Double, variance: Double)]()
    points.reserveCapacity(5)
    for (e, weight) in zip(ScaleGrid.normalNodes, ScaleGrid.normalWeights) {
      let z = ScaleGrid.place(of: step.drift[j] + deviation * e, in: quantiles)
      let at = { (values: [Double]) in
        ScaleGrid.interpolate(values, at: z, isFlatOutside: true)
      }
      let mean = at(before.mean)
      points.append((weight, e, mean, at(before.variance)))
      path.mean += weight * mean
      path.slope += weight * e * mean
      path.variance += weight * points[points.count - 1].variance
      path.sharedVariance += weight * at(before.sharedVariance)
      path.thirdCumulant += weight * at(before.thirdCumulant)
    }
    for point in points {
      let distance = point.mean - path.mean
      path.meanVariance += point.weight * distance * distance
      path.thirdCumulant +=
        point.weight * distance * (3 * (point.variance - path.variance) + distance * distance)
    }
    return path
  }
}
