import Experiments
public import Findings
import Training
import Trials

/// A learning rate that rises over the first tenth of the steps.
public struct Warmup: ExperimentRemedy {
  public let name = "warmup"
  public let cause: RootCause? = nil
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    guard patient.experiment.training.schedule.warmup == 0, patient.outcome.plannedSteps >= 20
    else {
      return []
    }
    let steps = max(1, patient.outcome.plannedSteps / 10)
    return [
      Amendment(
        self,
        "let the learning rate rise over the first \(steps) steps (training: warmup: \(steps))",
        patient.changed { $0.training.schedule.warmup = steps }, needsNewStart: true)
    ]
  }
}
