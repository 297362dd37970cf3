import Findings
import Numbers
import Tensors

// Whether an update can be made, found out before anything is written.
//
// The greatest magnitudes of gradients, weights and states bound those after the step. They are known
// from the step before, or from one pass that reads them. Where the bounds do not prove the update to be
// finite, magnitudes are measured anew, and where that does not help the update is computed into spare
// memory, piece by piece, and looked at.
extension UpdatePass {
  /// Gives a bound of a gradient's magnitudes in the next step, infinite or NaN where an element is.
  ///
  /// Where it is given for one parameter it must be given for all.
  func setGradientBound(_ bound: Double, parameter number: Int) {
    facts[number].gradient = bound
    knowsGradients = true
  }

  /// Why the next update cannot be made; nil where it can.
  func refusal(rate: Double) -> StepRecord.Refusal? {
    if !knowsGradients { measure(.gradient, ofAll: true) }
    knowsGradients = false
    for number in facts.indices where !facts[number].gradient.isFinite {
      return refusal(.gradient, parameters[number].name, slots[number].gradient)
    }
    guard !proves(rate) else { return nil }
    measure(.weight, ofAll: false)
    for place in 0..<stateCount { measure(.state(place), ofAll: false) }
    for number in facts.indices where isDoubtful[number] {
      if !facts[number].weight.isFinite {
        return refusal(.weight, parameters[number].name, slots[number].weight)
      }
      for place in 0..<stateCount where !facts[number].states[place].isFinite {
        return refusal(
          .state, stateName(place, number), stateTensors[number][place].elements(as: T.self))
      }
    }
    guard !proves(rate) else { return nil }
    Threads.run(parts: partition.cuts.count, Trial(pass: self))
    merge { max($0, $1) }
    for number in facts.indices where isDoubtful[number] && found[number] > 0 {
      return inquest(number)
    }
    return nil
  }

  /// Proves that the update is finite for all parameters, and then knows what is after it.
  ///
  /// Otherwise the parameters for which it does not are marked.
  private func proves(_ rate: Double) -> Bool {
    var isProved = true
    for number in facts.indices {
      let isFinite = rules[number].isFinite(in: T.self)
      let bounds = optimizer.bounds(
        facts[number], rate: rate * rateFactors[number], step: step + 1)
      let limit = format?.overflowThreshold ?? facts[number].greatest
      if isFinite, let after = bounds.after(facts[number], limit: limit) {
        next[number] = after
        if let format {
          // Weights may be rounded up.
          next[number].weight += format.epsilon * after.weight + format.leastSubnormal
        }
        isDoubtful[number] = isForeign[number]
      } else {
        next[number].weight = .infinity
        for place in 0..<stateCount { next[number].states[place] = .infinity }
        next[number].foreign = bounds.foreign
        isDoubtful[number] = true
      }
      isProved = isProved && !isDoubtful[number]
    }
    return isProved
  }

  /// What is looked at.
  enum Measured { case gradient, weight, state(Int) }

  /// Finds the greatest magnitude of each parameter, or of those that are doubtful.
  private func measure(_ measured: Measured, ofAll: Bool) {
    for number in facts.indices { found[number] = 0 }
    Threads.run(
      parts: partition.cuts.count, Measuring(pass: self, measured: measured, ofAll: ofAll))
    merge { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }
    for number in facts.indices where ofAll || isDoubtful[number] {
      switch measured {
      case .gradient: facts[number].gradient = found[number]
      case .weight: facts[number].weight = found[number]
      case .state(let place):
        facts[number].states[place] = found[number]
        if place == 0, facts[number].foreign == .infinity { facts[number].foreign = found[number] }
      }
    }
  }

  private func merge(_ combine: (Double, Double) -> Double) {
    for (run, parameter) in partition.merges {
      found[parameter] = combine(found[parameter], found[run])
    }
  }

  private struct Measuring: PartedWork {
    let pass: UpdatePass
    let measured: Measured
    let ofAll: Bool

    func run(part: Int) {
      var last = -1
      for index in pass.partition.cuts[part] {
        let piece = pass.partition.pieces[index]
        guard ofAll || pass.isDoubtful[piece.parameter] else { continue }
        let slot = pass.slots[piece.parameter]
        let greatest =
          switch measured {
          case .gradient: greatestMagnitude(slot.gradient[piece.range])
          case .weight: greatestMagnitude(slot.weight[piece.range])
          case .state(let place): slot.states[place].map { greatestMagnitude($0[piece.range]) } ?? 0
          }
        let before = piece.run == last ? pass.found[piece.run] : 0
        pass.found[piece.run] =
          before.isNaN || greatest.isNaN ? .nan : max(before, greatest)
        last = piece.run
      }
    }
  }

  /// Computes doubtful updates into spare memory; finds 1 where one is not finite.
  private struct Trial: PartedWork {
    let pass: UpdatePass

    func run(part: Int) {
      var last = -1
      for index in pass.partition.cuts[part] {
        let piece = pass.partition.pieces[index]
        guard pass.isDoubtful[piece.parameter] else { continue }
        let before = piece.run == last ? pass.found[piece.run] : 0
        pass.found[piece.run] = before > 0 || !pass.isFinite(piece, part) ? 1 : 0
        last = piece.run
      }
    }
  }

  /// Computes the update of a piece into the rooms of a part: the update, the weights as they would be
  /// read, and the states.
  func compute(_ piece: Partition.Piece, _ part: Int) {
    let slot = slots[piece.parameter]
    let count = piece.range.count
    var states = StateElements<T>()
    for place in 0..<stateCount {
      guard let state = slot.states[place] else { continue }
      let room = room(part, 2 + place)[0..<count]
      room.copy(from: state[piece.range])
      states[place] = room
    }
    let (update, weight) = (room(part, 0)[0..<count], room(part, 1)[0..<count])
    rules[piece.parameter].run(
      gradient: slot.gradient[piece.range], weight: slot.weight[piece.range], states: states,
      update: update)
    add(update, to: slot.weight[piece.range], into: weight)
    if let format { round(weight, to: format, into: weight) }
  }

  private func isFinite(_ piece: Partition.Piece, _ part: Int) -> Bool {
    compute(piece, part)
    return (0..<2 + stateCount).allSatisfy { number in
      greatestMagnitude(room(part, number)[0..<piece.range.count]).isFinite
    }
  }

  /// Tells what of a parameter the update would make infinite or NaN: a state, or else the update, or
  /// else the weights.
  private func inquest(_ number: Int) -> StepRecord.Refusal {
    var summaries = (0..<2 + stateCount).map { _ in Summary() }
    for piece in partition.pieces where piece.parameter == number {
      compute(piece, 0)
      for place in summaries.indices { summaries[place].add(room(0, place)[0..<piece.range.count]) }
    }
    for place in 0..<stateCount where summaries[2 + place].nonFinite > 0 {
      return refusal(.state, stateName(place, number), summaries[2 + place])
    }
    let isUpdate = summaries[0].nonFinite > 0
    return refusal(
      isUpdate ? .update : .weight, parameters[number].name, summaries[isUpdate ? 0 : 1])
  }

  private func refusal(
    _ place: StepRecord.Refusal.Place, _ name: String, _ elements: Elements<T>
  ) -> StepRecord.Refusal {
    refusal(place, name, Summary(of: elements))
  }

  private func refusal(
    _ place: StepRecord.Refusal.Place, _ name: String, _ summary: Summary
  ) -> StepRecord.Refusal {
    StepRecord.Refusal(
      place: place, tensor: name, nanCount: summary.nanCount,
      infinityCount: summary.positiveInfinities + summary.negativeInfinities)
  }
}
