public import Findings
public import Networks

/// `4·sigmoid(x) − 2` in place of sigmoid: 0 at 0 with slope 1, as Xavier's variance assumes.
public struct ScaledSigmoidActivation: Remedy {
  public let name = "scaled_sigmoid_activation"
  public let answers = Set<RuleName>.growth.union([.saturatedUnits])

  public init() {}

  public func change(_ network: NetworkDescription) -> NetworkChange? {
    // A sigmoid at the very end makes the output what it is.
    let changed = network.rewrittenInside { inner in
      inner.rewritten { layer in
        guard let activation = layer.kind as? ActivationLayer, activation.name == "sigmoid" else {
          return [layer]
        }
        var layer = layer
        layer.kind = ActivationLayer("scaled_sigmoid")
        return [layer]
      }
    }
    guard changed != network else { return nil }
    return NetworkChange(
      "replace sigmoid by scaled_sigmoid, 4·sigmoid(x) − 2, and start weights with xavier_normal.",
      from: network, to: changed.startingWeights(by: VarianceScaling(.xavier, .normal)))
  }
}

/// `log_softmax` in place of the logarithm of a softmax.
public struct LogSoftmaxFusion: Remedy {
  public let name = "log_softmax"
  public let answers: Set<RuleName> = [.domain, .nonFinite]

  public init() {}

  public func change(_ network: NetworkDescription) -> NetworkChange? {
    var changed = network
    changed.layers = Self.fused(network.layers)
    return NetworkChange(
      "replace softmax followed by log with log_softmax, which never takes a logarithm of 0.",
      from: network, to: changed)
  }

  private static func fused(_ layers: [LayerDescription]) -> [LayerDescription] {
    var result: [LayerDescription] = []
    for layer in layers {
      var layer = layer
      if var container = layer.kind as? any ContainerLayer {
        container.layers = fused(container.layers)
        layer.kind = container
      }
      if (layer.kind as? FunctionLayer)?.name == "log",
        (result.last?.kind as? FunctionLayer)?.name == "softmax"
      {
        layer.kind = FunctionLayer("log_softmax")
        result.removeLast()
      }
      result.append(layer)
    }
    return result
  }
}
