public import Numbers
import RealModule
public import Semantics
public import Tensors

/// A loss that is the mean over all elements of a term of two numbers: a score and a target.
///
/// Both operands have one shape with at least one element; the result is a scalar. Terms are
/// computed and averaged in double.
public protocol MeanLoss: Operator {
  init()

  static func term(_ score: Double, _ target: Double) -> Double

  /// What the term can be.
  static func range(_ score: Interval, _ target: Interval) -> Interval

  /// Moments of one term.
  static func moments(_ score: Moments, _ target: Moments) -> Moments

  /// The derivatives of the term by score and target, of the operands' shape.
  static func slopes(
    _ score: Value, _ target: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value)
}

extension MeanLoss {
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
    self.init()
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .real, .real)
    guard operands[0] == operands[1], operands[0].shape.count > 0 else {
      throw Self.refusal(
        "scores \(operands[0]) and targets \(operands[1]) must have one shape, and elements")
    }
    return [TensorType(.scalar)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  // Inlined where the loss is known: its term would be called through a witness per element.
  @inline(__always)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    if T.elementType == .float32 {
      average(operands, into: results[0], as: Float.self)
    } else {
      average(operands, into: results[0], as: Double.self)
    }
  }

  @inline(__always)
  private func average<T: Scalar>(_ operands: [Tensor], into result: Tensor, as _: T.Type) {
    let (a, b) = (operands[0].elements(as: T.self), operands[1].elements(as: T.self))
    // Eight sums, so that additions do not wait for each other.
    var sums = SIMD8<Double>.zero
    let whole = a.count / 8 * 8
    for start in stride(from: 0, to: whole, by: 8) {
      for lane in 0..<8 {
        sums[lane] += Self.term(Double(a[start + lane]), Double(b[start + lane]))
      }
    }
    var sum = sums.sum()
    for i in whole..<a.count { sum += Self.term(Double(a[i]), Double(b[i])) }
    result.elements(as: T.self)[0] = T(sum / Double(a.count))
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let (score, target) = (node.operands[0], node.operands[1])
    let count = graph.type(of: score).shape.count
    let share = try graph.scaled(cotangent, by: 1 / Double(count))
    let (dScore, dTarget) = try Self.slopes(score, target, in: &graph)
    return [try graph.apply(Mul(), dScore, share), try graph.apply(Mul(), dTarget, share)]
  }

  /// The mean of independent terms.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    for operand in operands where operand.basis == .unknown {
      return [.unknown(operand.note ?? "an operand is not known")]
    }
    let term = Self.moments(operands[0], operands[1])
    guard term.basis != .unknown else { return [term] }
    let count = Double(signature.operands[0].shape.count)
    return [
      Moments(
        mean: term.mean, secondMoment: term.mean * term.mean + term.variance / count,
        sampleCorrelation: 1, positionCorrelation: 1, basis: max(term.basis, .firstOrder))
    ]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let terms = zip(operands[0].intervals, operands[1].intervals).map { Self.range($0, $1) }
    return [Bounds([ReduceMean.range(terms)], shape: .scalar)]
  }

  /// Of operands whose elements are all the same.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard let a = Members(of: operands[0].hull, in: format),
      let b = Members(of: operands[1].hull, in: format)
    else { return [] }
    var search = HazardSearch(Self.name, in: format)
    let shape = signature.operands[0].shape
    for target in b.ends {
      func examine(_ score: Double) {
        let loss = Self.term(score, target)
        let witness = [Tensor(repeating: score, shape), Tensor(repeating: target, shape)]
        let text = "Scores \(score) for targets \(target) give \(loss)"
        if format.overflows(loss) {
          search.add(.overflow, "\(text), beyond \(format.name).", witness: witness)
        } else if loss != 0, format.rounded(loss) == 0 {
          search.add(.underflow, "\(text), which becomes 0 in \(format.name).", witness: witness)
        }
      }
      for score in a.ends { examine(score) }
      // Between the middle and an end, where the loss first becomes 0.
      let middle = a.nearestToZero
      func vanishes(_ score: Double) -> Bool { format.rounded(Self.term(score, target)) == 0 }
      for end in a.ends where vanishes(end) && !vanishes(middle) {
        examine(search.boundary(from: middle, to: end, where: vanishes))
      }
    }
    return search.found
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    for i in 0..<operands[0].count {
      if let passed = Cause.passedOn(i, of: operands) { return passed }
    }
    return .produced(.overflowOfSum, explanation: "the mean of \(operands[0].count) terms")
  }
}

/// The mean of (score − target)².
public struct MeanSquaredError: MeanLoss {
  public static let name = "MeanSquaredError"
  public init() {}

  public static func term(_ score: Double, _ target: Double) -> Double {
    (score - target) * (score - target)
  }

  public static func range(_ score: Interval, _ target: Interval) -> Interval {
    (score - target).squared
  }

  public static func moments(_ score: Moments, _ target: Moments) -> Moments {
    Moments.sum(score, target.scaled(by: -1)).squared
  }

  public static func slopes(
    _ score: Value, _ target: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value) {
    let difference = try graph.scaled(graph.apply(Sub(), score, target), by: 2)
    return (difference, try graph.apply(Neg(), difference))
  }
}

/// The mean of −t ln σ(x) − (1 − t) ln(1 − σ(x)) from logits x and targets t in [0, 1].
///
/// Computed as max(x, 0) − x t + ln(1 + e^{−|x|}), which neither overflows nor loses the loss of a
/// confident and right score. From probabilities the loss is infinite once σ rounds to 0 or 1.
public struct BinaryCrossEntropyWithLogits: MeanLoss {
  public static let name = "BinaryCrossEntropyWithLogits"
  public init() {}

  public static func term(_ score: Double, _ target: Double) -> Double {
    // x(1 − t) for positive x and −x t for negative keep what x − x t would round away.
    let linear = score > 0 ? score * (1 - target) : -score * target
    return linear + Softplus().value(at: -abs(score))
  }

  /// Convex in the score, with its least value at logit(t), and linear in the target.
  public static func range(_ score: Interval, _ target: Interval) -> Interval {
    var values: [Double] = []
    for t in [target.lower, target.upper] {
      var scores = [score.lower, score.upper]
      if t > 0, t < 1 {
        let center = Double.log(t / (1 - t))
        if score.contains(center) { scores.append(center) }
      }
      values += scores.map { term($0, t) }
    }
    guard let least = values.min(), let greatest = values.max(), !values.contains(where: \.isNaN)
    else { return .whole }
    let slack = (16 + score.magnitude * max(1, target.magnitude)) * 4 * Double.ulpOfOne
    return Interval(least - min(slack, abs(least)), greatest + slack)
  }

  /// E[softplus(x)] − E[x] E[t]; the second moment by that of softplus and of x t apart.
  public static func moments(_ score: Moments, _ target: Moments) -> Moments {
    let smooth = score.mapped(by: Softplus(), units: 1)
    guard smooth.basis != .unknown else { return smooth }
    var result = Moments.sum(smooth, Moments.product(score, target).scaled(by: -1))
    // Cov[softplus(x), x] = E[σ(x)] Var[x] for a normal x.
    let covariance = score.mapped(by: Sigmoid(), units: 1).mean * score.variance * target.mean
    result.secondMoment -= 2 * covariance
    result.basis = .firstOrder
    return result
  }

  /// σ(x) − t, and −x.
  public static func slopes(
    _ score: Value, _ target: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value) {
    let share = try graph.apply(Sigmoid(), score)
    return (try graph.apply(Sub(), share, target), try graph.apply(Neg(), score))
  }
}

/// The mean of max(0, 1 − t s) for targets t = ±1; the slope where it sets in is 0.
public struct Hinge: MeanLoss {
  public static let name = "Hinge"
  public init() {}

  public static func term(_ score: Double, _ target: Double) -> Double {
    let margin = 1 - target * score
    return margin < 0 ? 0 : margin
  }

  public static func range(_ score: Interval, _ target: Interval) -> Interval {
    .maximum(Interval(0), Interval(1) - target * score)
  }

  /// Of 1 − t s as if it were normal, which it is for a normal score of mean 0 and t = ±1.
  public static func moments(_ score: Moments, _ target: Moments) -> Moments {
    var margin = Moments.sum(.constant(1), Moments.product(score, target).scaled(by: -1))
    margin.law = .gaussian
    return margin.mapped(by: Relu(), units: 1)
  }

  /// −t and −s where the margin is not reached, and 0 elsewhere.
  public static func slopes(
    _ score: Value, _ target: Value, in graph: inout some GraphWriting
  ) throws(OperatorError) -> (Value, Value) {
    let product = try graph.apply(Mul(), score, target)
    let isInside = try graph.apply(Less(), product, graph.apply(Constant(1)))
    let zero = try graph.apply(Constant(0))
    return (
      try graph.apply(Where(), isInside, graph.apply(Neg(), target), zero),
      try graph.apply(Where(), isInside, graph.apply(Neg(), score), zero)
    )
  }
}
