import RealModule

/// The logarithm of one quantity over the steps, watched for growth that goes on.
///
/// The spread against which growth is measured is the series' own: the median absolute deviation
/// about a straight line through its last 256 values, and of four such estimates the second
/// smallest, so that neither drift nor a growth that has just begun widens it. Values far below that
/// line are raised to ``depth`` spreads under it, since coming back from a fall is no growth.
struct GrowthSeries: Sendable {
  /// Values that are kept, where there are not too many series.
  static let memory = 512
  /// Series from which on only half as many are kept.
  static let many = 4000
  private static let window = 256
  private static let period = 64

  private var values: [Float] = []
  /// Steps since the first one.
  private var steps: [Int32] = []
  private var firstStep = 0
  private let memory: Int
  private(set) var count = 0
  private var previous = 0.0
  private var previousStep = 0

  /// The cumulative sum.
  private(set) var sum = 0.0
  /// Where the sum was last 0.
  private(set) var zeroStep = 0
  private var zeroValue = 0.0
  private var peak = 0.0
  private var peakCount = 0
  private var peakStep = 0
  private var peakValue = 0.0
  private(set) var isAlarmed = false
  /// The step of the alarm.
  private(set) var alarmStep = 0
  /// The first step of the growth, by the fit at the alarm.
  private(set) var onset = 0
  private var fittedRate = 0.0
  private var onsetValue = 0.0

  private var meanIncrement = 0.0
  private var incrementSpread = 0.0
  private var spreads: (Double, Double, Double, Double) = (.nan, .nan, .nan, .nan)
  /// The end of the line of the last estimate.
  private var middle = -Double.infinity
  /// How many spreads below the line a value may count.
  private static let depth = 3.0

  /// `series` is the number of them that there are.
  init(of series: Int = 1) {
    memory = series < Self.many ? Self.memory : Self.memory / 2
    values = Array(repeating: 0, count: memory)
    steps = Array(repeating: 0, count: memory)
  }

  /// The logarithm's growth from the level before the onset to the highest value since.
  var growth: Double { peakValue - onsetValue }

  /// The logarithm's growth per step: that of the fit, and once there are more steps their mean.
  var rate: Double {
    let steps = peakStep - onset + 1
    return peakStep > alarmStep ? growth / Double(max(1, steps)) : fittedRate
  }

  /// Takes in a logarithm; a number that is not finite is no observation.
  ///
  /// `scratch` holds at least ``memory`` elements. Tells whether an alarm begins.
  mutating func observe(
    _ value: Double, at step: Int, limits: GrowthLimits, scratch: inout [Double]
  ) -> Bool {
    guard value.isFinite else { return false }
    defer {
      values[count % memory] = Float(value)
      steps[count % memory] = Int32(clamping: step - firstStep)
      count += 1
      previous = value
      previousStep = step
    }
    if count == 0 { firstStep = step }
    guard count > 0, step > previousStep else {
      restart(value, at: step)
      return false
    }
    let gap = Double(step - previousStep)
    noteIncrement(value - previous)
    if count % Self.period == 0 { measureSpread(&scratch) }
    let spread = spread(limits)
    let height = max(limits.leastHeight, limits.height * spread)
    let floor = middle - Self.depth * spread
    let increment = max(value, floor) - max(previous, floor)
    let allowed =
      (limits.allowance + GrowthLimits.powerAllowance / Double(count + 1)) * gap
    sum += min(increment, height / GrowthLimits.leastSteps) - allowed
    if sum <= 0 {
      restart(value, at: step)
      return false
    }
    let isPeak = sum > peak
    if isPeak {
      (peak, peakCount) = (sum, count)
      (peakStep, peakValue) = (step, value)
    }
    if isAlarmed {
      // What has not grown for long has found a new level.
      if count - peakCount > Self.period { restart(value, at: step) }
      return false
    }
    guard isPeak, sum > height else { return false }
    isAlarmed = true
    alarmStep = step
    values[count % memory] = Float(value)
    steps[count % memory] = Int32(clamping: step - firstStep)
    fitOnset()
    return true
  }

  private mutating func restart(_ value: Double, at step: Int) {
    sum = 0
    zeroValue = value
    peak = 0
    peakCount = count
    zeroStep = step
    isAlarmed = false
  }

  /// The mean deviation of increments, that of white noise of the same deviation being √2 times it.
  private mutating func noteIncrement(_ increment: Double) {
    let weight = 1 / Double(min(count, Self.period))
    if count == 1 { meanIncrement = increment }
    var deviation = abs(increment - meanIncrement)
    if count > 8 { deviation = min(deviation, 5 * incrementSpread) }
    incrementSpread += weight * (deviation - incrementSpread)
    let step = min(max(increment - meanIncrement, -5 * incrementSpread), 5 * incrementSpread)
    meanIncrement += weight * step
  }

  private func spread(_ limits: GrowthLimits) -> Double {
    let seen = Double(spreads.0.isNaN ? 0 : count)
    let own = secondSmallest
    let mixed =
      (GrowthLimits.priorCount * limits.priorSpread + seen * own)
      / (GrowthLimits.priorCount + seen)
    return max(deviationOfIncrements, mixed)
  }

  /// The second smallest of the four estimates, or of those that there are.
  private var secondSmallest: Double {
    let (a, b, c, d) = spreads
    if a.isNaN { return 0 }
    if b.isNaN { return a }
    if c.isNaN { return max(a, b) }
    if d.isNaN { return max(min(a, b), min(max(a, b), c)) }
    return min(max(a, b), max(c, d), max(min(a, b), min(c, d)))
  }

  /// The spread of the last values about a straight line, by medians of every second value.
  ///
  /// While there are few values it is the smaller one of their halves, since a growth that begins in
  /// one of them leaves the other alone.
  private mutating func measureSpread(_ scratch: inout [Double]) {
    let estimate: Double
    if count <= Self.window / 2 {
      let half = count / 2
      let early = fitLine(from: 0, half, every: 1, &scratch).spread
      let late = fitLine(from: half, half, every: 1, &scratch)
      estimate = min(early, late.spread)
      middle = late.end
    } else {
      let n = min(count, Self.window) / 2
      let line = fitLine(from: count - 2 * n, n, every: 2, &scratch)
      estimate = line.spread
      middle = line.end
    }
    spreads = (estimate, spreads.0, spreads.1, spreads.2)
  }

  /// A straight line through `n` values by medians: the deviation about it and its end.
  ///
  /// The line takes up some of what correlation makes slow: of the values of an AR(1) process over m
  /// steps, whose mean has the variance σ²τ/m with τ = (1 + ρ)/(1 − ρ), mean and slope take about
  /// 2τ/m of σ².
  private func fitLine(
    from first: Int, _ n: Int, every: Int, _ scratch: inout [Double]
  ) -> (spread: Double, end: Double) {
    func at(_ i: Int) -> Double { Double(values[(first + every * i) % memory]) }
    let third = n / 3
    for i in 0..<third { scratch[i] = at(i) }
    let early = scratch.medianOfPrefix(third)
    for i in 0..<third { scratch[i] = at(n - third + i) }
    let late = scratch.medianOfPrefix(third)
    let slope = (late - early) / Double(n - third)
    for i in 0..<n { scratch[i] = at(i) - slope * Double(i) }
    let offset = scratch.medianOfPrefix(n)
    for i in 0..<n { scratch[i] = abs(scratch[i] - offset) }
    // 1.4826 makes a median absolute deviation a standard one.
    let spread = 1.4826 * scratch.medianOfPrefix(n)
    let shocks = deviationOfIncrements * deviationOfIncrements
    let correlation = spread > 0 ? max(0, 1 - shocks / (spread * spread)) : 0
    let time = (1 + correlation) / max(1e-3, 1 - correlation)
    let kept = max(0.25, 1 - 2 * time / Double(n * every))
    return (spread / kept.squareRoot(), offset + slope * Double(n))
  }

  /// What the spread of white noise with such increments is: their standard deviation over √2.
  private var deviationOfIncrements: Double {
    // √(π/2) makes a mean absolute deviation a standard one.
    (Double.pi / 2).squareRoot() / 2.0.squareRoot() * incrementSpread
  }

  /// Fits a level that turns into a straight rise, by least squares over all places of the turn;
  /// where that fails the growth began where the sum was last 0.
  ///
  /// Moving the turn back changes each sum by a term of constant cost.
  private mutating func fitOnset() {
    let total = count + 1
    var n = min(total, memory)
    func index(_ i: Int) -> Int { (total - n + i) % memory }
    // Values long before the sum was last 0 say nothing of the level that was left.
    let zero = zeroStep - firstStep
    while n > 8, zero - Int(steps[index(0)]) > memory / 2 { n -= 1 }
    var mean = 0.0
    for i in 0..<n { mean += Double(values[index(i)]) }
    mean /= Double(n)
    var (best, bestTurn, bestSlope) = (0.0, n - 2, 0.0)
    var (rightCount, rightSum) = (0.0, 0.0)
    var (x, xx, xy) = (0.0, 0.0, 0.0)
    var level = 0.0
    for turn in stride(from: n - 2, through: 0, by: -1) {
      let value = Double(values[index(turn + 1)]) - mean
      rightCount += 1
      rightSum += value
      let gap = Double(steps[index(turn + 1)] - steps[index(turn)])
      xx += gap * (2 * x + gap * rightCount)
      xy += gap * rightSum
      x += gap * rightCount
      let spread = xx - x * x / Double(n)
      guard spread > 0, xy > 0, xy * xy / spread > best else { continue }
      best = xy * xy / spread
      bestTurn = turn
      bestSlope = xy / spread
      level = mean - bestSlope * x / Double(n)
    }
    // A turn that leaves out half of the growth has taken a part for the whole.
    if peakValue - level > sum / 2 {
      onset = firstStep + Int(steps[index(bestTurn)]) + 1
      fittedRate = bestSlope
      onsetValue = level
    } else {
      onset = zeroStep + 1
      fittedRate = (peakValue - zeroValue) / Double(max(1, peakStep - zeroStep))
      onsetValue = zeroValue
    }
  }
}
