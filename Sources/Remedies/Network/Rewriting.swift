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

  /// How many layers stand behind the last that has weights or contains layers: they make the
  /// output what it is, and are none of the hidden ones.
  var outputTail: Int {
    layers.reversed().prefix { !($0.kind is any WeightedLayer || $0.kind is any ContainerLayer) }
      .count
  }

  /// The network without the functions of single numbers, or softmax, at its very end, and their
  /// names; nil where it ends in none.
  var withoutOutputActivation: (network: NetworkDescription, names: [String])? {
    var result = self
    var names: [String] = []
    while let last = result.layers.last {
      switch last.kind {
      case let activation as ActivationLayer: names.insert(activation.name, at: 0)
      case let affine as AffineActivationLayer: names.insert("affine \(affine.function)", at: 0)
      case let function as FunctionLayer where function.keepsShape:
        names.insert(function.name, at: 0)
      default:
        return names.isEmpty || result.layers.isEmpty ? nil : (result, names)
      }
      result.layers.removeLast()
    }
    return nil
  }

  /// The change applied to all layers but those of the output's tail.
  func rewrittenInside(
    _ change: (NetworkDescription) -> NetworkDescription
  ) -> NetworkDescription {
    var inner = self
    let tail = layers.suffix(outputTail)
    inner.layers.removeLast(tail.count)
    inner = change(inner)
    inner.layers += tail
    return inner
  }

  /// The activations inside the network; what stands at its very end is part of the output.
  var hiddenActivations: [String] {
    var inner = self
    inner.layers.removeLast(outputTail)
    return inner.activationNames
  }

  /// Every activation but those at the very end replaced.
  func replacingHiddenActivations(by name: String) -> NetworkDescription {
    rewrittenInside { inner in
      inner.rewritten { layer in
        guard layer.kind is ActivationLayer || layer.kind is AffineActivationLayer else {
          return [layer]
        }
        var layer = layer
        layer.kind = ActivationLayer(name)
        return [layer]
      }
    }
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
