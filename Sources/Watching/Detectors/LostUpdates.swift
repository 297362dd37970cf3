import Findings

/// Updates too small beside their weights to change them in the format that stores them.
///
/// Lost shares are averaged over steps, with a memory of fifty: what is lost once may be made later.
struct LostUpdates: Detector {
  private var averages: [Double] = []
  private var persistence = Persistence()
  private var steps = 0

  private static let memory = 50
  /// From this share on, in most parameters, nothing is left to learn by.
  private static let strong = 0.9

  mutating func observe(_ record: StepRecord, in course: Course) {
    guard !record.parameters.isEmpty, record.refusal == nil else { return }
    if averages.count != record.parameters.count {
      averages = Array(repeating: 0, count: record.parameters.count)
      steps = 0
    }
    steps += 1
    // The plain mean at first, then one with a fading memory.
    let weight = 1 / Double(min(steps, Self.memory))
    var most = 0.0
    for i in record.parameters.indices {
      let share = record.parameters[i].lostShare ?? 0
      averages[i] += weight * (share - averages[i])
      most = max(most, averages[i])
    }
    persistence.note(
      most > course.thresholds.lostShare && steps >= Self.memory, at: record.step,
      window: course.thresholds.persistence)
  }

  func judgement(in course: Course) -> Judgement? {
    guard persistence.isActive else { return nil }
    var lost = 0
    for average in averages where average > Self.strong { lost += 1 }
    return Judgement(
      severity: course.severity(ofCause: 2 * lost >= averages.count), since: persistence.since)
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let limit = course.thresholds.lostShare
    let worst = averages.indices.max { averages[$0] < averages[$1] } ?? 0
    let affected = averages.count { $0 > limit }
    return Finding(
      .lostUpdates, severity, layer: course.parameters[worst],
      message:
        "Since step \(Numerals.count(persistence.since)), \(Numerals.percent(averages[worst])) of the updates of "
        + "\(course.parameters[worst]) are lost to rounding.",
      because: "\(affected) of \(averages.count) parameters lose more than "
        + "\(Numerals.percent(limit)) of their updates: those are below half the distance between "
        + "the numbers at the weight. An update is "
        + "\(Numerals.short(course.updates.ratio ?? 0)) times its weights on average."
        + course.effect,
      evidence: [
        Evidence("lost_share", averages[worst]), Evidence("limit", limit),
        Evidence("parameters", Double(affected)), Evidence("memory", Double(Self.memory)),
        Evidence("update_ratio", course.updates.ratio ?? 0),
        Evidence("persistence", Double(course.thresholds.persistence)),
      ])
  }
}
