import Experiments
import Findings
import Networks
import Numbers
import RealModule
import Samples
import Training
import Trials
import Watching

/// Answers that lie in the data: what was learned holds for its own samples alone, the validation data are
/// of another kind, or the features do not tell the targets.
///
/// None of them is a fault of numbers, and no change of numbers is one's cure.
struct DataAnswers {
  private let experiment: Experiment
  private let samples: ExperimentData
  private let outcome: TrialOutcome
  private let deadline: Deadline
  private let progress: (String) -> Void

  init(
    _ trial: Trial, _ outcome: TrialOutcome, deadline: Deadline,
    progress: @escaping (String) -> Void
  ) {
    (experiment, samples) = (trial.experiment, trial.samples)
    (self.outcome, self.deadline, self.progress) = (outcome, deadline, progress)
  }

  /// Those that the run and the data speak for.
  var suspects: [DiagnosisReport.Suspect] {
    guard outcome.ending?.isComplete == true, let fit = outcome.fit, !deadline.isOver else {
      return []
    }
    if isGap(fit) { return [gap(fit)] }
    guard
      outcome.meetsTarget == false || fit.isWorthless
        || outcome.standingRules.contains(.lossNotDecreasing)
    else { return [] }
    return [unpredictable(fit)].compactMap(\.self)
  }

  // MARK: - Samples that were trained on, and others

  /// Whether the network does what is asked on its own samples, and not on those that were held out.
  private func isGap(_ fit: Fit) -> Bool {
    if fit.isMemorized { return true }
    guard case .accuracy(let target)? = experiment.training.target, outcome.meetsTarget == false,
      let own = fit.training.accuracy, let held = fit.validation?.accuracy
    else { return false }
    let isFar =
      own - held > 3 * Fit.error(of: max(0.05, held), samples: fit.validationSamples)
    return isFar && (own >= target || target - own < (own - held) / 2)
  }

  private func gap(_ fit: Fit) -> DiagnosisReport.Suspect {
    var evidence = [
      "Training works: over the training data the network has \(Self.words(fit.training))."
    ]
    if let validation = fit.validation {
      evidence.append("Over the validation data it has \(Self.words(validation)).")
    }
    if let reference = ReferenceLearners(experiment, samples.training, deadline: deadline),
      !reference.findsSomething, reference.isStrong
    {
      evidence += reference.sentences
    }
    guard case .source? = experiment.data.validation else {
      evidence.append(
        "More samples, a smaller network, weight decay, dropout or fewer steps narrow such a gap; no "
          + "number is at fault.")
      return answer(.generalization, 0.97, evidence)
    }
    if let validation = samples.validation,
      let shift = DistributionShift(samples.training, validation)
    {
      evidence.append(shift.sentence)
    }
    if let held = heldOut() {
      if held.isHealthy {
        return answer(.dataShift, 0.98, evidence, [held])
      }
      evidence.append(
        "Judged by a fifth of the training data that is held out, the loss ends at "
          + "\(Numerals.short(held.lastLoss)), and the training does not reach its target either.")
      return answer(.generalization, 0.97, evidence)
    }
    return answer(.dataShift, 0.8, evidence)
  }

  private static func words(_ evaluation: Evaluation) -> String {
    let accuracy =
      evaluation.accuracy.map { " and an accuracy of \(Numerals.percent($0))" } ?? ""
    return "a loss of \(Numerals.short(evaluation.loss))\(accuracy)"
  }

  /// The training judged by a part of its own samples; nil where the time is over.
  private func heldOut() -> DiagnosisReport.Counterfactual? {
    var changed = experiment
    changed.data.validation = .share(0.2)
    progress("holding out a fifth of the training data")
    guard let samples = try? changed.samples(keepsNonFinite: true),
      let trial = try? Trial(changed, samples)
    else { return nil }
    let result = trial.runWhilePromising(until: deadline)
    guard result.ending != nil else { return nil }
    return .init(
      change: "judge by a fifth of the training data that is held out (data: validation: 0.2)",
      fromStep: 0, steps: result.steps, verdict: result.verdict, isHealthy: result.isCured,
      lastLoss: result.lastLoss, rules: result.standingRules)
  }

  // MARK: - What features tell

  private func unpredictable(_ fit: Fit) -> DiagnosisReport.Suspect? {
    progress("asking other learners what the features tell")
    guard
      let reference = ReferenceLearners(experiment, samples.training, deadline: deadline)
    else { return nil }
    if !reference.findsSomething {
      var suspect = answer(
        .unpredictableTargets, reference.isStrong ? 0.95 : 0.45,
        reference.sentences + [
          "Gradients, activations and updates are in their range: the training works, and there is "
            + "nothing for it to learn."
        ])
      (suspect.heals, suspect.isProven) = (reference.isStrong, reference.isStrong)
      return suspect
    }
    // A training that was cut short may still become better than these learners.
    guard reference.isStrong, outcome.steps >= experiment.thresholds.minimumSteps else {
      return nil
    }
    return beyondReach(fit, reference)
  }

  /// What is asked, where no learner comes near it.
  private func beyondReach(
    _ fit: Fit, _ reference: ReferenceLearners
  ) -> DiagnosisReport.Suspect? {
    if let limit = lossLimit, let best = reference.bestLoss {
      let own = fit.validation?.loss ?? fit.training.loss
      guard limit < best / 2, own < 1.5 * best, fit.training.loss > limit else { return nil }
      return answer(
        .unpredictableTargets, 0.85,
        reference.sentences + [
          "The target of \(Numerals.short(limit)) is below half of what any of them reaches on samples "
            + "that it has not seen, \(Numerals.short(best)); this training reaches "
            + "\(Numerals.short(own))."
        ])
    }
    guard case .accuracy(let target)? = experiment.training.target,
      let best = reference.bestAccuracy,
      let held = fit.validation?.accuracy ?? fit.training.accuracy
    else { return nil }
    let error = Fit.error(of: best, samples: reference.samples)
    // As good as any other learner, and all of them far from what is asked.
    guard target > best + 3 * error, held > best - 3 * error else { return nil }
    return answer(
      .unpredictableTargets, 0.85,
      reference.sentences + [
        "The target of \(Numerals.percent(target)) is more than any of them reaches, and this training "
          + "reaches \(Numerals.percent(held))."
      ])
  }

  /// The greatest loss that the target allows; nil for other targets and losses that squares do not make.
  private var lossLimit: Double? {
    guard experiment.network.loss?.name == "mean_squared_error" else { return nil }
    switch experiment.training.target {
    case .loss(let limit)?: return limit
    case .lossRatio(let ratio)?: return ratio * outcome.firstLoss
    default: return nil
    }
  }

  /// An answer whose evidence is its proof.
  private func answer(
    _ cause: RootCause, _ weight: Double, _ evidence: [String],
    _ tried: [DiagnosisReport.Counterfactual] = []
  ) -> DiagnosisReport.Suspect {
    var suspect = DiagnosisReport.Suspect(
      cause: cause, weight: weight, evidence: evidence, counterfactuals: tried)
    (suspect.heals, suspect.isProven) = (weight >= 0.85, weight >= 0.9)
    return suspect
  }
}
