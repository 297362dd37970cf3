import Experiments
public import Findings
import Training
import Trials

/// The learning rate as it is, where a schedule changes it.
public struct RemoveSchedule: ExperimentRemedy {
  public let name = "drop_schedule"
  public let cause: RootCause? = .schedule
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let plan = patient.experiment.training.schedule
    guard !(plan.schedule is ConstantSchedule) else { return [] }
    let rate = patient.experiment.training.optimizer.learningRate
    return [
      Amendment(
        self,
        "keep the learning rate at \(Numerals.short(rate)): leave out the schedule "
          + "'\(type(of: plan.schedule).name)' (training: schedule)",
        patient.changed { $0.training.schedule.schedule = ConstantSchedule() }, needsNewStart: true)
    ]
  }
}
