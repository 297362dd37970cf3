import Experiments
public import Findings
import Training
import Trials

/// Gradients of every parameter brought to one size before the optimiser sees them.
public struct GradientScaleNormalization: ExperimentRemedy {
  public let name = "normalize_gradients"
  public let cause: RootCause? = nil
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let training = patient.experiment.training
    guard !training.treatments.contains(where: { $0 is GradientNormalization }),
      patient.rules.contains(.vanishingGradient) || patient.rules.contains(.explodingGradient)
    else { return [] }
    return [
      Amendment(
        self,
        "bring the gradients of all layers to one size (training: gradients: "
          + "[normalization])",
        patient.changed { $0.training.treatments.append(GradientNormalization()) })
    ]
  }
}
