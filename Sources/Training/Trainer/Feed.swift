import Graphs
import Networks
import Samples
import Semantics
import TensorFiles
import Tensors

/// What a data set gives to the inputs of a network, batch after batch.
struct Feed {
  /// The data as they came, which know where each sample stands.
  let dataset: Dataset
  /// The data with targets in the form that the loss takes.
  private let encoded: Dataset
  private let features: Value
  private let targets: Value
  /// The element that a sample's targets begin at, in classes for accuracy.
  let content: LoweredInput.Content

  /// - Throws: ``TrainingError`` when the data does not fit the network or its loss.
  init(_ dataset: Dataset, to network: LoweredNetwork) throws(TrainingError) {
    guard network.inputs.count == 2, network.loss != nil else {
      throw TrainingError(
        .mismatch, "the network has no loss", cure: "name one, such as 'loss: mean_squared_error'")
    }
    let (input, output) = (network.inputs[0], network.inputs[1])
    let batch = network.graph.type(of: input.value).shape[0]
    let sample = Shape([Int](network.graph.type(of: input.value).shape.extents.dropFirst()))
    let rows = network.graph.type(of: output.value).shape.count / batch
    let dataset = dataset.arranged(as: sample)
    try Self.check(dataset, against: input.content, shape: sample)
    self.dataset = dataset
    features = input.value
    targets = output.value
    content = output.content
    let outputs = network.graph.type(of: network.output).shape.count / batch
    let encoder = TargetEncoder(dataset: dataset, elements: rows, outputs: outputs)
    let targets = try encoder.targets(for: output.content)
    do {
      encoded = try Dataset(
        name: dataset.name, features: dataset.features, targets: targets, allowsNonFinite: true)
    } catch {
      throw TrainingError(.mismatch, error.problem, cure: error.cure)
    }
  }

  private static func check(
    _ dataset: Dataset, against content: LoweredInput.Content, shape: Shape
  ) throws(TrainingError) {
    guard dataset.featureShape == shape else {
      throw TrainingError(
        .mismatch,
        "\(dataset.name): a sample has the shape \(dataset.featureShape), and the network's input is "
          + "\(shape)", cure: "write 'input: \(dataset.featureShape)'")
    }
    let isInteger = dataset.features.elementType == .int64
    guard case .tokens(let count) = content else {
      guard !isInteger else {
        throw TrainingError(
          .mismatch, "\(dataset.name): samples are token numbers, and the network reads features",
          cure: "begin with 'embedding'")
      }
      return
    }
    guard isInteger else {
      throw TrainingError(
        .mismatch, "\(dataset.name): samples are real numbers, and the network reads tokens",
        cure: "leave 'embedding' out, or give whole numbers")
    }
    let tokens = dataset.features.elements(as: Int64.self)
    let width = max(1, tokens.count / dataset.count)
    for i in tokens.indices where !(0..<Int64(count)).contains(tokens[i]) {
      throw TrainingError(
        .mismatch,
        "\(dataset.place(ofSample: i / width)): token \(tokens[i]), and the embedding has \(count)",
        cure: "give tokens from 0 to \(count - 1)")
    }
  }

  /// Copies samples to where the network reads them; allocates nothing.
  func fill(_ samples: ArraySlice<Int>, _ tensor: (Value) -> Tensor) {
    encoded.copy(samples, features: tensor(features), targets: tensor(targets))
  }

  /// A sample with numbers that are not finite.
  struct Bad {
    let sample: Int
    var nans = 0
    var infinities = 0
    /// The first of its features that is not finite; nil where a target is.
    var feature: Int?
    /// The first number that is not finite.
    var number = 0.0
  }

  /// The first sample of a batch with a feature or target that is not finite.
  func firstNonFinite(in samples: ArraySlice<Int>) -> Bad? {
    for sample in samples {
      var bad = Bad(sample: sample)
      for (isFeature, tensor) in [(true, encoded.features), (false, encoded.targets.tensor)]
      where tensor.elementType == .float32 {
        let elements = tensor.elements(as: Float.self)
        let width = tensor.count / dataset.count
        for i in sample * width..<(sample + 1) * width where !elements[i].isFinite {
          if bad.nans + bad.infinities == 0 {
            bad.number = Double(elements[i])
            bad.feature = isFeature ? i - sample * width : nil
          }
          if elements[i].isNaN { bad.nans += 1 } else { bad.infinities += 1 }
        }
      }
      if bad.nans + bad.infinities > 0 { return bad }
    }
    return nil
  }
}
