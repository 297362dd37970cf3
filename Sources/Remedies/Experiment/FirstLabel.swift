import Experiments
public import Findings
import Samples
import Tensors
import Training
import Trials

/// Classes numbered from the first label that there is.
public struct FirstLabel: ExperimentRemedy {
  public let name = "first_label"
  public let cause: RootCause? = .labels
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    guard let first = Self.first(of: patient.symptoms.samples.training), first > 0,
      let origin = patient.experiment.data.origin.numbered(from: first)
    else { return [] }
    return [
      Amendment(
        self, "number classes from \(first), where labels start (data: first_label: \(first))",
        patient.changed { $0.data.origin = origin }, needsNewStart: true)
    ]
  }

  /// The least label of a sample, where classes are named by their numbers from 0; nil elsewhere.
  private static func first(of data: Dataset) -> Int? {
    guard case .classes(let labels, let names) = data.targets,
      names == names.indices.map(String.init)
    else { return nil }
    let numbers = labels.elements(as: Int64.self)
    return numbers.indices.map { Int(numbers[$0]) }.min()
  }
}

extension DataSource.Origin {
  /// The same with classes numbered from `first`; nil where labels are none of a file.
  fileprivate func numbered(from first: Int) -> DataSource.Origin? {
    switch self {
    case .csv(let path, var format):
      guard case .classes = format.target, format.classes.isEmpty else { return nil }
      format.firstLabel = first
      format.classCount = format.classCount.map { $0 - first }
      return .csv(path, format)
    case .idx(let features, let targets, let format):
      return format.numbered(from: first).map { .idx(features: features, targets: targets, $0) }
    case .npy(let features, let targets, let format):
      return format.numbered(from: first).map { .npy(features: features, targets: targets, $0) }
    case .safetensors(let path, let features, let targets, let format):
      return format.numbered(from: first).map {
        .safetensors(path, features: features, targets: targets, $0)
      }
    case .synthetic: return nil
    }
  }
}

extension ArrayFormat {
  fileprivate func numbered(from first: Int) -> ArrayFormat? {
    guard case .classes(let count) = target else { return nil }
    var format = self
    format.firstLabel = first
    format.target = .classes(count: count.map { $0 - first })
    return format
  }
}
