import Experiments
public import Findings
import Networks
import Trials

/// Wider hidden layers: those of a few units first, then all.
public struct MoreUnits: ExperimentRemedy {
  public let name = "more_units"
  public let cause: RootCause? = .capacity
  public let effort = 3

  public init() {}

  /// A layer with fewer units is a bottleneck.
  public static let few = 8
  private static let usual = 32
  private static let most = 2048

  public func amendments(for patient: Patient) -> [Amendment] {
    let network = patient.experiment.network
    let sizes: [(String, (Int) -> Int)] = [
      (
        "give every hidden layer at least \(Self.usual) units",
        { $0 < Self.few ? Self.usual : $0 }
      ),
      (
        "make hidden layers four times as wide",
        { min(max(4 * $0, Self.usual), max($0, Self.most)) }
      ),
    ]
    return sizes.enumerated().compactMap { number, size in
      var changed = network
      changed.layers = Self.widened(network.layers, endsInOutput: true, size.1)
      guard changed != network else { return nil }
      return Amendment(
        self, size.0, patient.changed { $0.network = changed }, needsNewStart: true,
        extraEffort: number)
    }
  }

  private static func widened(
    _ layers: [LayerDescription], endsInOutput: Bool, _ size: (Int) -> Int
  ) -> [LayerDescription] {
    let output = endsInOutput ? layers.lastIndex { $0.kind is any WeightedLayer } : nil
    return layers.enumerated().map { place, layer in
      var layer = layer
      if let output, place >= output { return layer }
      switch layer.kind {
      case var dense as DenseLayer:
        dense.units = size(dense.units)
        layer.kind = dense
      case var convolution as ConvolutionLayer where convolution.groups == 1:
        convolution.channels = size(convolution.channels)
        layer.kind = convolution
      case var container as any ContainerLayer:
        container.layers = widened(container.layers, endsInOutput: false, size)
        layer.kind = container
      default: break
      }
      return layer
    }
  }
}
