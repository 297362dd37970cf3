import Experiments
public import Findings
import Networks
import Training
import Trials

/// Layers that keep their width as residual blocks, so that a product of many factors becomes a sum.
public struct ResidualWrapping: ExperimentRemedy {
  public let name = "residual"
  public let cause: RootCause? = .depth
  public let effort = 4

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    var changed = network
    let count = Self.blocks(network.layers)
    guard count > 1 else { return [] }
    let scale = 1 / Double(count).squareRoot()
    changed.layers = Self.wrapped(network.layers, scale)
    guard changed != network else { return [] }
    return [
      Amendment(
        self,
        "make layers that keep their width residual blocks (residual: {scale: "
          + "\(Numerals.short(scale))})",
        patient.changed { $0.network = changed }, needsNewStart: true)
    ]
  }

  /// The number of blocks that would be wrapped.
  private static func blocks(_ layers: [LayerDescription]) -> Int {
    var count = 0
    var units: Int?
    for layer in layers {
      switch layer.kind {
      case let repeated as RepeatedLayers:
        guard let own = width(of: repeated.layers) else {
          count += repeated.count * blocks(repeated.layers)
          units = nil
          continue
        }
        count += own == units ? repeated.count : repeated.count - 1
        units = own
      case let dense as DenseLayer:
        if dense.units == units { count += 1 }
        units = dense.units
      default: continue
      }
    }
    return count
  }

  /// The width that layers without containers keep, if their dense layers have one.
  private static func width(of layers: [LayerDescription]) -> Int? {
    let widths = Set(layers.compactMap { ($0.kind as? DenseLayer)?.units })
    let isPlain = layers.allSatisfy {
      $0.kind is DenseLayer || $0.kind is ActivationLayer || $0.kind is NormalizationLayer
        || $0.kind is DropoutLayer
    }
    return isPlain && widths.count == 1 ? widths.first : nil
  }

  private static func wrapped(_ layers: [LayerDescription], _ scale: Double) -> [LayerDescription] {
    var result: [LayerDescription] = []
    var units: Int?
    var index = 0
    while index < layers.count {
      let layer = layers[index]
      if var repeated = layer.kind as? RepeatedLayers {
        if let own = width(of: repeated.layers) {
          let block = LayerDescription(ResidualLayer(scale: scale, layers: repeated.layers))
          if own != units {
            result += repeated.layers
            repeated.count -= 1
          }
          if repeated.count > 0 {
            repeated.layers = [block]
            result.append(LayerDescription(repeated, name: layer.name, line: layer.line))
          }
          units = own
        } else {
          repeated.layers = wrapped(repeated.layers, scale)
          result.append(LayerDescription(repeated, name: layer.name, line: layer.line))
          units = nil
        }
        index += 1
        continue
      }
      guard let dense = layer.kind as? DenseLayer else {
        result.append(layer)
        index += 1
        continue
      }
      // A dense layer with what follows it up to the next one.
      var block = [layer]
      index += 1
      while index < layers.count,
        layers[index].kind is ActivationLayer || layers[index].kind is NormalizationLayer
          || layers[index].kind is DropoutLayer
      {
        block.append(layers[index])
        index += 1
      }
      let isInner = dense.units == units && index < layers.count
      if isInner {
        result.append(LayerDescription(ResidualLayer(scale: scale, layers: block)))
      } else {
        result += block
      }
      units = dense.units
    }
    return result
  }
}
