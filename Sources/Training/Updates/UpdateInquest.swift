import Semantics
import Tensors

/// The first element of an update that would not be finite, and what it is made of.
struct UpdateFailure {
  /// The number of the parameter.
  let parameter: Int
  let element: Int
  /// `update`, `weight`, or the name of a state.
  let quantity: String
  /// What it would be.
  let number: Double
  let gradient: Double
  let weight: Double
  let states: [Double]
  let reason: Cause.Reason
}

extension UpdatePass {
  /// Looks for the first element of the next update that would not be finite; nil where all would be.
  func firstNonFinite(rate: Double) -> UpdateFailure? {
    setRules(rate: rate)
    for piece in partition.pieces {
      compute(piece, 0)
      // States first, then the update that is made of them, then the weights.
      for place in (0..<stateCount).map({ 2 + $0 }) + [0, 1] {
        let room = room(0, place)[0..<piece.range.count]
        guard let index = room.indices.first(where: { !room[$0].isFinite }) else { continue }
        return failure(piece, at: index, place: place)
      }
    }
    return nil
  }

  private func failure(_ piece: Partition.Piece, at index: Int, place: Int) -> UpdateFailure {
    let slot = slots[piece.parameter]
    let element = piece.range.lowerBound + index
    let number = Double(room(0, place)[index])
    let states = (0..<stateCount).map { state in
      slot.states[state].map { Double($0[element]) } ?? 0
    }
    return UpdateFailure(
      parameter: piece.parameter, element: element,
      quantity: place == 0 ? "update" : place == 1 ? "weight" : optimizer.stateNames[place - 2],
      number: number, gradient: Double(slot.gradient[element]),
      weight: Double(slot.weight[element]), states: states,
      reason: reason(place, number, after: (0..<stateCount).map { Double(room(0, 2 + $0)[index]) }))
  }

  private func reason(_ place: Int, _ number: Double, after states: [Double]) -> Cause.Reason {
    switch place {
    case 0 where number.isNaN: .zeroOverZero
    // A divisor that is the root of a state without anything added.
    case 0: states.contains(0) ? .divisionByZero : .overflowOfProduct
    case 1: format == nil ? .overflowOfSum : .overflowOfCast
    default: .overflowOfProduct
    }
  }
}
