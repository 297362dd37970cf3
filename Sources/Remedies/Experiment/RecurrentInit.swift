import Experiments
public import Findings
import Networks
import Training
import Trials

/// Orthogonal recurrent weights.
public struct RecurrentInit: ExperimentRemedy {
  public let name = "orthogonal_recurrence"
  public let cause: RootCause? = .initialization
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    guard let change = OrthogonalRecurrence().change(patient.experiment.network) else { return [] }
    return [
      Amendment(
        self, String(change.sentence.dropLast()),
        patient.changed { $0.network = change.network }, needsNewStart: true)
    ]
  }
}
