import Experiments
public import Findings
import Networks
import Training
import Trials

/// tanh shaped near the identity, 2·tanh(x/2), as deep networks without skips need it.
public struct ShapedActivation: ExperimentRemedy {
  public let name = "shaped_activation"
  public let cause: RootCause? = .depth
  public let effort = 3

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    guard network.hiddenActivations.contains("tanh") else { return [] }
    let changed = network.rewrittenInside { inner in
      inner.rewritten { layer in
        guard (layer.kind as? ActivationLayer)?.name == "tanh" else { return [layer] }
        var layer = layer
        layer.kind = AffineActivationLayer("tanh", alpha: 0.5, gamma: 2)
        return [layer]
      }
    }.startingWeights(by: OrthogonalInitializer())
    return [
      Amendment(
        self,
        "shape tanh as 2·tanh(x/2) (affine: {function: tanh, alpha: 0.5, gamma: 2}), with "
          + "orthogonal weights",
        patient.changed { $0.network = changed }, needsNewStart: true)
    ]
  }
}
