import Experiments
public import Findings
public import Networks
import Trials

/// A relu behind every hidden layer of a network that has no function but linear ones.
///
/// Linear layers one behind the other are one linear layer: what lies on both sides of a plane they cannot
/// tell apart, whatever their number.
public struct Nonlinearity: ExperimentRemedy {
  public let name = "nonlinearity"
  public let cause: RootCause? = .capacity
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    guard network.isLinear, network.hasHiddenLayers else { return [] }
    var changed = network
    changed.layers = Self.bent(network.layers, endsInOutput: true)
    guard changed != network else { return [] }
    return [
      Amendment(
        self, "put relu behind every hidden layer: without it the network is one linear layer",
        patient.changed { $0.network = changed }, needsNewStart: true)
    ]
  }

  private static func bent(
    _ layers: [LayerDescription], endsInOutput: Bool
  ) -> [LayerDescription] {
    let output = endsInOutput ? layers.lastIndex { $0.kind is any WeightedLayer } : nil
    var result: [LayerDescription] = []
    for (place, layer) in layers.enumerated() {
      var layer = layer
      if let output, place >= output {
        result.append(layer)
        continue
      }
      if var container = layer.kind as? any ContainerLayer {
        container.layers = bent(container.layers, endsInOutput: false)
        layer.kind = container
      }
      if layer.kind is ActivationLayer { continue }
      result.append(layer)
      if layer.kind is DenseLayer || layer.kind is ConvolutionLayer {
        result.append(LayerDescription(ActivationLayer("relu")))
      }
    }
    return result
  }
}

extension NetworkDescription {
  /// Whether the network, up to its output's own activation, is a linear function of its input.
  public var isLinear: Bool {
    var inner = self
    if inner.layers.last?.kind is ActivationLayer { inner.layers.removeLast() }
    var isLinear = true
    _ = inner.rewritten { layer in
      switch layer.kind {
      case let activation as ActivationLayer where activation.name != "linear": isLinear = false
      case is ActivationLayer, is DenseLayer, is ConvolutionLayer, is any ContainerLayer: break
      default: isLinear = isLinear && Self.linearForms.contains(layer.kind.form)
      }
      return [layer]
    }
    return isLinear
  }

  private static let linearForms: Set<String> = [
    "flatten", "average_pool", "global_average_pool", "dropout", "reshape",
  ]

  /// Whether a weighted layer stands before the last one.
  public var hasHiddenLayers: Bool {
    var count = 0
    _ = rewritten { layer in
      if layer.kind is any WeightedLayer { count += 1 }
      return [layer]
    }
    return count > 1
  }
}
