import Experiments
public import Findings
import Training
import Trials

/// No weight decay, where there is some.
public struct RemoveWeightDecay: ExperimentRemedy {
  public let name = "drop_weight_decay"
  public let cause: RootCause? = .weightDecay
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let optimizer = patient.experiment.training.optimizer
    guard let decay = optimizer.optionValues["weight_decay"], decay > 0 else { return [] }
    return [
      Amendment(
        self,
        "leave out the weight decay of \(Numerals.precise(decay)) (training: optimizer: "
          + "{\(type(of: optimizer).name): {weight_decay: 0}})",
        patient.changed { $0.training.optimizer = optimizer.with(["weight_decay": 0]) },
        needsNewStart: true)
    ]
  }
}
