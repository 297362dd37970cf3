import Experiments
public import Findings
import Training
import Trials

/// No noise on gradients, where there is some.
public struct RemoveNoise: ExperimentRemedy {
  public let name = "drop_noise"
  public let cause: RootCause? = .gradientNoise
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let treatments = patient.experiment.training.treatments
    let noises = treatments.compactMap { ($0 as? GradientNoise)?.eta }
    guard let eta = noises.max() else { return [] }
    return [
      Amendment(
        self,
        "add no noise to gradients; it has eta \(Numerals.precise(eta)) (training: gradients: "
          + "leave out noise)",
        patient.changed { $0.training.treatments = treatments.filter { !($0 is GradientNoise) } },
        needsNewStart: true)
    ]
  }
}
