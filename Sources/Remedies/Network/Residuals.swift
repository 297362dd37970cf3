public import Findings
public import Networks

/// Branches scaled by 1/√L: L of them multiply the second moment by about e instead of 2^L.
public struct ResidualScale: Remedy {
  public let name = "residual_scale"
  public let answers = Set<RuleName>.growth

  public init() {}

  public func change(_ network: NetworkDescription) -> NetworkChange? {
    let count = Self.count(network.layers)
    guard count > 1 else { return nil }
    let scale = 1 / Double(count).squareRoot()
    let changed = network.rewritten { layer in
      guard var residual = layer.kind as? ResidualLayer, residual.start == nil,
        abs(residual.scale) > scale
      else { return [layer] }
      var layer = layer
      residual.scale = scale
      layer.kind = residual
      return [layer]
    }
    return NetworkChange(
      "scale the \(count) residual branches by 1/sqrt(\(count)) (residual: {scale: "
        + "\(Numerals.short(scale))}).",
      from: network, to: changed)
  }

  /// Residual blocks with every repeat written out.
  private static func count(_ layers: [LayerDescription]) -> Int {
    layers.reduce(0) { sum, layer in
      guard let container = layer.kind as? any ContainerLayer else { return sum }
      let inner = count(container.layers) + (container is ResidualLayer ? 1 : 0)
      return sum + inner * ((container as? RepeatedLayers)?.count ?? 1)
    }
  }
}

/// Repeated layers as residual blocks: a product of many factors becomes a sum.
public struct ResidualBlocks: Remedy {
  public let name = "residual"
  public let answers = Set<RuleName>.growth

  public init() {}

  public func change(_ network: NetworkDescription) -> NetworkChange? {
    let changed = network.rewritten { layer in
      guard var repeated = layer.kind as? RepeatedLayers, repeated.count > 2,
        !repeated.layers.contains(where: { $0.kind is any ContainerLayer }),
        let first = repeated.layers.first?.kind as? DenseLayer,
        repeated.layers.allSatisfy({ ($0.kind as? DenseLayer)?.units ?? first.units == first.units }
        )
      else { return [layer] }
      let scale = 1 / Double(repeated.count - 1).squareRoot()
      // The first of them may change the width, so it stays as it is.
      var one = LayerDescription(RepeatedLayers(1, layers: repeated.layers))
      one.name = nil
      repeated.count -= 1
      repeated.layers = [
        LayerDescription(ResidualLayer(scale: scale, layers: repeated.layers))
      ]
      var layer = layer
      layer.kind = repeated
      return [one, layer]
    }
    return NetworkChange(
      "wrap the repeated layers, all but the first, in residual blocks with scale 1/sqrt(count).",
      from: network, to: changed)
  }
}
