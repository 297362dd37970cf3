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

/// A forget gate that stays open for the length of the sequence.
public struct ForgetGateBias: ExperimentRemedy {
  public let name = "forget_bias"
  public let cause: RootCause? = .initialization
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    guard let change = ForgetBias().change(patient.experiment.network) else { return [] }
    return [
      Amendment(
        self, String(change.sentence.dropLast()),
        patient.changed { $0.network = change.network }, needsNewStart: true)
    ]
  }
}

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

extension NetworkDescription {
  /// The network without rules for biases, which start at 0 then.
  var startingBiasesAtZero: NetworkDescription {
    var result = rewritten { layer in
      guard var weighted = layer.kind as? any WeightedLayer else { return [layer] }
      var layer = layer
      weighted.initialization.bias = nil
      layer.kind = weighted
      return [layer]
    }
    result.initialization.bias = nil
    return result
  }

  var hasConvolutions: Bool {
    var found = false
    _ = rewritten { layer in
      if layer.kind is ConvolutionLayer { found = true }
      return [layer]
    }
    return found
  }

  /// Every convolution that does not narrow starting by `rule`.
  func startingConvolutions(by rule: any Initializer) -> NetworkDescription {
    rewritten { layer in
      guard var convolution = layer.kind as? ConvolutionLayer else { return [layer] }
      var layer = layer
      convolution.initialization.weights = InitializerChoice(rule)
      layer.kind = convolution
      return [layer]
    }
  }
}
