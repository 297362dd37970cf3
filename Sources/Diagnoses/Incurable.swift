import Experiments
import Findings
import Remedies
import Training
public import Trials

/// A training that is not as it should be for reasons that no remedy touches: what it learned does not
/// hold elsewhere, or there is nothing to learn.
public struct Incurable {
  /// Why, in sentences; nil where remedies are worth a try.
  public private(set) var reason: String?

  /// - Parameters:
  ///   - trial: as it was left by its last step.
  ///   - outcome: how it ended.
  ///   - deadline: after which nothing more is run.
  ///   - progress: told what is being done.
  public init(
    _ trial: Trial, _ outcome: TrialOutcome, deadline: Deadline,
    _ progress: @escaping (String) -> Void
  ) {
    guard !outcome.isHealthy else { return }
    // What was asked cannot be met, whatever is changed.
    if outcome.meetsTarget == false,
      let asked = Preflight.suspects(of: trial.experiment, trial.samples).first(where: {
        $0.isContradiction && $0.cause == .successTarget
      })
    {
      let todo = asked.remedies.map(\.change).joined(separator: ", or ")
      reason =
        "No number is at fault: \(asked.cause.phrase). \(asked.sentence) \(asked.because)"
        + (todo.isEmpty ? "" : " To do: \(todo).")
      return
    }
    let patient = Patient(trial.experiment, trial.symptoms, outcome)
    let start = StartState(
      trial.trainer.network, trial.experiment.network, trial.symptoms.first)
    let suspicion = Suspicion(
      patient: patient, start: start, origin: nil, losses: trial.losses)
    guard !suspicion.isIll else { return }
    let answers = DataAnswers(trial, outcome, deadline: deadline, progress: progress)
    guard let answer = answers.suspects.first(where: \.heals) else { return }
    reason =
      "No number is at fault: \(answer.cause.phrase). " + answer.evidence.joined(separator: " ")
  }
}
