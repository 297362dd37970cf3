public import Numbers
import RealModule

/// The steps that forward moment rules are made of; `docs/bands.md` derives them.
extension Moments {
  /// `Σ_k a_k b_k` over `terms` products: a row of a matrix product.
  ///
  /// `units` is the number of elements per sample of the result along which parameters differ, and
  /// `positions` the number of places of one sample that meet the same parameters. Where one operand is a parameter of mean 0, the results are normal once the other operand is
  /// given, and their common variance is its mean square.
  public static func contraction(
    _ a: Moments, _ b: Moments, terms: Int, units: Int, positions: Int = 1
  ) -> Moments {
    let n = Double(terms)
    // 0 times what has overflowed is 0: a mean of exactly 0 stays 0.
    let mean = a.mean == 0 || b.mean == 0 ? 0 : n * a.mean * b.mean
    var result = Moments(
      mean: mean,
      secondMoment: n * a.secondMoment * b.secondMoment + n * (n - 1) * mean / n * mean / n,
      basis: max(a.basis, b.basis), note: a.note ?? b.note)
    guard a.isParameter != b.isParameter else {
      result.basis = max(result.basis, a.isParameter ? .closedForm : .firstOrder)
      result.sampleCorrelation = a.sampleCorrelation * b.sampleCorrelation
      result.positionCorrelation = a.positionCorrelation * b.positionCorrelation
      return result
    }
    let (value, weight) = a.isParameter ? (b, a) : (a, b)
    result.sampleCorrelation = value.sampleCorrelation
    result.positionCorrelation = value.positionCorrelation
    result.areSteps = value.areSteps
    result.fluctuation = value.drawn(units: terms, positions: positions).fluctuation
    result.fluctuation.scale.inheritance = 1
    result.fluctuation.scale.groupKnown = 0
    result.fluctuation.correlateByChance(terms: terms, around: value.sampleCorrelation)
    if weight.mean == 0 {
      let isIsometry = weight.law == .parameter(isOrthogonal: true) && units >= terms
      result.law = isIsometry ? .spherical : .gaussian
    }
    return result
  }

  /// `a + b` of independent tensors.
  ///
  /// The scales of two values are taken to move together, as those of a residual stream and its
  /// branch do. `units` at each of `positions` says how many elements the mean square of one sample
  /// is over, so that the chance correlation of the two is counted; without it the sum stays as it
  /// would be drawn anew.
  public static func sum(
    _ a: Moments, _ b: Moments, units: Int? = nil, positions: Int = 1
  ) -> Moments {
    if b.secondMoment == 0 { return a.joined(to: b) }
    if a.secondMoment == 0 { return b.joined(to: a) }
    let secondMoment = a.secondMoment + b.secondMoment + 2 * a.mean * b.mean
    var result = Moments(
      mean: a.mean + b.mean, secondMoment: secondMoment, basis: max(a.basis, b.basis),
      note: a.note ?? b.note)
    result.nearby = max(a.nearby, b.nearby)
    result.areSteps = a.areSteps || b.areSteps
    result.axes = a.isShared ? b.axes : a.axes ?? b.axes
    result.visible = a.visible.isEmpty ? b.visible : a.visible
    result.laneCorrelation = a.isShared ? b.laneCorrelation : b.isShared ? a.laneCorrelation : nil
    guard secondMoment.isFinite, secondMoment > 0 else { return result }
    result.places = Moments.places(ofSum: a, b, cross: 2 * a.mean * b.mean)
    let cross = 2 * a.mean * b.mean / secondMoment
    let (share, otherShare) = (a.secondMoment / secondMoment, b.secondMoment / secondMoment)
    result.sampleCorrelation =
      share * a.sampleCorrelation + otherShare * b.sampleCorrelation + cross
    result.positionCorrelation =
      share * a.positionCorrelation + otherShare * b.positionCorrelation + cross
    if a.isNormal && (b.isNormal || b.isShared) || b.isNormal && a.isShared {
      let isDrawn = a.isShared || b.isShared || units == nil
      result.law = isDrawn && a.law != .spherical && b.law != .spherical ? .gaussian : .spherical
    }
    if a.law == .constant && b.law == .constant { result.law = .constant }
    result.fluctuation = Fluctuation.sum(
      (a, share), (b, otherShare), cross: cross,
      elements: units.map { FreeElements(units: $0, positions: positions) })
    return result
  }

  /// `a · b` of independent tensors, element by element.
  public static func product(_ a: Moments, _ b: Moments) -> Moments {
    var result = Moments(
      mean: a.mean * b.mean, secondMoment: a.secondMoment * b.secondMoment,
      sampleCorrelation: a.sampleCorrelation * b.sampleCorrelation,
      positionCorrelation: a.positionCorrelation * b.positionCorrelation,
      basis: max(a.basis, b.basis), note: a.note ?? b.note)
    // Factors that are all alike, as gains of norms start, leave the law as it is.
    if a.isShared, a.variance == 0 {
      result.law = b.law
    } else if b.isShared, b.variance == 0 {
      result.law = a.law
    }
    result.fluctuation = Fluctuation.product(a, b)
    result.areSteps = a.areSteps || b.areSteps
    result.axes = a.isShared ? b.axes : a.axes ?? b.axes
    result.laneCorrelation = a.isShared ? b.laneCorrelation : b.isShared ? a.laneCorrelation : nil
    result.multiplyPlaces(a.places, b.places)
    return result
  }

  /// `factor · x`.
  public func scaled(by factor: Double) -> Moments {
    var result = self
    result.mean *= factor
    result.secondMoment *= factor * factor
    return result
  }

  /// `φ(x)`; `units` and `positions` as in ``contraction(_:_:terms:units:positions:)``.
  ///
  /// Exact for normal elements; others are taken to be normal with their mean and variance.
  public func mapped(
    by function: any ScalarFunction, units: Int, positions: Int = 1
  ) -> Moments {
    guard !secondMoment.isNaN else { return self }
    guard variance > 0 else {
      var result = Moments.constant(function.value(at: mean))
      result.basis = basis
      result.note = note
      result.axes = axes
      return result
    }
    // A second moment that has overflowed is taken as the largest whose square still has a meaning;
    // what φ makes of it is finite only if φ saturates.
    let isOverflowing = secondMoment > Self.largest
    let (m, v) = isOverflowing ? (0, Self.largest) : (mean, variance)
    let wide = WideAverage(of: function, derivative: 0, mean: m, variance: v)
    var result = Moments(
      mean: wide.mean, secondMoment: wide.secondMoment,
      basis: max(basis, isNormal ? wide.basis : .firstOrder),
      note: note ?? (isNormal ? nil : "elements taken to be normal"))
    result.axes = axes
    result.areSteps = areSteps
    if isOverflowing {
      result.sampleCorrelation = sampleCorrelation
      if result.secondMoment > 1e200 {
        (result.mean, result.secondMoment) = (result.mean * .infinity, .infinity)
      }
      return result
    }
    guard wide.secondMoment > 0, wide.secondMoment.isFinite else { return result }
    var table = ScaleTable(function, relativeMean: mean / secondMoment.squareRoot())
    let step = ForwardStep(
      &table, at: self, elements: FreeElements(units: units, positions: positions))
    guard step.isFinite else { return result }
    result.fluctuation = Fluctuation(scale: step.spread)
    let middle = ScaleGrid.count / 2
    result.sampleCorrelation = step.spread.correlation[middle]
    result.positionCorrelation = table.correlation(
      \.values, of: positionCorrelation, logScale: Double.log(secondMoment))
    if isLinear(function, wide) {
      result.law = law
      result.fluctuation = fluctuation
      result.sampleCorrelation = sampleCorrelation
    }
    if !places.isEmpty {
      let responses = Moments.responses(to: places) { table.smooth(at: step.base + $0).value }
      result.setPlaces(responses.map { Double.exp($0 - step.limit.value) })
    }
    result.nearby = nearby
    result.origin = Origin(function, of: self, giving: result)
    return result
  }

  /// Whether φ is a straight line through 0 as far as these elements reach: its slope does not vary.
  private func isLinear(_ function: any ScalarFunction, _ wide: WideAverage) -> Bool {
    guard isNormal, function.kinks.isEmpty, function.value(at: 0) == 0 else { return false }
    let slope = WideAverage(of: function, derivative: 1, mean: mean, variance: variance)
    let spread = slope.secondMoment - slope.mean * slope.mean
    return spread <= 1e-14 * slope.secondMoment
  }

  /// The mean of `count` elements whose uncentred correlation is `correlation`.
  public func averaged(over count: Int, correlation: Double) -> Moments {
    let n = Double(count)
    var result = self
    result.secondMoment *= 1 / n + (1 - 1 / n) * correlation
    result.law = isNormal ? law : .other
    result.basis = max(basis, .firstOrder)
    result.origin = nil
    result.places = []
    result.laneCorrelation = nil
    return result
  }

  /// The steps of a recurrence with a correlation in the middle of what is possible, for a mean of
  /// `count` of them.
  ///
  /// Between steps that have only their mean in common, E[x̄²] = E[x²] s with
  /// s = (1 + (n − 1)μ²/E[x²])/n, and steps that are all the same, E[x̄²] = E[x²], √s is taken; ln of
  /// it may lie a little beyond either end, where chance turns steps against each other.
  public func stepsApart(_ count: Int) -> Moments {
    let (n, free) = (Double(count), secondMoment > 0 ? mean * mean / secondMoment : 0)
    let least = (1 + (n - 1) * min(1, free)) / n
    var result = self
    result.areSteps = false
    result.positionCorrelation = (n * least.squareRoot() - 1) / (n - 1)
    result.fluctuation = fluctuation.uncertain(by: -Double.log(least) / 3)
    result.basis = max(basis, .firstOrder)
    result.note = note ?? "how the steps of a recurrence correlate is not known"
    return result
  }

  /// The mean of `count` positions of each sample.
  ///
  /// What two positions have in common stays, while their own parts shrink: two such means correlate
  /// by ρ E[x²] / E[x̄²]. Two samples keep at their one place what they share, and at different
  /// places what both positions and samples share. What the positions of a unit share, as its bias, is
  /// drawn once for each of `units`, which moves the mean square by the relative variance 2ρ²/n.
  public func averagedOverPositions(_ count: Int, units: Int) -> Moments {
    guard count > 1, basis != .unknown else { return self }
    if areSteps { return stepsApart(count).averagedOverPositions(count, units: units) }
    var result = averaged(over: count, correlation: positionCorrelation)
    guard result.secondMoment > 0 else { return result }
    let (n, ratio) = (Double(count), secondMoment / result.secondMoment)
    func bounded(_ x: Double) -> Double { min(max(x, -1), 1) }
    result.positionCorrelation = bounded(positionCorrelation * ratio)
    let free = secondMoment == 0 ? 0 : mean * mean / secondMoment
    let both =
      free + (sampleCorrelation - free) * (positionCorrelation - free)
      / max(1 - free, .leastNormalMagnitude)
    result.sampleCorrelation = bounded(
      (sampleCorrelation / n + (1 - 1 / n) * both) * ratio)
    result.fluctuation.scale.correlation = []
    let common = max(
      0, result.positionCorrelation - result.mean * result.mean / result.secondMoment)
    let drawn = 2 * common * common / Double(max(1, units))
    result.fluctuation = result.fluctuation.uncertain(
      by: (2 * (1 - 1 / n) * nearby + drawn).squareRoot())
    result.nearby = 0
    return result
  }

  /// The largest second moment whose averages are computed; beyond it stands infinity.
  static let largest = 1e250

  /// Whether the elements are normal once earlier layers are given.
  var isNormal: Bool { law == .gaussian || law == .spherical }

  /// Whether all samples see the same elements.
  public var isShared: Bool { isParameter || law == .constant }

  private func joined(to zero: Moments) -> Moments {
    var result = self
    result.basis = max(basis, zero.basis)
    if !zero.visible.isEmpty { result.visible = zero.visible }
    return result
  }
}

/// E[φ⁽ᵏ⁾] and E[(φ⁽ᵏ⁾)²] of a normal operand.
struct WideAverage {
  let mean: Double
  let secondMoment: Double
  let basis: Moments.Basis

  init(of function: any ScalarFunction, derivative k: Int, mean: Double, variance: Double) {
    if k < 2, let formula = function.closedFormMoments(mean: mean, variance: variance) {
      self.mean = k == 0 ? formula.mean : formula.meanSlope
      secondMoment = k == 0 ? formula.secondMoment : formula.slopeSecondMoment
      basis = .closedForm
      return
    }
    let deviation = variance.squareRoot()
    let ladder = GaussianLadder(mean: mean, standardDeviation: deviation, for: function)
    var (sum, square) = (0.0, 0.0)
    var (low, high) = (0, ladder.nodes.count - 1)
    let value = { (z: Double) in
      let x = mean + deviation * z
      return k == 0
        ? function.value(at: x) : k == 1 ? function.slope(at: x) : function.curvature(at: x)
    }
    // In pairs from both ends, so that odd functions average to exactly 0.
    while low < high {
      let (a, b) = (value(ladder.nodes[low]), value(ladder.nodes[high]))
      sum += a * ladder.weights[low] + b * ladder.weights[high]
      square += a * a * ladder.weights[low] + b * b * ladder.weights[high]
      low += 1
      high -= 1
    }
    if low == high {
      let a = value(ladder.nodes[low])
      sum += a * ladder.weights[low]
      square += a * a * ladder.weights[low]
    }
    self.mean = sum
    secondMoment = square
    basis = .quadrature
  }
}
