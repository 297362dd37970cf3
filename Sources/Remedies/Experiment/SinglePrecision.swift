import Experiments
public import Findings
import Numbers
import Training
import Trials

/// Everything in single precision.
public struct SinglePrecision: ExperimentRemedy {
  public let name = "single_precision"
  public let cause: RootCause? = .numberFormat
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let precision = patient.experiment.training.precision
    guard precision.format != .fp32 || precision.backwardFormat ?? .fp32 != .fp32 else { return [] }
    return [
      Amendment(
        self, "compute in single precision (training: format: fp32, without loss_scale)",
        patient.changed {
          $0.training.precision.format = .fp32
          $0.training.precision.backwardFormat = nil
          $0.training.precision.lossScaling = nil
        })
    ]
  }
}
