import Networks
import Samples
import Tensors

/// Brings the targets of a data set into the form that a loss takes.
struct TargetEncoder {
  let dataset: Dataset
  /// Elements of the loss's targets for each sample.
  let elements: Int

  /// - Throws: ``TrainingError`` when they cannot be brought into it.
  func targets(for content: LoweredInput.Content) throws(TrainingError) -> Dataset.Targets {
    switch dataset.targets {
    case .classes(let tensor, let names):
      try encode(tensor, names, for: content)
    case .reals(let tensor):
      try encode(tensor, for: content)
    }
  }

  private func encode(
    _ tensor: Tensor, _ names: [String], for content: LoweredInput.Content
  ) throws(TrainingError) -> Dataset.Targets {
    let labels = tensor.elements(as: Int64.self)
    let perSample = labels.count / dataset.count
    func requireRows(_ rows: Int, _ classes: Int) throws(TrainingError) {
      guard rows == perSample else {
        throw mismatch(
          "a sample has \(perSample) labels, and the loss takes \(rows)",
          cure: "give one label for each position of the output")
      }
      try requireClasses(names.count, atMost: classes, labels)
    }
    switch content {
    case .classes(let count):
      try requireRows(elements, count)
      return dataset.targets
    case .oneHot(let count):
      try requireRows(elements / count, count)
      return .reals(hot(labels, count))
    case .bits, .signs:
      try requireRows(elements, 2)
      let low: Float = content == .bits ? 0 : -1
      return .reals(reals(of: elements) { labels[$0] == 0 ? low : 1 })
    case .reals where elements == perSample && names.count <= 2:
      return .reals(reals(of: elements) { Float(labels[$0]) })
    default:
      let count = elements / perSample
      try requireRows(elements / max(1, count), count)
      return .reals(hot(labels, count))
    }
  }

  private func encode(
    _ tensor: Tensor, for content: LoweredInput.Content
  ) throws(TrainingError) -> Dataset.Targets {
    let values = tensor.elements(as: Float.self)
    let perSample = values.count / dataset.count
    let allowed: (Float) -> Bool
    switch content {
    case .classes:
      throw mismatch(
        "its targets are real numbers, and the loss takes classes",
        cure: "name the column of classes as 'label', or take the loss 'mean_squared_error'")
    case .bits: allowed = { !($0 < 0 || $0 > 1) }
    case .signs: allowed = { $0 == 1 || $0 == -1 || $0.isNaN }
    default: allowed = { _ in true }
    }
    guard perSample == elements else {
      throw mismatch(
        "a sample has \(perSample) targets, and the network's output \(elements) elements",
        cure: "end with 'dense: \(perSample)'")
    }
    for i in values.indices where !allowed(values[i]) {
      throw TrainingError(
        .mismatch,
        "\(dataset.place(ofSample: i / perSample)): the target is \(values[i])",
        cure: content == .bits ? "give numbers from 0 to 1" : "give −1 or 1")
    }
    return dataset.targets
  }

  private func requireClasses(
    _ present: Int, atMost count: Int, _ labels: Elements<Int64>
  ) throws(TrainingError) {
    guard present > count else { return }
    if present == count + 1, !labels.indices.contains(where: { labels[$0] == 0 }) {
      // One class too many, and it is the first that no sample has.
      throw mismatch(
        "labels start at 1: they go from 1 to \(count), and none is 0, so that there would be "
          + "\(present) classes", cure: "write 'first_label: 1' in 'data'")
    }
    throw mismatch(
      "there are \(present) classes, and the loss tells \(count) apart",
      cure: "end with 'dense: \(present)'")
  }

  private func hot(_ labels: Elements<Int64>, _ count: Int) -> Tensor {
    reals(of: labels.count / dataset.count * count) {
      Int(labels[$0 / count]) == $0 % count ? 1 : 0
    }
  }

  private func reals(of perSample: Int, _ element: (Int) -> Float) -> Tensor {
    let tensor = Tensor(zeros: [dataset.count, perSample], .float32)
    let values = tensor.elements(as: Float.self)
    for i in values.indices { values[i] = element(i) }
    return tensor
  }

  private func mismatch(_ problem: String, cure: String) -> TrainingError {
    TrainingError(.mismatch, "\(dataset.name): \(problem)", cure: cure)
  }
}
