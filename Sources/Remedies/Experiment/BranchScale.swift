import Experiments
public import Findings
import Networks
import Training
import Trials

/// Residual branches scaled by 1/√L.
public struct BranchScale: ExperimentRemedy {
  public let name = "residual_scale"
  public let cause: RootCause? = .depth
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    guard let change = ResidualScale().change(patient.experiment.network) else { return [] }
    return [
      Amendment(
        self, String(change.sentence.dropLast()),
        patient.changed { $0.network = change.network }, needsNewStart: true)
    ]
  }
}
