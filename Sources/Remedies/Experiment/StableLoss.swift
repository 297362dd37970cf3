import Experiments
public import Findings
import Networks
import Numbers
import Operators
import Training
import Trials

/// The fused loss in place of the same written with a logarithm.
public struct StableLoss: ExperimentRemedy {
  public let name = "stable_loss"
  public let cause: RootCause? = .lossFormulation
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    switch patient.experiment.network.loss?.name {
    case "nll_of_softmax":
      return [
        Amendment(
          self,
          "take the cross entropy of the logits (network: loss: softmax_cross_entropy), which "
            + "never "
            + "takes a logarithm of 0",
          patient.changed { $0.network.loss = LossDescription("softmax_cross_entropy") })
      ]
    case "bce_on_probabilities":
      var layers = patient.experiment.network.layers
      let last = (layers.last?.kind as? ActivationLayer)?.name
      guard last == "sigmoid" else { return unconfined(patient) }
      layers.removeLast()
      return [
        Amendment(
          self,
          "take the cross entropy of the logits: leave out the last sigmoid (network: loss: "
            + "binary_cross_entropy_with_logits)",
          patient.changed {
            $0.network.layers = layers
            $0.network.loss = LossDescription("binary_cross_entropy_with_logits")
          })
      ]
    default: return []
    }
  }

  /// The loss of logits for an output that is not confined to 0 … 1, and is no probability.
  private func unconfined(_ patient: Patient) -> [Amendment] {
    guard
      let lowered = try? patient.experiment.network.lowered(
        batch: 1, registry: .standard, activations: .standard, for: .inference),
      let output = OutputRange(of: lowered), output.range.lower < 0 || output.range.upper > 1
    else { return [] }
    return [
      Amendment(
        self,
        "take the output for logits (network: loss: binary_cross_entropy_with_logits), since it is "
          + "no probability",
        patient.changed { $0.network.loss = LossDescription("binary_cross_entropy_with_logits") })
    ]
  }
}
