public import Tensors

// What an optimiser remembers from step to step, for snapshots: with the weights and the number of steps
// it makes a run go on bit for bit.
extension UpdatePass {
  /// The tensors that the optimiser keeps, such as `exp_avg/layers.0.weight`, in the order of parameters.
  ///
  /// They share memory with the optimiser; call ``stateWasWritten(step:)`` after writing to them.
  public var state: [(name: String, tensor: Tensor)] {
    parameters.indices.flatMap { number in
      (0..<stateCount).map { (stateName($0, number), stateTensors[number][$0]) }
    }
  }

  func stateName(_ place: Int, _ number: Int) -> String {
    "\(optimizer.stateNames[place])/\(parameters[number].name)"
  }

  /// Takes over what a snapshot remembers.
  ///
  /// - Parameters:
  ///   - state: tensors by the names of ``state``, all of them; they are copied.
  ///   - step: how many steps were made until then.
  /// - Throws: ``TrainingError`` when a tensor is missing, too many, of another type or shape, or not
  ///   finite; nothing is changed then.
  public func restore(_ state: [String: Tensor], step: Int) throws(TrainingError) {
    let own = self.state
    for (name, tensor) in own {
      guard let other = state[name] else {
        throw TrainingError(
          .mismatch, "there is no state '\(name)'", cure: "take a snapshot of this optimiser")
      }
      guard other.shape == tensor.shape, other.elementType == tensor.elementType else {
        throw TrainingError(
          .mismatch,
          "the state '\(name)' is \(other.elementType) \(other.shape), and should be "
            + "\(tensor.elementType) \(tensor.shape)", cure: "take a snapshot of this network")
      }
      guard Summary.nonFiniteCount(of: other.elements(as: T.self)) == 0 else {
        throw TrainingError(
          .invalidValue, "the state '\(name)' is not finite", cure: "take an earlier snapshot")
      }
    }
    guard state.count == own.count else {
      let names = Set(own.map(\.name))
      let other = state.keys.filter { !names.contains($0) }.sorted().first ?? ""
      throw TrainingError(
        .mismatch, "the state '\(other)' belongs to nothing",
        cure: "take a snapshot of this network and optimiser")
    }
    guard step >= 0 else {
      throw TrainingError(.invalidValue, "the step is \(step)", cure: "give 0 or more")
    }
    for (name, tensor) in own { if let other = state[name] { tensor.copyBytes(from: other) } }
    stateWasWritten(step: step)
  }

  /// Says that others wrote to the state, and how many steps were made by then.
  public func stateWasWritten(step: Int) {
    self.step = step
    for number in facts.indices {
      for place in 0..<stateCount { facts[number].states[place] = .infinity }
      if stateCount > 0 {
        facts[number].foreign = .infinity
        isForeign[number] = true
      }
    }
  }
}
