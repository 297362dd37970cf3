import Experiments
public import Findings
import Training
import Trials

/// No clipping, where there is some.
public struct RemoveClipping: ExperimentRemedy {
  public let name = "remove_clipping"
  public let cause: RootCause? = .clipping
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    guard patient.experiment.training.clipping != nil else { return [] }
    return [
      Amendment(
        self, "do not clip gradients (training: leave out clip)",
        patient.changed { $0.training.clipping = nil })
    ]
  }
}
