import Findings

/// A loss that neither falls nor lies below where it began.
struct LossNotDecreasing: Detector {
  mutating func observe(_ record: StepRecord, in course: Course) {}

  func judgement(in course: Course) -> Judgement? {
    let progress = course.progress
    guard progress.isKnown, course.hasHadHalfItsTime, !progress.hasLearned,
      !progress.mayHaveLearned, !progress.isFalling
    else { return nil }
    return Judgement(severity: course.isStuck ? .error : .warning, since: 0)
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let progress = course.progress
    let thresholds = course.thresholds
    let collapsed = progress.latest > 2 * progress.level
    let isBaseline = course.subject.baselineLoss == progress.reference
    return Finding(
      .lossNotDecreasing, severity, layer: nil,
      message: "After \(Numerals.count(course.losses.count)) steps, the loss does not fall: it is "
        + "\(Numerals.short(progress.latest)), and "
        + (isBaseline
          ? "\(Numerals.short(progress.reference)) is what a constant prediction has."
          : "it began at \(Numerals.short(progress.reference))."),
      because: (collapsed ? "It has been \(Numerals.short(progress.level)) and rose again. " : "")
        + "In the last half of the steps it changes by \(Numerals.short(progress.slope)) ± "
        + "\(Numerals.short(progress.slopeError)) per step; its level is uncertain by "
        + "\(Numerals.short(progress.levelError)).",
      evidence: [
        Evidence("latest", progress.latest), Evidence("level", progress.level),
        Evidence("level_error", progress.levelError),
        Evidence("reference", progress.reference), Evidence("slope", progress.slope),
        Evidence("slope_error", progress.slopeError),
        Evidence("significance", thresholds.significance),
        Evidence("least_decrease", thresholds.leastDecrease),
        Evidence("minimum_steps", Double(thresholds.minimumSteps)),
      ])
  }
}
