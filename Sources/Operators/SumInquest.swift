import Semantics

/// What the terms of a plain sum show about its failure.
struct SumInquest {
  let isNaN: Bool
  private var nan: Place?
  private var positive: Place?
  private var negative: Place?
  private var count = 0

  init(isNaN: Bool) { self.isNaN = isNaN }

  mutating func see(_ place: Place, _ value: Double) {
    count += 1
    if value.isNaN { nan = nan ?? place }
    if value == .infinity { positive = positive ?? place }
    if value == -.infinity { negative = negative ?? place }
  }

  var verdict: Cause {
    if let nan { return .passedOn(operand: nan.operand, element: nan.element) }
    if isNaN, let positive, let negative {
      return .produced(
        .infinityMinusInfinity,
        explanation: "elements \(positive.element) and \(negative.element) of operand"
          + " \(positive.operand) are infinities of both signs")
    }
    if let place = positive ?? negative {
      return .passedOn(operand: place.operand, element: place.element)
    }
    return .produced(.overflowOfSum, explanation: "a sum of \(count) finite terms overflows")
  }
}
