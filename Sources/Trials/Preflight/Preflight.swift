public import Experiments
public import Findings

/// What can be seen to be wrong with an experiment ahead of its training: in its file, in its data,
/// and in one step that is made and thrown away.
public enum Preflight {
  /// Every inspection, in the order in which equals are told.
  static let inspections: [any Inspection] = [
    CellInspection(), ColumnInspection(), LabelInspection(), SuccessTargetInspection(),
    OutputInspection(), TargetScaleInspection(), NormInspection(), DecayInspection(),
    ScheduleInspection(), ReachInspection(), OptimizerInspection(), DropoutInspection(),
    NoiseInspection(),
  ]

  /// Everything that speaks against an experiment.
  ///
  /// - Parameters:
  ///   - experiment: with a loss.
  ///   - samples: those of the experiment; numbers that are not finite are left out of statistics.
  /// - Returns: the certain ones first, then the heaviest; nothing where the experiment cannot be
  ///   built.
  public static func suspects(
    of experiment: Experiment, _ samples: ExperimentData
  ) -> [PreflightSuspect] {
    guard let subject = PreflightSubject(experiment, samples) else { return [] }
    let all = inspections.flatMap { $0.suspects(in: subject) }
    return all.enumerated().sorted {
      ($0.element.isCertain ? 0 : 1, -$0.element.weight, $0.offset)
        < ($1.element.isCertain ? 0 : 1, -$1.element.weight, $1.offset)
    }.map(\.element)
  }
}

/// One kind of thing that can be wrong ahead of a training: one inspection, one file.
protocol Inspection: Sendable {
  /// What it finds; nothing for an ordinary experiment.
  func suspects(in subject: PreflightSubject) -> [PreflightSuspect]
}

/// Something that speaks against an experiment before its first step.
public struct PreflightSuspect: Hashable, Sendable {
  public let rule: RuleName
  public let cause: RootCause
  /// Whether the file or its data contradict themselves, so that no ordinary training looks like
  /// this; otherwise it is a suspicion, which only a trial can prove.
  public let isCertain: Bool
  /// How strongly it speaks for its cause, from 0 to 1.
  public let weight: Double
  /// A note tells what an ordinary training may have too.
  public let severity: Severity
  /// The layer that it speaks of; nil for the whole experiment.
  public let layer: String?
  /// What is wrong, as one sentence.
  public let sentence: String
  /// Why that is wrong, with its numbers.
  public let because: String
  public let evidence: [Evidence]
  /// What to do, the most promising first; where a program can do it, `remedy` names one of the
  /// remedies for experiments.
  public let remedies: [RemedyProposal]

  init(
    _ rule: RuleName, _ cause: RootCause, isCertain: Bool = false, weight: Double,
    severity: Severity = .warning, layer: String? = nil, _ sentence: String, because: String,
    evidence: [Evidence], remedies: [RemedyProposal]
  ) {
    (self.rule, self.cause, self.isCertain, self.weight) = (rule, cause, isCertain, weight)
    (self.severity, self.layer, self.sentence) = (severity, layer, sentence)
    (self.because, self.evidence, self.remedies) = (because, evidence, remedies)
  }

  /// Whether it is a contradiction of the file or its data, and more than a note.
  public var isContradiction: Bool { isCertain && severity > .note }

  /// The suspect as something that was found before the first step.
  public var finding: WatchedFinding {
    WatchedFinding(
      Finding(
        rule, severity, layer: layer, message: sentence, because: because, evidence: evidence,
        remedies: remedies), since: 0, told: 0)
  }
}
