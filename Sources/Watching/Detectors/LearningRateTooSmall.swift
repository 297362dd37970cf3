import Findings
import RealModule

/// Updates so small that the whole run cannot move the weights, or a loss that falls so slowly that
/// no run of this length will bring it down.
struct LearningRateTooSmall: Detector {
  mutating func observe(_ record: StepRecord, in course: Course) {}

  /// Steps of the whole run, as far as it is known.
  private func length(in course: Course) -> Double {
    Double(max(course.losses.count, course.isOver ? 0 : course.subject.plannedSteps ?? 0))
  }

  /// The relative change of a layer's output over the run, were all updates to point one way.
  private func change(in course: Course) -> Double {
    course.updates.mean * course.subject.alignment * length(in: course)
  }

  /// Steps in which the loss would be halved as it falls now.
  private func halving(in course: Course) -> Double {
    let progress = course.progress
    return progress.slope < 0 ? abs(progress.level) / 2 / -progress.slope : .infinity
  }

  func judgement(in course: Course) -> Judgement? {
    let progress = course.progress
    guard progress.isKnown, course.updates.count > 0 else { return nil }
    let hasMoved =
      progress.reference - progress.level > course.thresholds.clearDecrease
      * abs(progress.reference)
    guard !hasMoved, !progress.hasDiverged else { return nil }
    let isSmall = change(in: course) < course.thresholds.smallChange
    let isSlow =
      progress.isFalling && (progress.isLinear || !progress.hasLearned)
      && halving(in: course) > course.thresholds.halvingBudget * length(in: course)
    guard isSmall || isSlow else { return nil }
    // A small step is at fault when it has led nowhere, a slow fall by itself.
    let isError =
      course.isStuck || (course.isOver && (isSlow || (isSmall && !progress.hasLearned)))
    return Judgement(severity: isError ? .error : .warning, since: 0)
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let change = change(in: course)
    let halving = halving(in: course)
    let length = length(in: course)
    let thresholds = course.thresholds
    let rate = Numerals.short(course.learningRate)
    return Finding(
      .learningRateTooSmall, severity, layer: nil,
      message: change < thresholds.smallChange
        ? "Over \(Numerals.short(length)) steps, updates with a learning rate of \(rate) change the "
          + "outputs of layers by \(Numerals.percent(change)) at most: it is too small."
        : "With a learning rate of \(rate), the loss falls too slowly for a run of "
          + "\(Numerals.short(length)) steps.",
      because:
        "An update is \(Numerals.short(course.updates.mean)) times its weights on average. The "
        + "loss is \(Numerals.short(course.progress.level)), and "
        + (halving.isFinite
          ? "at its present rate it would be halved in \(Numerals.short(halving)) steps."
          : "it does not fall."),
      evidence: [
        Evidence("update_ratio", course.updates.mean),
        Evidence("alignment", course.subject.alignment), Evidence("change", change),
        Evidence("small_change", thresholds.smallChange), Evidence("steps", length),
        Evidence("steps_to_halve", halving),
        Evidence("halving_budget", thresholds.halvingBudget),
        Evidence("learning_rate", course.learningRate),
      ])
  }
}
