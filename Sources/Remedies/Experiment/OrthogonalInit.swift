import Experiments
public import Findings
import Networks
import Training
import Trials

/// Orthogonal weights with the gain of the activation: singular values that are all alike.
public struct OrthogonalInit: ExperimentRemedy {
  public let name = "orthogonal_init"
  public let cause: RootCause? = .initialization
  public let effort = 3

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    let name = network.hasConvolutions ? "delta_orthogonal" : "orthogonal"
    let changed =
      network.hasConvolutions
      ? network.startingConvolutions(by: DeltaOrthogonalInitializer(gain: .own(.forward)))
      : network.startingWeights(by: OrthogonalInitializer(gain: .own(.forward)))
        .startingBiasesAtZero
    guard changed != network else { return [] }
    return [
      Amendment(
        self,
        "start \(network.hasConvolutions ? "convolutions" : "all weights") with {\(name): auto}",
        patient.changed { $0.network = changed }, needsNewStart: true)
    ]
  }
}
