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
    // What was not finite before any update was made is none of the rate's doing.
    if course.progress.hasDiverged, peak > 0 || course.parameters.isEmpty {
      return Judgement(
        severity: course.hasDiverged ? .error : .warning, since: course.progress.divergence.since)
    }
    if persistence.isActive {
      return Judgement(severity: course.severity(ofCause: true), since: persistence.since)
    }
    // What large updates have broken, dead or saturated units, small ones do not mend.
    return spell != nil && course.isStuck
      ? Judgement(severity: .error, since: spell ?? 0) : nil
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let alignment = course.subject.alignment
    let thresholds = course.thresholds
    let present = course.updates.ratio ?? 0
    // Weights that have grown have small ratios again, and refused updates have none.
    let isNow = persistence.isActive && present * alignment > thresholds.largeChange
    let ratio = isNow ? present : peak
    let progress = course.progress
    let what = "the weights by \(Numerals.percent(ratio)) on average"
    let rate = "the learning rate of \(Numerals.short(course.learningRate)) is too large."
    let message =
      if progress.hasDiverged {
        "Since step \(Numerals.count(progress.divergence.since)), the loss is more than "
          + "\(Numerals.short(thresholds.divergenceFactor)) times what it was at the start: \(rate)"
      } else if isNow {
        "Since step \(Numerals.count(persistence.since)), an update changes \(what): \(rate)"
      } else {
        "From step \(spell ?? peakStep) on updates changed \(what) at most: \(rate)"
      }
    return Finding(
      .learningRateTooLarge, severity, layer: course.updates.largest.map { course.parameters[$0] },
      message: message,
      because: "The update ratio "
        + (isNow ? "is" : "was at most, in step \(peakStep),")
        + " \(Numerals.short(ratio)); along a layer's input its effects add up to "
        + "\(Numerals.short(ratio * alignment)) of the output, and "
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
