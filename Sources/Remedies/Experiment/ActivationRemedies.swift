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

/// tanh shaped near the identity, 2·tanh(x/2), as deep networks without skips need it.
public struct ShapedActivation: ExperimentRemedy {
  public let name = "shaped_activation"
  public let cause: RootCause? = .depth
  public let effort = 3

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    guard network.hiddenActivations.contains("tanh") else { return [] }
    let changed = network.rewritten { layer in
      guard (layer.kind as? ActivationLayer)?.name == "tanh" else { return [layer] }
      var layer = layer
      layer.kind = AffineActivationLayer("tanh", alpha: 0.5, gamma: 2)
      return [layer]
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

extension NetworkDescription {
  /// The activations inside the network; one at its very end is part of the output.
  var hiddenActivations: [String] {
    var inner = self
    if inner.layers.last?.kind is ActivationLayer { inner.layers.removeLast() }
    return inner.activationNames
  }

  /// Every activation but one at the very end replaced.
  func replacingHiddenActivations(by name: String) -> NetworkDescription {
    var result = self
    let last = layers.last.flatMap { $0.kind is ActivationLayer ? $0 : nil }
    if last != nil { result.layers.removeLast() }
    result = result.rewritten { layer in
      guard layer.kind is ActivationLayer || layer.kind is AffineActivationLayer else {
        return [layer]
      }
      var layer = layer
      layer.kind = ActivationLayer(name)
      return [layer]
    }
    if let last { result.layers.append(last) }
    return result
  }
}
