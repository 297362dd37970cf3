import Experiments
public import Findings
import Networks
import Training
import Trials

/// Another activation, with the initialisation that it asks for.
public struct ActivationReplacement: ExperimentRemedy {
  public let name = "activation"
  public let cause: RootCause? = .activation
  public let effort = 3

  public init() {}

  /// An activation and how weights start with it.
  private static let choices: [(name: String, start: String, scheme: VarianceScaling)] = [
    ("relu", "he_normal", VarianceScaling(.he, .normal)),
    ("tanh", "xavier_normal", VarianceScaling(.xavier, .normal)),
    ("leaky_relu(0.1)", "he_normal", VarianceScaling(.he, .normal)),
    ("gelu", "he_normal", VarianceScaling(.he, .normal)),
    ("selu", "lecun_normal", VarianceScaling(.lecun, .normal)),
  ]

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    let old = network.hiddenActivations
    guard !old.isEmpty else { return [] }
    let names = old.map { "\($0)" }.joined(separator: ", ")
    var amendments: [Amendment] = []
    if old.contains("sigmoid"), let change = ScaledSigmoidActivation().change(network) {
      amendments.append(
        Amendment(
          self, String(change.sentence.dropLast()),
          patient.changed { $0.network = change.network }, needsNewStart: true))
    }
    for choice in Self.choices where !old.contains(choice.name) {
      let changed = network.replacingHiddenActivations(by: choice.name)
        .startingWeights(by: choice.scheme).startingBiasesAtZero
      amendments.append(
        Amendment(
          self, "replace \(names) by \(choice.name), and start weights with \(choice.start)",
          patient.changed { $0.network = changed }, needsNewStart: true))
    }
    return amendments
  }
}
