import Experiments
public import Findings
import Networks
import Samples
import Tensors
import Training
import Trials

/// A column of whole numbers read as classes, with a loss of classes and an output for each.
public struct ReadLabels: ExperimentRemedy {
  public let name = "read_labels"
  public let cause: RootCause? = .labels
  public let effort = 3

  public init() {}

  /// Classes that a column is taken for at most.
  private static let most = 20

  public func amendments(for patient: Patient) -> [Amendment] {
    var network = patient.experiment.network
    guard network.loss?.reading == .values, !patient.experiment.data.standardizesTargets,
      case .csv(let path, var format) = patient.experiment.data.origin,
      case .reals(let columns) = format.target, columns.count == 1, let column = columns.first,
      let (least, greatest) = Self.range(of: patient.symptoms.samples.training)
    else { return [] }
    let classes = greatest - least + 1
    if let (inner, _) = network.withoutOutputActivation { network = inner }
    guard classes <= Self.most, var last = network.layers.last,
      var dense = last.kind as? DenseLayer
    else { return [] }
    dense.units = classes
    last.kind = dense
    network.layers[network.layers.count - 1] = last
    network.loss = LossDescription("softmax_cross_entropy")
    format.target = .classes(column)
    format.firstLabel = least
    let name: String =
      switch column {
      case .name(let name): "'\(name)'"
      case .number(let number): "\(number)"
      }
    return [
      Amendment(
        self,
        "read column \(name) as \(classes) classes (data: label), with an output for each "
          + "(network: "
          + "dense: \(classes), loss: softmax_cross_entropy)",
        patient.changed {
          $0.network = network
          $0.data.origin = .csv(path, format)
        }, needsNewStart: true)
    ]
  }

  /// The least and the greatest of targets that are all whole; nil where they are not.
  private static func range(of data: Dataset) -> (Int, Int)? {
    guard case .reals(let targets) = data.targets, targets.count == data.count else { return nil }
    let elements = targets.elements(as: Float.self)
    var (least, greatest) = (Int.max, Int.min)
    for i in elements.indices {
      guard let whole = Int(exactly: elements[i]), abs(whole) < 1_000_000 else { return nil }
      (least, greatest) = (min(least, whole), max(greatest, whole))
    }
    return least < greatest ? (least, greatest) : nil
  }
}
