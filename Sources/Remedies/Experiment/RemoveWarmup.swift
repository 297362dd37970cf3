import Experiments
public import Findings
import Training
import Trials

/// No warm-up, where there is one.
public struct RemoveWarmup: ExperimentRemedy {
  public let name = "drop_warmup"
  public let cause: RootCause? = .schedule
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let steps = patient.experiment.training.schedule.warmup
    guard steps > 0 else { return [] }
    return [
      Amendment(
        self, "leave out the warm-up of \(Numerals.count(steps)) steps (training: warmup)",
        patient.changed {
          $0.training.schedule.warmup = 0
          $0.training.schedule.warmupStart = LearningRatePlan().warmupStart
        }, needsNewStart: true)
    ]
  }
}
