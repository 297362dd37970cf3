import Experiments
public import Findings
import Networks
import Training
import Trials

/// Orthonormal weights, divided layer by layer by what the first batch shows behind them.
public struct LSUVInit: ExperimentRemedy {
  public let name = "lsuv"
  public let cause: RootCause? = .initialization
  public let effort = 3

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let changed = patient.experiment.network.startingWeights(by: LSUVInitializer())
      .startingBiasesAtZero
    guard changed != patient.experiment.network else { return [] }
    return [
      Amendment(
        self, "start all weights with lsuv, which looks at the first batch (network: init: lsuv)",
        patient.changed { $0.network = changed }, needsNewStart: true)
    ]
  }
}
