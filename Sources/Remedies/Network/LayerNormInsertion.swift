public import Findings
public import Networks

/// A layer norm after every dense layer that an activation follows: each layer starts at scale 1.
public struct LayerNormInsertion: Remedy {
  public let name = "layer_norm"
  public let answers = Set<RuleName>.growth.union([.saturatedUnits, .deadUnits])

  public init() {}

  public func change(_ network: NetworkDescription) -> NetworkChange? {
    var changed = network
    changed.layers = Self.normalized(network.layers)
    return NetworkChange(
      "put layer_norm between each dense layer and its activation.", from: network, to: changed)
  }

  private static func normalized(_ layers: [LayerDescription]) -> [LayerDescription] {
    var result: [LayerDescription] = []
    for layer in layers {
      var layer = layer
      if var container = layer.kind as? any ContainerLayer {
        container.layers = normalized(container.layers)
        layer.kind = container
      }
      if layer.kind is ActivationLayer, result.last?.kind is DenseLayer {
        result.append(LayerDescription(NormalizationLayer(.layer)))
      }
      result.append(layer)
    }
    return result
  }
}
