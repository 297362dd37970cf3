import Experiments
public import Findings
import Networks
import Training
import Trials

/// The usual epsilon under the roots of norms.
public struct NormEpsilon: ExperimentRemedy {
  public let name = "norm_epsilon"
  public let cause: RootCause? = .missingEpsilon
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    let changed = network.rewritten { layer in
      guard var norm = layer.kind as? NormalizationLayer else { return [layer] }
      let usual = NormalizationLayer(norm.kind).epsilon
      guard norm.epsilon < usual / 100 else { return [layer] }
      var layer = layer
      norm.epsilon = usual
      layer.kind = norm
      return [layer]
    }
    guard changed != network else { return [] }
    return [
      Amendment(
        self, "add the usual epsilon under the roots of norms (leave out 'epsilon')",
        patient.changed { $0.network = changed })
    ]
  }
}
