public import Tensors

/// All that a run needs to go on from a step as if it had never stopped.
public struct TrainingSnapshot: Sendable {
  /// The number of the next step.
  public let step: Int
  /// Weights by name, and what the optimiser remembers as `exp_avg/layers.1.weight`.
  public let tensors: [(name: String, tensor: Tensor)]
  /// Numbers by name, written so that they are read as they were.
  public let numbers: [String: String]

  /// A snapshot that was kept elsewhere.
  public init(step: Int, tensors: [(name: String, tensor: Tensor)], numbers: [String: String]) {
    self.step = step
    self.tensors = tensors
    self.numbers = numbers
  }
}

extension Trainer {
  /// What the run needs to go on from here; the tensors are copies.
  public func snapshot() -> TrainingSnapshot {
    var numbers = [
      "updates": "\(model.updates.step)", "refused_steps": "\(refusedSteps)",
      "refused_in_a_row": "\(refusedInARow)", "has_rolled_back": "\(hasRolledBack)",
      "schedule.factor": "\(memory.factor)", "schedule.best": "\(memory.best)",
      "schedule.waited": "\(memory.waited)", "schedule.rest": "\(memory.rest)",
      "schedule.sum": "\(memory.sum)", "schedule.count": "\(memory.count)",
    ]
    if let scaler {
      numbers["loss_scale.scale"] = "\(scaler.scale)"
      numbers["loss_scale.finite_steps"] = "\(scaler.finiteSteps)"
      numbers["loss_scale.bad_steps"] = "\(scaler.badSteps)"
    }
    if settings.earlyStopping != nil {
      numbers["early_stopping.best"] = "\(best.loss)"
      numbers["early_stopping.waited"] = "\(best.waited)"
    }
    if let average { numbers["average.count"] = "\(average.count)" }
    return TrainingSnapshot(
      step: step,
      tensors: model.parameters.map { ($0.name, $0.weight.copy()) }
        + model.updates.state.map { ($0.name, $0.tensor.copy()) }
        + (average?.tensors.map { ($0.name, $0.tensor.copy()) } ?? []), numbers: numbers)
  }

  /// Goes back, or on, to where a snapshot was taken.
  ///
  /// - Throws: ``TrainingError`` when it is not of this network, optimiser and kind of settings; nothing
  ///   is changed then.
  public func restore(_ snapshot: TrainingSnapshot) throws(TrainingError) {
    func number<N: LosslessStringConvertible>(_ name: String, _ type: N.Type) throws(TrainingError)
      -> N
    {
      guard let text = snapshot.numbers[name], let value = N(text) else {
        throw TrainingError(
          .mismatch, "the snapshot lacks the number '\(name)'", cure: "take one of this run")
      }
      return value
    }
    guard (0...plannedSteps).contains(snapshot.step) else {
      throw TrainingError(
        .mismatch, "the snapshot is of step \(snapshot.step), and the run has \(plannedSteps)",
        cure: "take one of this run")
    }
    var memory = ScheduleMemory()
    memory.factor = try number("schedule.factor", Double.self)
    memory.best = try number("schedule.best", Double.self)
    memory.waited = try number("schedule.waited", Int.self)
    memory.rest = try number("schedule.rest", Int.self)
    memory.sum = try number("schedule.sum", Double.self)
    memory.count = try number("schedule.count", Int.self)
    var scaler = scaler
    if scaler != nil {
      scaler?.scale = try number("loss_scale.scale", Double.self)
      scaler?.finiteSteps = try number("loss_scale.finite_steps", Int.self)
      scaler?.badSteps = try number("loss_scale.bad_steps", Int.self)
    }
    let refused = try number("refused_steps", Int.self)
    let inARow = try number("refused_in_a_row", Int.self)
    let hasRolledBack = try number("has_rolled_back", Bool.self)
    let updates = try number("updates", Int.self)
    var best = best
    if settings.earlyStopping != nil {
      best = (
        try number("early_stopping.best", Double.self),
        try number("early_stopping.waited", Int.self)
      )
    }
    let averaged = average == nil ? 0 : try number("average.count", Int.self)
    let tensors = Dictionary(snapshot.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    try checkWeights(tensors)
    let states = tensors.filter { entry in
      !model.parameters.contains { $0.name == entry.key }
        && !entry.key.hasPrefix(WeightAverage.prefix)
    }
    try average?.check(tensors)
    try model.updates.restore(states, step: updates)
    for parameter in model.parameters {
      if let tensor = tensors[parameter.name] { parameter.weight.copyBytes(from: tensor) }
    }
    model.weightsWereWritten()
    average?.restore(tensors, count: averaged)
    self.best = best
    (self.memory, self.scaler, self.hasRolledBack) = (memory, scaler, hasRolledBack)
    (step, refusedSteps, refusedInARow, ending) = (snapshot.step, refused, inARow, nil)
  }

  private func checkWeights(_ tensors: [String: Tensor]) throws(TrainingError) {
    for parameter in model.parameters {
      guard let tensor = tensors[parameter.name] else {
        throw TrainingError(
          .mismatch, "the snapshot has no weights '\(parameter.name)'",
          cure: "take a snapshot of this network")
      }
      guard tensor.shape == parameter.weight.shape, tensor.elementType == .float32 else {
        throw TrainingError(
          .mismatch,
          "the weights '\(parameter.name)' are \(tensor.elementType) \(tensor.shape), and should be "
            + "float32 \(parameter.weight.shape)", cure: "take a snapshot of this network")
      }
    }
  }
}
