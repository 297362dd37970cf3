import Tensors

/// The mean of the weights over the steps of a run, kept beside them.
///
/// The mean of steps alike is that of stochastic weight averaging (Izmailov et al. 2018); with a decay
/// it forgets old steps exponentially (Polyak and Juditsky 1992). Takes no memory after it was made.
struct WeightAverage {
  /// What the names of the mean's tensors begin with in a snapshot.
  static let prefix = "average/"

  private let settings: TrainingSettings.WeightAveraging
  private let parameters: [TrainedParameter]
  private let means: [Tensor]
  private let firstStep: Int
  /// Steps that the mean is over.
  private(set) var count = 0

  init(
    _ settings: TrainingSettings.WeightAveraging, of parameters: [TrainedParameter],
    plannedSteps: Int
  ) {
    self.settings = settings
    self.parameters = parameters
    means = parameters.map { Tensor(zeros: $0.weight.shape, .float32) }
    firstStep = Int((settings.start * Double(plannedSteps)).rounded(.down))
  }

  /// Whether there is a mean that can take the place of the weights.
  var isReady: Bool { count > 0 }

  /// The mean by name.
  var tensors: [(name: String, tensor: Tensor)] {
    zip(parameters, means).map { (Self.prefix + $0.name, $1) }
  }

  /// Takes the weights after a step into the mean.
  mutating func add(step: Int) {
    guard step > firstStep else { return }
    count += 1
    // The first weights are the mean; later ones move it by their share.
    let share = count == 1 ? 1 : settings.decay.map { Float(1 - $0) } ?? 1 / Float(count)
    for (parameter, mean) in zip(parameters, means) {
      let (weight, mean) = (
        parameter.weight.elements(as: Float.self), mean.elements(as: Float.self)
      )
      for i in mean.indices { mean[i] += share * (weight[i] - mean[i]) }
    }
  }

  /// Puts the mean in the weights' place, and the weights in the mean's.
  func exchange() {
    for (parameter, mean) in zip(parameters, means) {
      let (weight, mean) = (
        parameter.weight.elements(as: Float.self), mean.elements(as: Float.self)
      )
      for i in mean.indices { (weight[i], mean[i]) = (mean[i], weight[i]) }
    }
  }

  /// - Throws: ``TrainingError`` where the mean of a parameter is missing or of another shape.
  func check(_ tensors: [String: Tensor]) throws(TrainingError) {
    for (name, mean) in self.tensors {
      guard let tensor = tensors[name], tensor.shape == mean.shape,
        tensor.elementType == .float32
      else {
        throw TrainingError(
          .mismatch, "the snapshot has no '\(name)' of the shape \(mean.shape)",
          cure: "take a snapshot of this run")
      }
    }
  }

  /// Takes up a mean that was kept, of tensors that were checked.
  mutating func restore(_ tensors: [String: Tensor], count: Int) {
    for (name, mean) in self.tensors {
      if let tensor = tensors[name] { mean.copyBytes(from: tensor) }
    }
    self.count = count
  }
}
