public import Numbers
public import Semantics
public import Tensors

/// `Σ w·v / Σ w` over all elements of terms v and weights w of one shape: the mean of the terms of
/// those targets that count.
///
/// A term of weight 0 is not read, and nothing flows back to it, whatever the cotangent is. Where no
/// target counts the mean is NaN, and the gradient by the terms 0.
public struct WeightedMean: Operator {
  public static let name = "WeightedMean"

  public init() {}

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .real, .real)
    guard operands[0] == operands[1] else {
      throw Self.refusal("terms \(operands[0]) and weights \(operands[1]) must have one shape")
    }
    return [TensorType(.scalar)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (terms, weights) = (operands[0].elements(as: T.self), operands[1].elements(as: T.self))
    var (sum, total) = (0.0, 0.0)
    for i in weights.indices where weights[i] != 0 {
      sum += Double(weights[i]) * Double(terms[i])
      total += Double(weights[i])
    }
    results[0].elements(as: T.self)[0] = T(sum / total)
  }

  /// By a term its share w/Σw, and by a weight (v − mean)/Σw.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let (terms, weights) = (node.operands[0], node.operands[1])
    let total = try graph.apply(ReduceSum(axes: [], keepsAxes: false), weights)
    let share = try graph.apply(Div(), cotangent, total)
    let zero = try graph.apply(Constant(0))
    let byTerm = try graph.apply(
      Where(), graph.apply(Equal(), weights, zero), zero, graph.apply(Mul(), weights, share))
    let excess = try graph.apply(Sub(), terms, node.results[0])
    return [byTerm, try graph.apply(Mul(), excess, share)]
  }

  /// Of independent terms with weights that do not depend on them.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let (term, weight) = (operands[0], operands[1])
    for operand in operands where operand.basis == .unknown {
      return [.unknown(operand.note ?? "an operand is not known")]
    }
    guard weight.mean > 0 else { return [.unknown("the weights may come to nothing together")] }
    // The count of equal weights that scatter as much (Kish 1965).
    let evenness = weight.mean * weight.mean / weight.secondMoment
    let count = max(1, Double(signature.operands[0].shape.count) * evenness)
    return [
      Moments(
        mean: term.mean, secondMoment: term.mean * term.mean + term.variance / count,
        sampleCorrelation: 1, positionCorrelation: 1, basis: max(term.basis, .firstOrder))
    ]
  }

  /// Between the least and the greatest term where no weight is negative.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let (terms, weights) = (operands[0], operands[1])
    guard terms.intervals.count > 0, weights.intervals.allSatisfy({ $0.lower >= 0 }) else {
      return [Bounds([.whole], shape: .scalar)]
    }
    let hull = terms.hull
    let slack = Double(terms.intervals.count + 2) * hull.magnitude * .ulpOfOne
    let widened = hull + Interval(-slack, slack)
    let total = ReduceSum.range(weights.intervals)
    guard total.lower > 0 else { return [Bounds([widened], shape: .scalar)] }
    // Narrower where weights and terms are known: a weight of 0 makes its term nothing.
    let products = zip(terms.intervals, weights.intervals).map { term, weight in
      weight.upper == 0 ? Interval(0) : term * weight
    }
    let quotient = ReduceSum.range(products) / total
    return [Bounds([widened.intersection(quotient) ?? widened], shape: .scalar)]
  }

  /// None: whether any target counts is a matter of the data, and told where none does.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] { [] }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    var total = 0.0
    for i in 0..<operands[1].count {
      let weight = operands[1].double(at: i)
      if !weight.isFinite { return .passedOn(operand: 1, element: i) }
      if weight != 0, !operands[0].double(at: i).isFinite {
        return .passedOn(operand: 0, element: i)
      }
      total += weight
    }
    guard total == 0 else { return .produced(.overflowOfSum, explanation: "the sum of the terms") }
    let count = operands[1].count
    return .produced(
      .zeroOverZero,
      explanation: count == 1
        ? "the only target does not count (its weight is 0), and the mean of nothing is 0/0"
        : "none of the \(count) targets counts (their weights are all 0, as of targets that are"
          + " ignored), and the mean of nothing is 0/0")
  }
}
