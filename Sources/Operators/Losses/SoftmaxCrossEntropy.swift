public import Numbers
import RealModule
public import Semantics
public import Tensors

/// The mean of −ln softmax(x)_label from logits x `[N, C, …]` and integer labels `[N, …]`.
///
/// Computed from the logits, ln(1 + Σ exp(x_j − max)) + (max − x_label), so that no probability
/// underflows before its logarithm is taken. A label outside of the classes makes the loss NaN.
public struct SoftmaxCrossEntropy: Operator {
  public static let name = "SoftmaxCrossEntropy"

  public init() {}

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .real, .integer)
    let (logits, labels) = (operands[0].shape, operands[1].shape)
    var expected = logits.extents
    if expected.count >= 2 { expected.remove(at: 1) }
    guard logits.rank >= 2, labels.extents == expected, logits.count > 0 else {
      throw Self.refusal(
        "logits \(logits) must be [N, C, …] with elements, and labels \(labels) be [N, …]")
    }
    return [TensorType(.scalar)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, labels) = (operands[0].elements(as: T.self), operands[1].elements(as: Int64.self))
    let lanes = Lanes(operands[0].shape, axis: 1)
    var sum = 0.0
    for lane in 0..<lanes.count {
      let label = labels[lane]
      guard label >= 0, label < lanes.length else {
        sum = .nan
        break
      }
      let top = x.logSumExp(from: lanes.start(of: lane), by: lanes.stride, count: lanes.length)
      let own = x[lanes.place(of: Int(label), in: lane)]
      sum += Double(top.greatest) - Double(own) + Double(top.rest)
    }
    results[0].elements(as: T.self)[0] = T(sum / Double(lanes.count))
  }

  /// (softmax(x) − onehot(label)) / N.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let (logits, labels) = (node.operands[0], node.operands[1])
    let shape = graph.type(of: logits).shape
    let share = try graph.scaled(cotangent, by: Double(shape[1]) / Double(shape.count))
    let marks = try graph.apply(OneHot(depth: shape[1], axis: 1), labels)
    let excess = try graph.apply(Sub(), graph.apply(Softmax(axis: 1), logits), marks)
    return [try graph.apply(Mul(), excess, share), nil]
  }

  /// For labels that do not depend on the logits.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let shape = signature.operands[0].shape
    let term = LogOdds.moments(of: operands[0], length: shape[1])
    guard term.basis != .unknown else { return [term] }
    let samples = Double(shape.count / shape[1])
    return [
      Moments(
        mean: term.mean, secondMoment: term.mean * term.mean + term.variance / samples,
        sampleCorrelation: 1, positionCorrelation: 1, basis: max(term.basis, .firstOrder))
    ]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let lanes = Lanes(operands[0].shape, axis: 1)
    var terms: [Interval] = []
    for lane in 0..<lanes.count {
      let logits = (0..<lanes.length).map { operands[0].intervals[lanes.place(of: $0, in: lane)] }
      let label = operands[1].intervals[lane]
      let possible = LogOdds.ranges(logits).enumerated()
        .filter { label.contains(Double($0.offset)) }.map(\.element)
      guard let first = possible.first else { return [Bounds([.whole], shape: .scalar)] }
      terms.append(possible.dropFirst().reduce(first) { $0.union($1) })
    }
    return [Bounds([ReduceMean.range(terms)], shape: .scalar)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let shape = signature.operands[0].shape
    let lanes = Lanes(shape, axis: 1)
    guard lanes.length > 1, let x = Members(of: operands[0].hull, in: format) else { return [] }
    var search = HazardSearch(Self.name, in: format)
    let labels = Tensor(
      [Int64](repeating: 0, count: lanes.count), shape: signature.operands[1].shape)
    let worst = x.high - x.low + Double.log(Double(lanes.length - 1))
    if format.overflows(worst) {
      search.add(
        .overflow,
        "A label \(x.high - x.low) below the greatest logit gives a loss beyond"
          + " \(format.name).",
        witness: [lanes.tensor(shape, first: x.low, others: x.high), labels])
    }
    LogOdds.examine(&search, x, others: lanes.length - 1) { top in
      [lanes.tensor(shape, first: top, others: x.low), labels]
    }
    return search.found
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let (shape, labels) = (operands[0].shape, operands[1].elements(as: Int64.self))
    for place in labels.indices where labels[place] < 0 || labels[place] >= shape[1] {
      return .produced(
        .labelOutOfRange,
        explanation: "label \(place) is \(labels[place]), and there are \(shape[1]) classes")
    }
    // A NaN first: an infinity beside it need not be to blame.
    for isBlamed in [\Double.isNaN, \Double.isInfinite] {
      for place in 0..<operands[0].count where operands[0].double(at: place)[keyPath: isBlamed] {
        return .passedOn(operand: 0, element: place)
      }
    }
    return .produced(.overflowOfSum, explanation: "the logits of a sample lie too far apart")
  }
}
