/// How long work takes that is left, by the pace so far.
///
/// The first unit is no measure: memory is laid out and read for the first time in it.
struct Pace {
  private var begun: (time: ContinuousClock.Instant, done: Int)?
  /// Below that a pace is mostly chance.
  private static let least = Duration.milliseconds(500)

  /// The time that `left` units take once `done` are done, in words; nil while nothing is known.
  mutating func time(
    for left: Int, done: Int, now: ContinuousClock.Instant = .now
  ) -> String? {
    guard let begun else {
      begun = (now, done)
      return nil
    }
    let elapsed = now - begun.time
    guard left > 0, done > begun.done, elapsed >= Self.least else { return nil }
    let seconds = (elapsed / (done - begun.done) * left).components.seconds + 1
    return switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7200: "\(seconds / 60) min"
    default: "\(seconds / 3600) h"
    }
  }
}
