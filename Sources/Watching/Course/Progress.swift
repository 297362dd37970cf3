/// What the loss says of the run: whether it has learned, falls or has diverged.
struct Progress: Sendable {
  /// The loss before anything was learned: the baseline where it is known, or where it began, should
  /// that be lower or no baseline be known.
  private(set) var reference = 0.0
  /// The median of the last quarter of the run.
  private(set) var level = 0.0
  /// Whether something may have been learned: the loss lies below the reference by two standard
  /// errors, or the last losses by so much that noise is no excuse; or noise may hide a fall of
  /// that size.
  private(set) var mayHaveLearned = false
  /// The median of the last eighth.
  private(set) var latest = 0.0
  /// The standard error of a mean over the last quarter.
  private(set) var levelError = 0.0
  /// The change of the loss per step in the last half.
  private(set) var slope = 0.0
  private(set) var slopeError = 0.0
  /// Whether the loss lies below the reference, significantly and by the least decrease.
  private(set) var hasLearned = false
  /// Whether the loss falls, significantly and by the least decrease in a run of this length.
  private(set) var isFalling = false
  /// Whether the last half of the run falls at half the rate of the whole or faster, as it does
  /// before it nears any minimum.
  private(set) var isLinear = false
  /// Whether there are enough steps to judge by.
  private(set) var isKnown = false
  private(set) var divergence = Persistence()
  /// Where divergence is counted from.
  private(set) var origin = 0.0

  var hasDiverged: Bool { divergence.isActive }

  mutating func observe(
    _ loss: Double, at step: Int, history: inout LossHistory, thresholds: WatchThresholds,
    subject: WatchSubject
  ) {
    guard loss.isFinite else {
      divergence.note(true, at: step, window: thresholds.persistence)
      return
    }
    let isNewBlock = history.append(loss)
    if history.count <= 8 {
      // Without a baseline the first loss, which may be low by chance, counts up to twice.
      origin =
        subject.baselineLoss.map { max(history.first, $0) }
        ?? max(history.first, min(2 * history.first, history.earlyLevel()))
    }
    divergence.note(
      loss > thresholds.divergenceFactor * origin && loss > 0, at: step,
      window: thresholds.persistence)
    if isNewBlock { judge(&history, thresholds, subject) }
  }

  private mutating func judge(
    _ history: inout LossHistory, _ thresholds: WatchThresholds, _ subject: WatchSubject
  ) {
    let blocks = history.means.count
    guard history.count >= 16, let trend = history.trend(ofLast: max(8, blocks / 2)) else {
      return
    }
    let least = thresholds.leastDecrease
    // A loss that falls within the first steps leaves only the first to tell.
    let start = max(history.first, history.earlyLevel())
    // What begins below the baseline by chance has not learned it.
    reference = min(subject.baselineLoss ?? start, start)
    level = history.level(ofLast: max(4, blocks / 4))
    // The median of half as many blocks.
    levelError = 1.25 * 2.0.squareRoot() * trend.meanError
    slope = trend.slope
    slopeError = trend.slopeError
    // What the last eighth says stands against what the quarter says, should the run collapse.
    latest = history.level(ofLast: max(2, blocks / 8))
    let limit = max(least * abs(reference), thresholds.significance * levelError)
    hasLearned = reference - level > limit && reference - latest > limit / 2
    let late = history.trend(ofLast: max(6, blocks / 4)) ?? trend
    // What fell for a while and then stays is not falling.
    let two = max(least * abs(reference), 2 * levelError)
    mayHaveLearned =
      (reference - level > two && reference - latest > two / 2)
      || reference - latest > thresholds.clearDecrease * abs(reference)
      || (-slope > slopeError
        && -slope * Double(history.count) > thresholds.clearDecrease * abs(level))
    isFalling =
      -slope > thresholds.significance * slopeError
      && -slope * Double(history.count) > least * abs(level)
      && -late.slope > min(thresholds.significance * late.slopeError, -slope / 2)
    isLinear = -slope * Double(history.count) > (history.earlyLevel() - level) / 2
    isKnown = history.count >= thresholds.minimumSteps
  }
}
