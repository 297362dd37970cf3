import Experiments
public import Findings
import Numbers
import Training
import Trials

/// A loss scale that finds its own place.
public struct DynamicLossScale: ExperimentRemedy {
  public let name = "dynamic_loss_scale"
  public let cause: RootCause? = .numberFormat
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let precision = patient.experiment.training.precision
    let formats = [precision.format, precision.backwardFormat ?? precision.format]
    guard formats.contains(where: { $0.exponentBits < 8 }),
      precision.lossScaling?.isDynamic != true
    else { return [] }
    return [
      Amendment(
        self, "scale the loss dynamically (training: loss_scale: dynamic)",
        patient.changed { $0.training.precision.lossScaling = LossScaling() })
    ]
  }
}
