import Experiments
public import Findings
import Numbers
import Training
import Trials

/// bf16, which has the range of single precision.
public struct BrainFloat: ExperimentRemedy {
  public let name = "bf16"
  public let cause: RootCause? = .numberFormat
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let precision = patient.experiment.training.precision
    let formats = [precision.format, precision.backwardFormat ?? precision.format]
    guard formats.contains(where: { $0.exponentBits < 8 }) else { return [] }
    return [
      Amendment(
        self, "compute in bf16, which has the range of fp32 (training: format: bf16)",
        patient.changed {
          $0.training.precision.format = .bf16
          $0.training.precision.backwardFormat = nil
          $0.training.precision.lossScaling = nil
        })
    ]
  }
}
