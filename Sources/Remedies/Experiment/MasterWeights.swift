import Experiments
public import Findings
import Numbers
import Training
import Trials

/// Weights kept in single precision beside the rounded ones, so that small updates are not lost.
public struct MasterWeights: ExperimentRemedy {
  public let name = "master_weights"
  public let cause: RootCause? = .numberFormat
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let precision = patient.experiment.training.precision
    guard precision.format != .fp32, !precision.keepsMasters else { return [] }
    return [
      Amendment(
        self, "keep weights in single precision (training: masters: true)",
        patient.changed { $0.training.precision.keepsMasters = true })
    ]
  }
}
