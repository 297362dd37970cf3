import Findings
import RealModule

/// Updates so large beside the weights that each undoes what the layers have learned, or a loss that
/// grows beyond where it began.
struct LearningRateTooLarge: Detector {
  private var persistence = Persistence()
  /// The greatest ratio so far; the later ones are small where the weights have grown.
  private var peak = 0.0
  private var peakStep = 0
  /// Where the last spell of large updates began.
  private var spell: Int?

  mutating func observe(_ record: StepRecord, in course: Course) {
    guard let ratio = course.updates.ratio, record.refusal == nil else { return }
    if ratio > peak { (peak, peakStep) = (ratio, record.step) }
    persistence.note(
      ratio * course.subject.alignment > course.thresholds.largeChange, at: record.step,
      window: course.thresholds.persistence)
    if persistence.isActive { spell = persistence.since }
  }

  func judgement(in course: Course) -> Judgement? {
    if course.progress.hasDiverged {
      return Judgement(severity: .error, since: course.progress.divergence.since)
    }
    if persistence.isActive {
      return Judgement(severity: course.severity(ofCause: true), since: persistence.since)
    }
    // What large updates have broken, dead or saturated units, small ones do not mend.
    return spell != nil && course.isStuck
      ? Judgement(severity: .error, since: spell ?? 0) : nil
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let ratio = persistence.isActive ? course.updates.ratio ?? 0 : peak
    let alignment = course.subject.alignment
    let thresholds = course.thresholds
    let rate = Numerals.short(course.learningRate)
    let progress = course.progress
    let largest = course.updates.largest.map { course.parameters[$0] }
    return Finding(
      .learningRateTooLarge, severity, layer: largest,
      message: progress.hasDiverged
        ? "Since step \(progress.divergence.since) the loss is more than "
          + "\(Numerals.short(thresholds.divergenceFactor)) times what it was at the start."
        : (persistence.isActive
          ? "Since step \(persistence.since) an update changes"
          : "From step \(spell ?? 0) on updates changed")
          + " the weights by \(Numerals.percent(ratio)) on average"
          + (persistence.isActive ? "" : " at most")
          + ": the learning rate of \(rate) is too large.",
      because:
        "The update ratio is \(Numerals.short(ratio)); along a layer's input its effects add "
        + "up to \(Numerals.short(ratio * alignment)) of the output, and "
        + "\(Numerals.short(thresholds.largeChange)) is the limit." + course.effect,
      evidence: [
        Evidence("update_ratio", ratio), Evidence("alignment", alignment),
        Evidence("large_change", thresholds.largeChange),
        Evidence("learning_rate", course.learningRate), Evidence("loss_origin", progress.origin),
        Evidence("divergence_factor", thresholds.divergenceFactor),
        Evidence("persistence", Double(thresholds.persistence)),
      ])
  }
}
