import CKernels
public import Findings
public import Numbers
public import Tensors

/// The update of all parameters in one pass, which can also watch it, behind a guard.
///
/// Parameters are cut into pieces that stay in the first cache while the update is made, summarised,
/// added and rounded. The update of a step is made for all parameters or for none: it is refused before
/// anything is written when a gradient is not finite, or when a weight, a state or the weights that the
/// network reads would not be. Takes no memory after it was made. Used by one thread at a time.
public final class UpdatePass<T: Scalar> {
  public let optimizer: any Optimizer
  public let parameters: [TrainedParameter]
  /// Steps whose updates were made.
  public internal(set) var step = 0

  let partition: Partition
  let slots: [Slot]
  /// The number format of the weights, or of the copies where there are some.
  let format: NumberFormat?
  let stateTensors: [[Tensor]]
  /// Numbers kept for every weight.
  let stateCount: Int
  /// For each part, an update and what the update would make of weights and states.
  let rooms: Tensor
  /// What was found out by the pieces of each run.
  let found: Elements<Double>
  /// Greatest magnitudes of each parameter.
  var facts: [UpdateFacts]
  /// The same after the next step, where that is known.
  var next: [UpdateFacts]
  /// Whether gradient bounds were given for the next step.
  var knowsGradients = false
  /// Parameters whose states were written by others, so that they must be tried.
  var isForeign: [Bool]
  /// Parameters whose update has not been proved to be finite.
  var isDoubtful: [Bool]
  /// A factor of the learning rate for each parameter.
  let rateFactors: [Double]
  /// The rule of the step for each parameter.
  var rules: [UpdateRule]

  private let weights: SummarySlots?
  private let updates: SummarySlots?
  private let lost: Elements<Double>

  /// The tensors of one parameter.
  struct Slot {
    let weight: Elements<T>
    let gradient: Elements<T>
    /// Where the network reads the weights, rounded; nil where it reads them as they are.
    let copy: Elements<T>?
    let states: StateElements<T>
  }

  /// - Parameters:
  ///   - parameters: weights and gradients of type `T`.
  ///   - optimizer: settings whose options are in their ranges.
  ///   - format: what weights are rounded to after every update; nil for that of `T`.
  ///   - copies: where the network reads each parameter, rounded to `format`, so that weights
  ///     themselves are kept as they are; nil where weights are rounded.
  ///   - isWatched: whether weights and updates are summarised.
  ///   - rateFactors: a factor of the learning rate for each parameter; nil for 1.
  public init(
    _ parameters: [TrainedParameter], optimizer: any Optimizer, format: NumberFormat? = nil,
    copies: [Tensor]? = nil, isWatched: Bool = false, rateFactors: [Double]? = nil
  ) {
    precondition(copies == nil || copies?.count == parameters.count, "one copy per parameter")
    precondition(
      rateFactors == nil || rateFactors?.count == parameters.count, "one factor per parameter")
    self.rateFactors = rateFactors ?? parameters.map { _ in 1 }
    rules = parameters.map { _ in optimizer.rule(rate: 0, step: 1) }
    self.optimizer = optimizer
    self.parameters = parameters
    self.format = format.flatMap { $0.bitCount < T.elementType.byteCount * 8 ? $0 : nil }
    let names = optimizer.stateNames
    let initial = T(optimizer.initialState)
    let states = parameters.map { parameter in
      names.map { _ in
        let tensor = Tensor(zeros: parameter.weight.shape, T.elementType)
        let elements = tensor.elements(as: T.self)
        if initial != 0 { for i in elements.indices { elements[i] = initial } }
        return tensor
      }
    }
    stateTensors = states
    stateCount = names.count
    let isRounded = self.format != nil
    slots = parameters.indices.map { number in
      Slot(
        weight: parameters[number].weight.elements(as: T.self),
        gradient: parameters[number].gradient.elements(as: T.self),
        copy: isRounded ? copies?[number].elements(as: T.self) : nil,
        states: StateElements(states[number].map { $0.elements(as: T.self) }))
    }
    partition = Partition(counts: slots.map(\.weight.count))
    let runs = partition.runCount
    weights = isWatched ? SummarySlots(count: runs) : nil
    updates = isWatched ? SummarySlots(count: runs) : nil
    lost = Tensor(zeros: [isWatched ? runs : 0], .float64).elements(as: Double.self)
    found = Tensor(zeros: [runs], .float64).elements(as: Double.self)
    rooms = Tensor(
      zeros: [partition.cuts.count * (2 + names.count) * Partition.pieceCount], T.elementType)
    var fact = UpdateFacts(T.self)
    for place in names.indices { fact.states[place] = Double(initial) }
    facts = parameters.map { _ in fact }
    next = facts
    isForeign = parameters.map { _ in false }
    isDoubtful = parameters.map { _ in false }
  }

  /// Makes the update of the gradients as they are.
  ///
  /// - Parameter rate: the learning rate of this step.
  /// - Returns: nil, or why nothing was changed.
  public func run(rate: Double) -> StepRecord.Refusal? {
    setRules(rate: rate)
    if let refusal = refusal(rate: rate) { return refusal }
    Threads.run(parts: partition.cuts.count, Work(pass: self))
    step += 1
    for number in facts.indices {
      facts[number] = next[number]
      isForeign[number] = false
    }
    guard let weights, let updates else { return nil }
    for (run, parameter) in partition.merges {
      weights.merge(run, into: parameter)
      updates.merge(run, into: parameter)
      lost[parameter] += lost[run]
    }
    for number in facts.indices where slots[number].weight.count > 0 {
      facts[number].weight = weights[number].greatestMagnitude
    }
    return nil
  }

  /// Sets the rule of every parameter for a learning rate.
  func setRules(rate: Double) {
    for number in rules.indices {
      let isAsBefore = number > 0 && rateFactors[number] == rateFactors[number - 1]
      rules[number] =
        isAsBefore
        ? rules[number - 1] : optimizer.rule(rate: rate * rateFactors[number], step: step + 1)
    }
  }

  /// What was seen of a parameter in the last step that was not refused; nil unless watched.
  ///
  /// The weights are those after the update. Lost are updates that are not 0 and less than half the
  /// spacing of numbers at the weight, in the format that weights are kept in.
  public func watched(parameter number: Int) -> (weight: Summary, update: Summary, lost: Int)? {
    guard let weights, let updates, step > 0 else { return nil }
    return (weights[number], updates[number], Int(lost[number]))
  }

  /// Rounds the weights to `format`, or to where the network reads them.
  ///
  /// To be called after weights were filled or changed by others, before the network reads them.
  public func weightsWereWritten() {
    for number in facts.indices { facts[number].weight = .infinity }
    guard let format else { return }
    Threads.run(parts: partition.cuts.count, Rounding(pass: self, format: format))
  }

  private struct Rounding: PartedWork {
    let pass: UpdatePass
    let format: NumberFormat

    func run(part: Int) {
      for index in pass.partition.cuts[part] {
        let piece = pass.partition.pieces[index]
        let slot = pass.slots[piece.parameter]
        let weight = slot.weight[piece.range]
        round(weight, to: format, into: slot.copy?[piece.range] ?? weight)
      }
    }
  }

  private struct Work: PartedWork {
    let pass: UpdatePass

    func run(part: Int) {
      let room = pass.room(part, 0)
      var last = -1
      for index in pass.partition.cuts[part] {
        let piece = pass.partition.pieces[index]
        let slot = pass.slots[piece.parameter]
        let weight = slot.weight[piece.range]
        let update = room[0..<weight.count]
        pass.rules[piece.parameter].run(
          gradient: slot.gradient[piece.range], weight: weight,
          states: slot.states[piece.range], update: update)
        if let weights = pass.weights, let updates = pass.updates {
          if piece.run != last {
            weights.clear(piece.run)
            updates.clear(piece.run)
            pass.lost[piece.run] = 0
            last = piece.run
          }
          let kept = slot.copy == nil ? pass.format : nil
          pass.lost[piece.run] += Double(countLost(weight, update, kept))
          updates.add(update, to: piece.run)
        }
        add(update, to: weight, into: weight)
        if let format = pass.format {
          round(weight, to: format, into: slot.copy?[piece.range] ?? weight)
        }
        pass.weights?.add(weight, to: piece.run)
      }
    }
  }

  /// Memory of a part for the elements of a piece.
  func room(_ part: Int, _ number: Int) -> Elements<T> {
    let count = Partition.pieceCount
    let start = (part * (2 + stateCount) + number) * count
    return rooms.elements(as: T.self)[start..<start + count]
  }
}

extension StateElements {
  /// The states of some of the weights.
  subscript(range: Range<Int>) -> StateElements {
    var result = StateElements()
    for place in 0..<Self.most { result[place] = self[place]?[range] }
    return result
  }
}

/// `result ← weight + update`; `result` may be the weight.
func add<T: Scalar>(_ update: Elements<T>, to weight: Elements<T>, into result: Elements<T>) {
  precondition(weight.count == update.count && weight.count == result.count, "counts differ")
  if let weight = weight as? Elements<Float>, let update = update as? Elements<Float>,
    let result = result as? Elements<Float>
  {
    unsafe ek_add_update_f32(weight.pointer, update.pointer, result.pointer, weight.count)
  } else if let weight = weight as? Elements<Double>, let update = update as? Elements<Double>,
    let result = result as? Elements<Double>
  {
    unsafe ek_add_update_f64(weight.pointer, update.pointer, result.pointer, weight.count)
  }
}

/// Rounds to the nearest numbers of a format.
func round<T: Scalar>(_ x: Elements<T>, to format: NumberFormat, into result: Elements<T>) {
  if let x = x as? Elements<Float>, let result = result as? Elements<Float> {
    Tensor.round(x, to: format, into: result)
  } else if let x = x as? Elements<Double>, let result = result as? Elements<Double> {
    for i in x.indices { result[i] = format.rounded(x[i]) }
  }
}

/// How many updates are not 0 and less than half the spacing of numbers at the weight, in a format or
/// in the elements' type.
private func countLost<T: Scalar>(
  _ weight: Elements<T>, _ update: Elements<T>, _ format: NumberFormat?
) -> UInt64 {
  let least = format.map(\.leastNormal) ?? Double(T.leastNormalMagnitude)
  let epsilon = format.map(\.epsilon) ?? Double(T.ulpOfOne)
  if let weight = weight as? Elements<Float>, let update = update as? Elements<Float> {
    return unsafe ek_count_lost_f32(
      weight.pointer, update.pointer, weight.count, Float(least), Float(epsilon))
  } else if let weight = weight as? Elements<Double>, let update = update as? Elements<Double> {
    return unsafe ek_count_lost_f64(
      weight.pointer, update.pointer, weight.count, least, epsilon)
  }
  preconditionFailure("a scalar is a Float or a Double")
}

/// The greatest magnitude: infinite or NaN where an element is.
func greatestMagnitude<T: Scalar>(_ x: Elements<T>) -> Double {
  if let x = x as? Elements<Float> {
    return unsafe ek_greatest_magnitude_f32(x.pointer, x.count)
  } else if let x = x as? Elements<Double> {
    return unsafe ek_greatest_magnitude_f64(x.pointer, x.count)
  }
  preconditionFailure("a scalar is a Float or a Double")
}

extension Elements where T: Scalar {
  /// Overwrites these elements with as many others.
  func copy(from other: Elements<T>) {
    precondition(other.count == count, "counts differ")
    unsafe pointer.update(from: other.pointer, count: count)
  }
}
