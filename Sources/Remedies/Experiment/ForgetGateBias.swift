import Experiments
public import Findings
import Networks
import Training
import Trials

/// A forget gate that stays open for the length of the sequence.
public struct ForgetGateBias: ExperimentRemedy {
  public let name = "forget_bias"
  public let cause: RootCause? = .initialization
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    guard let change = ForgetBias().change(patient.experiment.network) else { return [] }
    return [
      Amendment(
        self, String(change.sentence.dropLast()),
        patient.changed { $0.network = change.network }, needsNewStart: true)
    ]
  }
}
