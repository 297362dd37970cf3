import Findings
import RealModule

/// Growth from step to step that goes on: where divergence begins, before anything is infinite.
struct DivergenceOnset: Detector {
  private var bank: GrowthBank
  private var isRefused = false

  init(thresholds: WatchThresholds) { bank = GrowthBank(thresholds: thresholds) }

  var origins: [GrowthOrigin] { bank.origins() }

  mutating func observe(_ record: StepRecord, in course: Course) {
    isRefused = record.refusal != nil && record.lossScale == nil
    _ = bank.observe(record)
  }

  func judgement(in course: Course) -> Judgement? {
    guard bank.alarms > 0 else { return nil }
    let progress = course.progress
    let severity: Severity
    if isRefused || course.hasDiverged {
      severity = .error
    } else if progress.isFalling || progress.hasLearned {
      // Growth while the loss falls is learning.
      return nil
    } else {
      severity = bank.greatestGrowth > .log(course.thresholds.margin) ? .warning : .note
    }
    return Judgement(severity: severity, since: bank.earliestOnset)
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let origins = bank.origins()
    guard let first = origins.first else {
      return Finding(
        .explodingGradient, severity, layer: nil, message: "Growth has ended.", because: "",
        evidence: [])
    }
    let rule: RuleName =
      switch first.quantity {
      case .activation: .explodingActivation
      case .weight, .loss: .learningRateTooLarge
      default: .explodingGradient
      }
    let followers = origins.dropFirst().prefix(3).map(\.sentence).joined(separator: "; ")
    let thresholds = course.thresholds
    let sentence = first.sentence
    return Finding(
      rule, severity, layer: first.quantity == .loss ? nil : first.name,
      message: sentence.prefix(1).uppercased() + sentence.dropFirst()
        + ", by \(Numerals.short(first.growth)) in all.",
      because: (followers.isEmpty ? "Nothing else grew." : "It came first: then \(followers).")
        + course.effect,
      evidence: [
        Evidence("rate", first.rate), Evidence("onset", Double(first.step)),
        Evidence("growth", first.growth), Evidence("series_growing", Double(origins.count)),
        Evidence("false_alarm_steps", thresholds.falseAlarmSteps),
        Evidence("growth_allowance", thresholds.growthAllowance),
        Evidence("least_growth", thresholds.leastGrowth),
      ])
  }
}
