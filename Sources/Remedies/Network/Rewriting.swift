import Networks

// What several remedies do to a network.

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

  /// The layers up to the last one with weights, that one included; what follows is part of the output.
  private var inner: (network: NetworkDescription, output: [LayerDescription]) {
    let isFunction = { (layer: LayerDescription) in
      layer.kind is ActivationLayer || layer.kind is AffineActivationLayer
    }
    let output = Array(layers.reversed().prefix(while: isFunction).reversed())
    var network = self
    network.layers.removeLast(output.count)
    return (network, output)
  }

  /// The activations inside the network; those at its very end are part of the output.
  var hiddenActivations: [String] { inner.network.activationNames }

  /// Every activation but those at the very end replaced.
  func replacingHiddenActivations(by name: String) -> NetworkDescription {
    let (hidden, output) = inner
    var result = hidden
    result = result.rewritten { layer in
      guard layer.kind is ActivationLayer || layer.kind is AffineActivationLayer else {
        return [layer]
      }
      var layer = layer
      layer.kind = ActivationLayer(name)
      return [layer]
    }
    result.layers += output
    return result
  }

  /// Every weighted layer starting by `rule`; recurrent weights stay as they are.
  func startingWeights(by rule: any Initializer) -> NetworkDescription {
    var result = rewritten { layer in
      var layer = layer
      if var weighted = layer.kind as? any WeightedLayer {
        weighted.initialization.weights = nil
        layer.kind = weighted
      }
      return [layer]
    }
    result.initialization.weights = InitializerChoice(rule)
    return result
  }

  /// The names of the activations in the order of their first use, recurrent layers' included.
  var activationNames: [String] {
    var names: [String] = []
    _ = rewritten { layer in
      if let activation = layer.kind as? ActivationLayer, !names.contains(activation.name) {
        names.append(activation.name)
      }
      return [layer]
    }
    return names
  }
}
