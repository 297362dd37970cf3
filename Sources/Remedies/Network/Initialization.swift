public import Findings
public import Networks

/// He's variance, gain √2 over the fan in: what relu needs.
public struct HeInit: Remedy {
  public let name = "he_init"
  public let answers = Set<RuleName>.growth.union([.deadUnits])

  public init() {}

  public func change(_ network: NetworkDescription) -> NetworkChange? {
    guard network.activationNames.contains(where: { $0.contains("relu") }) else { return nil }
    return NetworkChange(
      "start all weights with he_normal (init: {weights: he_normal}).", from: network,
      to: network.startingWeights(by: VarianceScaling(.he, .normal)))
  }
}

/// Xavier's variance, which keeps both passes where the slope is about 1.
public struct XavierInit: Remedy {
  public let name = "xavier_init"
  public let answers = Set<RuleName>.growth.union([.saturatedUnits])

  public init() {}

  public func change(_ network: NetworkDescription) -> NetworkChange? {
    NetworkChange(
      "start all weights with xavier_normal (init: {weights: xavier_normal}).", from: network,
      to: network.startingWeights(by: VarianceScaling(.xavier, .normal)))
  }
}

/// The gain of each layer's own activation, so that the gradient keeps its second moment.
public struct ActivationGainInit: Remedy {
  public let name = "activation_gain_init"
  public let answers = Set<RuleName>.growth.union([.saturatedUnits])

  public init() {}

  public func change(_ network: NetworkDescription) -> NetworkChange? {
    NetworkChange(
      "start all weights with activation_gain, the variance that each layer's own activation asks "
        + "for (init: {weights: activation_gain}).",
      from: network,
      to: network.startingWeights(by: VarianceScaling(.activationGain, .normal)))
  }
}

/// Orthogonal recurrent weights: the state keeps its length over time.
public struct OrthogonalRecurrence: Remedy {
  public let name = "orthogonal_recurrence"
  public let answers = Set<RuleName>.growth

  public init() {}

  public func change(_ network: NetworkDescription) -> NetworkChange? {
    let changed = network.rewritten { layer in
      var layer = layer
      if var recurrent = layer.kind as? RecurrentLayer {
        recurrent.initialization.recurrent = InitializerChoice(OrthogonalInitializer())
        layer.kind = recurrent
      }
      return [layer]
    }
    return NetworkChange(
      "start recurrent weights orthogonal (init: {recurrent: orthogonal}).", from: network,
      to: changed)
  }
}
