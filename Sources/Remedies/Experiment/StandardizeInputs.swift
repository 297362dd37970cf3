import Experiments
public import Findings
import Networks
import Samples
import Training
import Trials

/// Features with mean 0 and deviation 1, where they are far from it.
public struct StandardizeInputs: ExperimentRemedy {
  public let name = "standardize_inputs"
  public let cause: RootCause? = .data
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    guard let features = patient.symptoms.features,
      patient.experiment.data.standardization == nil
    else { return [] }
    let isFar =
      features.scale > 3 || features.scale < 0.3 || features.offset > 3
      || features.deviations.upperBound > 10 * features.deviations.lowerBound
    guard isFar else { return [] }
    let isImage = patient.experiment.network.input.count == 3
    return [
      Amendment(
        self,
        "give features mean 0 and deviation 1 (data: standardize: \(isImage ? "all" : "feature"))",
        patient.changed { $0.data.standardization = isImage ? .all : .feature },
        needsNewStart: true)
    ]
  }
}
