import RealModule

/// When the growth of a series counts, derived from the rate of false alarms that is allowed.
///
/// The test is Page's cumulative sum ("Continuous inspection schemes", 1954) of a logarithm's
/// increments, less an allowance for drift: how far the series stands above its lowest point since,
/// a drawup. Whatever the correlation of a stationary series, a drawup of h takes one excursion
/// below and one above its middle, so no alarm costs less than two excursions of h/2. With
/// u = √(2 ln(N·A)), a standard normal number exceeds u with a probability of less than 1/(N·A), for
/// N series watched for A steps; therefore h = 2u · spread.
struct GrowthLimits: Sendable {
  /// The drawup of an alarm in units of the series' spread.
  let height: Double
  /// The least drawup of an alarm, in logarithms of second moments.
  let leastHeight: Double
  /// The drift per step that is no growth.
  let allowance: Double
  /// The spread that is assumed while little of a series has been seen.
  let priorSpread: Double

  /// Growth by t² of a second moment, which is motion at constant speed from 0, is no divergence.
  static let powerAllowance = 2.0
  /// Observations for which the prior spread counts.
  static let priorCount = 128.0
  /// Steps that an alarm takes at least: a single jump is a change of level.
  static let leastSteps = 4.0

  init(thresholds: WatchThresholds, series: Int, priorSpread: Double = 0.25) {
    let expected = Double(max(1, series)) * thresholds.falseAlarmSteps
    height = 2 * (2 * Double.log(expected)).squareRoot()
    leastHeight = 2 * .log(thresholds.leastGrowth)
    allowance = thresholds.growthAllowance
    self.priorSpread = priorSpread
  }
}
