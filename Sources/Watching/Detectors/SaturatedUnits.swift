import Findings

/// Layers most of whose activations lie where the function is flat.
struct SaturatedUnits: Detector {
  private var persistence: [Persistence] = []
  private var shares: [Double] = []

  /// From this share on saturation can be what stops a run.
  private static let strong = 0.9

  mutating func observe(_ record: StepRecord, in course: Course) {
    guard !record.layers.isEmpty else { return }
    if persistence.count != record.layers.count {
      persistence = Array(repeating: Persistence(), count: record.layers.count)
      shares = Array(repeating: 0, count: record.layers.count)
    }
    for i in record.layers.indices {
      guard let share = record.layers[i].saturatedShare else { continue }
      shares[i] = share
      persistence[i].note(
        share > course.thresholds.saturatedShare, at: record.step,
        window: course.thresholds.persistence)
    }
  }

  private var worst: Int? {
    persistence.indices.filter { persistence[$0].isActive }.max { shares[$0] < shares[$1] }
  }

  func judgement(in course: Course) -> Judgement? {
    var (isActive, isStrong, since) = (false, false, Int.max)
    for i in persistence.indices where persistence[i].isActive {
      isActive = true
      isStrong = isStrong || shares[i] > Self.strong
      since = min(since, persistence[i].since)
    }
    guard isActive else { return nil }
    return Judgement(severity: course.severity(ofCause: isStrong), since: since)
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let worst = worst ?? 0
    let count = persistence.count { $0.isActive }
    let limit = course.thresholds.saturatedShare
    return Finding(
      .saturatedUnits, severity, layer: course.layers[worst],
      message:
        "Since step \(Numerals.count(persistence[worst].since)), \(Numerals.percent(shares[worst])) of the "
        + "activations of \(course.layers[worst]) are saturated.",
      because:
        "In \(count) of \(persistence.count) layers more than \(Numerals.percent(limit)) lie "
        + "where the slope is below 1 % of its greatest, so that little gradient passes."
        + course.effect,
      evidence: [
        Evidence("saturated_share", shares[worst]), Evidence("limit", limit),
        Evidence("strong", Self.strong), Evidence("layers", Double(count)),
        Evidence("persistence", Double(course.thresholds.persistence)),
      ])
  }
}
