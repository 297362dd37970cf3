import Experiments
public import Findings
import Networks
import Training
import Trials

/// No norm behind a layer of one feature, where it leaves nothing.
public struct RemoveEmptyNorms: ExperimentRemedy {
  public let name = "drop_norm"
  public let cause: RootCause? = .normalization
  public let effort = 2

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    var (changed, count) = (network, 0)
    changed.layers = Self.cleared(network.layers, width: network.input.last ?? 1, &count)
    guard count > 0 else { return [] }
    return [
      Amendment(
        self,
        count == 1
          ? "leave out the norm over a single feature (network: layers)"
          : "leave out the \(count) norms over single features (network: layers)",
        patient.changed { $0.network = changed }, needsNewStart: true)
    ]
  }

  /// Layers without norms over one or two features; `width` features come in.
  private static func cleared(
    _ layers: [LayerDescription], width: Int, _ count: inout Int
  ) -> [LayerDescription] {
    var width = width
    var result: [LayerDescription] = []
    for layer in layers {
      var layer = layer
      if let dense = layer.kind as? DenseLayer { width = dense.units }
      if let norm = layer.kind as? NormalizationLayer, norm.kind != .batch, width <= 2 {
        count += 1
        continue
      }
      if var container = layer.kind as? any ContainerLayer {
        container.layers = cleared(container.layers, width: width, &count)
        layer.kind = container
      } else if layer.kind is any WeightedLayer, !(layer.kind is DenseLayer) {
        // Of other layers it is not known here how many features they hand on.
        width = .max
      }
      result.append(layer)
    }
    return result
  }
}
