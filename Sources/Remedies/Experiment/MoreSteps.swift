import Experiments
public import Findings
import Training
import Trials

/// A longer run.
public struct MoreSteps: ExperimentRemedy {
  public let name = "more_steps"
  public let cause: RootCause? = .tooFewSteps
  public let effort = 1

  public init() {}

  /// Steps that a trial may have, so that it ends.
  private static let most = 20_000

  public func amendments(for patient: Patient) -> [Amendment] {
    let steps = patient.outcome.plannedSteps
    return [10, 100].compactMap { factor in
      guard steps > 0, steps <= Self.most / factor else { return nil }
      let more = factor * steps
      let text: String
      var duration = TrainingSettings.Duration.steps(more)
      if case .epochs(let epochs) = patient.experiment.training.duration {
        duration = .epochs(factor * epochs)
        text =
          "train for \(Numerals.count(factor * epochs)) epochs in place of \(epochs) (training: "
          + "epochs: \(factor * epochs))"
      } else {
        text =
          "train for \(Numerals.count(more)) steps in place of \(Numerals.count(steps)) (training: "
          + "steps: \(more))"
      }
      return Amendment(
        self, text, patient.changed { $0.training.duration = duration }, needsNewStart: true,
        extraEffort: factor == 10 ? 0 : 1)
    }
  }
}
