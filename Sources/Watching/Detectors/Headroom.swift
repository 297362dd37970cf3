import Findings
import Numbers

/// Activations and weights close to the greatest number of the format.
struct Headroom: Detector {
  private var persistence = Persistence()
  private var worst = 0
  private var greatest = 0.0

  mutating func observe(_ record: StepRecord, in course: Course) {
    guard !record.layers.isEmpty else { return }
    var peak = 0.0
    for i in record.layers.indices {
      let activation = record.layers[i].activation
      let magnitude = max(abs(activation.minimum), abs(activation.maximum))
      if magnitude > peak { (peak, worst) = (magnitude, i) }
    }
    // What is infinite already is refused.
    guard peak.isFinite else { return }
    greatest = peak
    persistence.note(
      peak * course.thresholds.margin > course.subject.format.greatest, at: record.step,
      window: course.thresholds.persistence)
  }

  func judgement(in course: Course) -> Judgement? {
    persistence.isActive ? Judgement(severity: .warning, since: persistence.since) : nil
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let format = course.subject.format
    return Finding(
      .overflow, severity, layer: course.layers[worst],
      message:
        "Since step \(Numerals.count(persistence.since)), \(course.layers[worst]) is close to overflow: it "
        + "reaches \(Numerals.short(greatest)).",
      because:
        "\(format.name) ends at \(Numerals.short(format.greatest)), and less than a factor of "
        + "\(Numerals.short(course.thresholds.margin)) is left.",
      evidence: [
        Evidence("greatest", greatest), Evidence("format_greatest", format.greatest),
        Evidence("margin", course.thresholds.margin),
        Evidence("persistence", Double(course.thresholds.persistence)),
      ])
  }
}
