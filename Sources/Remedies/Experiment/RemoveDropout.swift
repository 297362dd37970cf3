import Experiments
public import Findings
import Networks
import Training
import Trials

/// No dropout, where there is some.
public struct RemoveDropout: ExperimentRemedy {
  public let name = "drop_dropout"
  public let cause: RootCause? = .dropout
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    var rates: [Double] = []
    let changed = patient.experiment.network.rewritten { layer in
      guard let dropout = layer.kind as? DropoutLayer else { return [layer] }
      rates.append(dropout.rate)
      return []
    }
    guard let most = rates.max(), most > 0, !changed.layers.isEmpty else { return [] }
    let which = rates.count == 1 ? "the dropout of" : "all dropout, up to"
    return [
      Amendment(
        self, "leave out \(which) \(Numerals.precise(most)) (network: layers)",
        patient.changed { $0.network = changed }, needsNewStart: true)
    ]
  }
}
