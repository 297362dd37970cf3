public import Findings
public import Training

/// How a run ended.
public struct TrialOutcome: Sendable {
  public let steps: Int
  public let plannedSteps: Int
  /// nil for a run that was stopped.
  public let ending: Trainer.Ending?
  public let refusedSteps: Int
  /// What was found, the most severe first; what has ended says so.
  public let findings: [WatchedFinding]
  /// The first finite loss.
  public let firstLoss: Double
  /// The greatest finite loss.
  public let greatestLoss: Double
  /// The mean loss of the last tenth of the steps.
  public let lastLoss: Double
  /// The loss of the best constant prediction; nil where it is not known.
  public let baselineLoss: Double?
  public let evaluation: Evaluation?
  /// nil for a run that is not finished, and where the weights are not at hand.
  public let fit: Fit?
  /// nil where the experiment names no target, and for a run that is not finished.
  public let meetsTarget: Bool?
  /// What was reached beside what was wanted, as a clause; nil where there is no target.
  public let target: String?

  /// The findings that hold as warnings or errors.
  public var standingFindings: [WatchedFinding] {
    findings.filter { $0.ended == nil && $0.finding.severity > .note }
  }

  /// The rules of these, each once, the most severe first.
  public var standingRules: [RuleName] {
    standingFindings.map(\.finding.rule).reduce(into: []) { rules, rule in
      if !rules.contains(rule) { rules.append(rule) }
    }
  }

  /// An error weighs more than a target that was missed, and that more than a warning; what goes on or
  /// was stopped is not finished as long as no error holds.
  public var verdict: TrainingVerdict {
    let severity = standingFindings.map(\.finding.severity).max()
    if severity == .error { return .failing }
    if ending == nil { return .notFinished }
    if meetsTarget == false { return .targetMissed }
    return severity == .warning ? .warning : .healthy
  }

  /// Whether all steps were made, nothing that was found holds, and the target is met where there is one.
  public var isHealthy: Bool { ending?.isComplete == true && verdict == .healthy }

  /// The growth of the loss beyond where it began, in the course of a run, that is a jump of magnitudes.
  private static let jump = 1000.0

  /// Whether a run that was changed counts as cured: healthy, its loss below where it began and no higher
  /// than that of a constant prediction, without a jump of magnitudes on its way.
  public var isCured: Bool { isHealthy && objection == nil }

  /// The share of its first loss, or of a constant prediction's, that a run ends with.
  private var remainder: Double {
    let start = max(firstLoss.magnitude, baselineLoss?.magnitude ?? 0)
    return start > 0 && lastLoss.isFinite ? lastLoss / start : .infinity
  }

  /// Whether a run that was changed is relieved of what another suffers from, though it misses its
  /// target: nothing is found any more, it is no worse than a cure but for the target, and ends with at
  /// most half of the loss, each beside its own start.
  public func isRelieved(of other: TrialOutcome) -> Bool {
    ending?.isComplete == true && verdict == .targetMissed && standingFindings.isEmpty
      && objection == nil && remainder <= other.remainder / 2
  }

  /// Why a run that is healthy by its findings is no cure; nil where nothing speaks against it.
  public var objection: String? {
    if !(lastLoss < firstLoss) { return "the loss ends above where it began" }
    if let baselineLoss, baselineLoss > 0, fit?.isWorthless ?? !(lastLoss <= baselineLoss) {
      return "the loss ends no lower than that of a constant prediction"
    }
    let start = max(firstLoss.magnitude, baselineLoss?.magnitude ?? 0)
    if start > 0, greatestLoss > Self.jump * start {
      return "the loss jumps to more than \(Int(Self.jump)) times where it began"
    }
    return nil
  }
}
