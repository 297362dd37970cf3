import Experiments
public import Findings
import Networks
import Training
import Trials

/// A norm between every weighted layer and its activation.
public struct NormInsertion: ExperimentRemedy {
  public let name = "normalization"
  public let cause: RootCause? = .depth
  public let effort = 4

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    let kinds: [NormalizationLayer.Kind] =
      network.hasConvolutions ? [.batch, .layer] : [.layer, .batch, .rms]
    return kinds.compactMap { kind in
      // A norm over a batch of a few samples tells more of the batch than of the sample.
      guard kind != .batch || patient.experiment.training.batch >= 8 else { return nil }
      var changed = network
      changed = network.rewrittenInside { inner in
        var inner = inner
        inner.layers = Self.normalized(inner.layers, by: kind)
        return inner
      }
      guard changed != network else { return nil }
      return Amendment(
        self, "put \(kind.rawValue) between each weighted layer and its activation",
        patient.changed { $0.network = changed }, needsNewStart: true)
    }
  }

  static func normalized(
    _ layers: [LayerDescription], by kind: NormalizationLayer.Kind
  ) -> [LayerDescription] {
    var result: [LayerDescription] = []
    for layer in layers {
      var layer = layer
      if var container = layer.kind as? any ContainerLayer {
        container.layers = normalized(container.layers, by: kind)
        layer.kind = container
      }
      let before = result.last?.kind
      if layer.kind is ActivationLayer || layer.kind is AffineActivationLayer,
        before is DenseLayer || before is ConvolutionLayer
      {
        result.append(LayerDescription(NormalizationLayer(kind)))
      }
      result.append(layer)
    }
    return result
  }
}
