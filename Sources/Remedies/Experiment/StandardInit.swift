import Experiments
public import Findings
import Networks
import Training
import Trials

/// The variance that the network's activations ask for: He's for rectifiers, Xavier's for others.
public struct StandardInit: ExperimentRemedy {
  public let name = "standard_init"
  public let cause: RootCause? = .initialization
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let names = patient.experiment.network.activationNames
    let isRectified = names.contains { $0.contains("relu") || $0 == "gelu" || $0 == "silu" }
    let rules: [(String, VarianceScaling)] =
      [
        isRectified
          ? ("he_normal", VarianceScaling(.he, .normal))
          : names.contains("selu")
            ? ("lecun_normal", VarianceScaling(.lecun, .normal))
            : ("xavier_normal", VarianceScaling(.xavier, .normal)),
        ("activation_gain", VarianceScaling(.activationGain, .normal)),
      ]
    return rules.enumerated().compactMap { number, rule in
      let (name, scheme) = rule
      let changed = patient.experiment.network.startingWeights(by: scheme).startingBiasesAtZero
      guard changed != patient.experiment.network else { return nil }
      return Amendment(
        self, "start all weights with \(name) and biases at 0 (network: init: {weights: \(name)})",
        patient.changed { $0.network = changed }, needsNewStart: true, extraEffort: number)
    }
  }
}
