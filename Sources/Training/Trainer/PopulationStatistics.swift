import Execution
import Graphs
import Networks
import Numbers
import Samples
import Semantics
import Tensors

/// Mean and variance, over batches of the training data, of what batch norms normalise.
final class PopulationStatistics {
  private let network: LoweredNetwork
  private let plan: Plan<Float>
  private let places: [Value: Value]
  private let feed: Feed
  private var batches: Batches
  private let count: Int
  private let seed: UInt64
  /// The values, `[batch, channels, …]`.
  private let values: [Tensor]
  /// For every value its means and its variances, one for each channel.
  private var found: [[Double]]

  /// - Returns: nil for a network that normalises nothing over the batch.
  init?(
    model: TrainingStep, data: Dataset, _ settings: TrainingSettings, batches count: Int
  ) throws {
    let network = model.network
    guard !network.batchStatistics.isEmpty else { return nil }
    self.network = network
    let pruned = network.graph.pruned(keeping: network.batchStatistics.map(\.value))
    let inputs = network.inputs.map(\.value) + network.auxiliaryInputs.map(\.value)
    var places: [Value: Value] = [:]
    for value in inputs { places[value] = pruned[value] }
    self.places = places
    var bound: [Value: Tensor] = [:]
    for parameter in network.parameters {
      if let place = pruned[parameter.value] {
        bound[place] = model.tensorRead(for: parameter.value)
      }
    }
    let kept = network.batchStatistics.compactMap { pruned[$0.value] }
    plan = try Plan<Float>(pruned.graph, keeping: kept, format: model.format, binding: bound)
    values = kept.map { [plan] in plan[$0] }
    feed = try Feed(data, to: network)
    batches = try Batches(of: data, size: settings.batch, seed: settings.seed)
    self.count = Swift.min(count, batches.perEpoch)
    seed = settings.seed
    found = values.flatMap { value -> [[Double]] in
      let channels = [Double](repeating: 0, count: value.shape[1])
      return [channels, channels]
    }
  }

  /// Looks at the batches with the weights as they are.
  func measure() {
    for place in found.indices {
      for channel in found[place].indices { found[place][channel] = 0 }
    }
    let unread = Tensor(zeros: [0], .float32)
    for step in 0..<count {
      feed.fill(batches.indices(ofStep: step)) { [plan, places] in
        places[$0].map { plan[$0] } ?? unread
      }
      for input in network.auxiliaryInputs {
        guard let place = places[input.value] else { continue }
        let stream = RandomStream(seed: seed, name: input.name)
        input.fill(plan[place], from: stream.substream(UInt32(step)))
      }
      plan.run()
      for (number, value) in values.enumerated() { add(value, number) }
    }
    for number in values.indices {
      for channel in found[2 * number].indices {
        let elements = Double(count * values[number].count / found[2 * number].count)
        let mean = found[2 * number][channel] / elements
        let square = found[2 * number + 1][channel] / elements
        found[2 * number][channel] = mean
        found[2 * number + 1][channel] = Swift.max(0, square - mean * mean)
      }
    }
  }

  private func add(_ value: Tensor, _ number: Int) {
    let elements = value.elements(as: Float.self)
    let channels = value.shape[1]
    let width = value.count / (value.shape[0] * channels)
    for row in 0..<value.shape[0] * channels {
      var (sum, squares) = (0.0, 0.0)
      for i in row * width..<(row + 1) * width {
        let x = Double(elements[i])
        sum += x
        squares += x * x
      }
      found[2 * number][row % channels] += sum
      found[2 * number + 1][row % channels] += squares
    }
  }

  /// Writes the means or variances that an auxiliary input of inference takes.
  func fill(_ tensor: Tensor, _ number: Int) {
    let elements = tensor.elements(as: Float.self)
    for i in elements.indices { elements[i] = Float(found[number][i]) }
  }
}
