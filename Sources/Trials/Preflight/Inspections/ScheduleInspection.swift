import Findings
import Training

/// Schedules that leave no rate for most of the run, or take it up beyond anything that trains; and
/// a warm-up that the run ends within.
struct ScheduleInspection: Inspection {
  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    let plan = subject.training.schedule
    return warmup(plan, subject) + ending(plan, subject) + growth(plan, subject)
  }

  private func warmup(
    _ plan: LearningRatePlan, _ subject: PreflightSubject
  ) -> [PreflightSuspect] {
    let (steps, rise) = (subject.plannedSteps, plan.warmup)
    guard 2 * rise > steps, plan.warmupStart < 1 else { return [] }
    let last = plan.factor(step: steps - 1, of: steps, ScheduleMemory())
    let isBeyond = rise > steps
    return [
      PreflightSuspect(
        .schedule, .schedule, isCertain: isBeyond, weight: isBeyond ? last < 0.2 ? 0.95 : 0.7 : 0.3,
        isBeyond
          ? "The warm-up takes \(Numerals.count(rise)) steps, and the run ends after "
            + "\(Numerals.count(steps))."
          : "The warm-up takes \(Numerals.count(rise)) of \(Numerals.count(steps)) steps.",
        because:
          "In the last step the learning rate is \(share(last)) of what the optimiser says, on "
          + "average \(share(subject.factorSum / Double(max(1, steps)))).",
        evidence: [
          Evidence("warmup", Double(rise)), Evidence("steps", Double(steps)),
          Evidence("last_factor", last),
        ],
        remedies: [
          RemedyProposal(
            "drop_warmup", change: "leave out the warm-up (training: warmup)", predicted: nil)
        ])
    ]
  }

  /// A rate that is next to nothing for most of the run.
  private func ending(
    _ plan: LearningRatePlan, _ subject: PreflightSubject
  ) -> [PreflightSuspect] {
    let steps = Double(subject.plannedSteps)
    let factors = subject.factors(of: LearningRatePlan(plan.schedule))
    guard factors.count >= 10, let peak = factors.max() else { return [] }
    let remedies = [
      RemedyProposal(
        "drop_schedule", change: "keep the learning rate as it is (training: leave out schedule)",
        predicted: nil)
    ]
    guard peak > 0 else {
      return [
        PreflightSuspect(
          .schedule, .schedule, isCertain: true, weight: 1,
          "The schedule '\(type(of: plan.schedule).name)' makes the learning rate 0 in every step.",
          because: "No weight ever moves.", evidence: [Evidence("peak_factor", 0)],
          remedies: remedies)
      ]
    }
    let effective = factors.reduce(0, +) / peak / Double(factors.count)
    guard effective < 0.1 else { return [] }
    let gone = factors.lastIndex { $0 > 0.01 * peak }.map { $0 + 1 } ?? 0
    let from = Int((Double(gone) / Double(factors.count) * steps).rounded())
    return [
      PreflightSuspect(
        .schedule, .schedule, isCertain: effective < 0.05, weight: effective < 0.05 ? 0.93 : 0.6,
        "The schedule '\(type(of: plan.schedule).name)' takes the learning rate to less than 1 % "
          + "of its "
          + "greatest by step \(Numerals.count(from)) of \(Numerals.count(subject.plannedSteps)).",
        because:
          "All steps together move weights as far as \(Numerals.short(effective * steps)) steps "
          + "at the greatest rate would.",
        evidence: [
          Evidence("steps", steps), Evidence("effective_steps", effective * steps),
          Evidence("rate_gone_at", Double(from)),
        ], remedies: remedies)
    ]
  }

  /// A rate that is taken far above the optimiser's own.
  private func growth(
    _ plan: LearningRatePlan, _ subject: PreflightSubject
  ) -> [PreflightSuspect] {
    let factors = subject.factors(of: LearningRatePlan(plan.schedule))
    guard let peak = factors.max(), peak >= 10 else { return [] }
    let rate = subject.training.optimizer.learningRate
    // What one step at the greatest rate would change of the weights, by the first gradient.
    let movement = (subject.first?.movement ?? 0) * peak
    let isCertain = peak >= 100 && movement > 1
    return [
      PreflightSuspect(
        .schedule, .schedule, isCertain: isCertain,
        weight: isCertain ? 0.96 : movement > 0.3 || peak >= 1000 ? 0.85 : 0.4,
        "The schedule '\(type(of: plan.schedule).name)' takes the learning rate up to "
          + "\(Numerals.short(peak)) times the optimiser's, \(Numerals.short(rate * peak)).",
        because: "By the first gradient one step at this rate changes the weights of a layer by "
          + "\(Numerals.short(movement)) times their size.",
        evidence: [
          Evidence("peak_factor", peak), Evidence("peak_rate", rate * peak),
          Evidence("relative_update", movement),
        ],
        remedies: [
          RemedyProposal(
            "drop_schedule",
            change:
              "keep the learning rate at \(Numerals.short(rate)) (training: leave out schedule)",
            predicted: nil)
        ])
    ]
  }

  private func share(_ factor: Double) -> String { Numerals.percent(factor) }
}
