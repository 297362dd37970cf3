public import Numbers
public import Semantics
public import Tensors

/// An operator each of whose results is a sum of terms `coefficient · a` or `coefficient · a · b`.
///
/// Matrix products, convolutions, average pooling, and the gradients of them are such sums. From a
/// list of the terms of one element, the rules for bounds, hazards and causes follow. Each operand
/// element stands in at most one term of an element.
public protocol SumOfProducts: Operator {
  /// Calls `body` with each term of an element of the only result.
  func forEachTerm(ofElement element: Int, in signature: Signature, _ body: (Term) -> Void)
}

/// `coefficient · first · second`, or without the second factor.
public struct Term: Hashable, Sendable {
  public var coefficient: Double
  public var first: Place
  public var second: Place?

  public init(_ coefficient: Double = 1, _ first: Place, _ second: Place? = nil) {
    self.coefficient = coefficient
    self.first = first
    self.second = second
  }
}

extension SumOfProducts {
  /// Intervals of the sums: exact extremes of each product, summed in double, and widened by the
  /// bound γₙ Σ|terms| of n roundings (Higham 2002, §3.1) and by what underflow can take away.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let intervals = (0..<shape.count).map { element in
      var sum = OutwardSum()
      forEachTerm(ofElement: element, in: signature) { term in
        let first = operands[term.first.operand].intervals[term.first.element]
        if let place = term.second {
          sum.add(term.coefficient, first, operands[place.operand].intervals[place.element])
        } else {
          sum.add(term.coefficient, first, Interval(1, 1))
        }
      }
      return sum.interval
    }
    return [Bounds(intervals, shape: shape)]
  }

  /// Overflow of the greatest sum that the operands allow, or loss of all sums to underflow.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard let members = operands.members(in: format) else { return [] }
    let finite = members.map { Bounds($0.intervals, shape: $0.shape) }
    let sums = bounds(of: finite, in: signature)[0].intervals
    guard
      let element = sums.indices.max(by: { sums[$0].magnitude < sums[$1].magnitude })
    else { return [] }
    let sign: Double = sums[element].upper >= -sums[element].lower ? 1 : -1
    let (witness, value) = extreme(ofElement: element, sign: sign, of: finite, in: signature)
    if abs(value) > 0, sums[element].magnitude <= format.zeroThreshold * (1 - 0x1p-20) {
      return [
        Hazard(
          .underflow,
          "every sum is at most \(abs(value)) in magnitude and becomes 0 in \(format.name).",
          witness: witness)
      ]
    }
    return overflowHazard(
      witness, in: signature, format: format,
      "a sum can reach \(value), beyond the greatest number of \(format.name), \(format.greatest).")
  }

  /// Operands that make one element extreme, and its value.
  private func extreme(
    ofElement element: Int, sign: Double, of operands: [Bounds], in signature: Signature
  ) -> (witness: [Tensor], value: Double) {
    var chosen = operands.map { $0.intervals.map(\.nearestToZero) }
    var value = 0.0
    forEachTerm(ofElement: element, in: signature) { term in
      let a = operands[term.first.operand].intervals[term.first.element]
      let b = term.second.map { operands[$0.operand].intervals[$0.element] } ?? Interval(1, 1)
      var best = (a: a.lower, b: b.lower)
      for corner in [(a.lower, b.upper), (a.upper, b.lower), (a.upper, b.upper)]
      where sign * term.coefficient * corner.0 * corner.1
        > sign * term.coefficient * best.a * best.b
      {
        best = corner
      }
      chosen[term.first.operand][term.first.element] = best.a
      if let place = term.second { chosen[place.operand][place.element] = best.b }
      value += term.coefficient * best.a * best.b
    }
    let witness = zip(chosen, operands).map { Tensor($0, shape: $1.shape) }
    return (witness, value)
  }

  /// Looks at the terms of the element: what was not finite already, which product and which
  /// partial sum is not finite.
  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let signature = Signature(operands: operands, results: results)
    var inquest = Inquest(target: results[0], isNaN: results[0].double(at: element).isNaN)
    forEachTerm(ofElement: element, in: signature) { term in
      let a = operands[term.first.operand].double(at: term.first.element)
      let b = term.second.map { operands[$0.operand].double(at: $0.element) }
      inquest.see(term, a, b)
    }
    return inquest.verdict
  }
}

/// What the terms of one element that is not finite have shown so far.
private struct Inquest {
  let target: Tensor
  let isNaN: Bool
  private var nan: Place?
  private var infinite: Place?
  private var zeroTimesInfinity: Place?
  private var positive: String?
  private var negative: String?
  private var overflowed: String?
  private var count = 0
  private var sum = 0.0

  init(target: Tensor, isNaN: Bool) {
    self.target = target
    self.isNaN = isNaN
  }

  mutating func see(_ term: Term, _ a: Double, _ b: Double?) {
    count += 1
    if a.isNaN { nan = nan ?? term.first }
    if let b, b.isNaN { nan = nan ?? term.second }
    if a.isInfinite { infinite = infinite ?? term.first }
    if let b, b.isInfinite { infinite = infinite ?? term.second }
    let product = term.coefficient * a * (b ?? 1)
    if product.isNaN, !a.isNaN, b?.isNaN != true {
      zeroTimesInfinity = zeroTimesInfinity ?? (a.isInfinite ? term.first : term.second)
    }
    let isOver = target.overflows(product)
    sum += product
    guard isOver else { return }
    let text = b.map { "\(a.told) · \($0.told)" } ?? "\(term.coefficient.told) · \(a.told)"
    if a.isFinite, b?.isFinite != false { overflowed = overflowed ?? text }
    if product > 0 { positive = positive ?? text }
    if product < 0 { negative = negative ?? text }
  }

  var verdict: Cause {
    if let nan { return .passedOn(operand: nan.operand, element: nan.element) }
    if isNaN, let place = zeroTimesInfinity {
      return .produced(
        .zeroTimesInfinity,
        explanation: "element \(place.element) of operand \(place.operand) is infinite and is"
          + " multiplied by 0")
    }
    if isNaN, let positive, let negative, infinite != nil {
      return .produced(
        .infinityMinusInfinity,
        explanation: "the sum holds \(positive) and \(negative), infinities of both signs")
    }
    if let infinite, !isNaN || overflowed == nil {
      return .passedOn(operand: infinite.operand, element: infinite.element)
    }
    if let overflowed {
      return .produced(.overflowOfProduct, explanation: "\(overflowed) overflows")
    }
    return .produced(
      .overflowOfSum,
      explanation: "the products are finite, but a partial sum of \(count) of them overflows;"
        + " the exact sum is \(sum.told)")
  }
}

extension Interval {
  /// The member of least magnitude.
  var nearestToZero: Double { min(max(0, lower), upper) }
}
