public import Numbers
import RealModule
public import Semantics
public import Tensors

/// `Σ x` along axes.
public struct ReduceSum: Reduction {
  public static let name = "ReduceSum"
  public let reducer: Reducer
  public init(_ reducer: Reducer) { self.reducer = reducer }

  public static var seed: Double { 0 }
  public static func fold(_ sum: Double, _ x: Double) -> Double { sum + x }
  public static func finish(_ sum: Double, count: Int) -> Double { sum }
  public static var summand: VectorKernels.Summand? { .elements }
  public static var failureOfFiniteOperands: Cause.Reason { .overflowOfSum }
  public static var integers: IntegerFold? { IntegerFold(seed: 0) { $0 &+ $1 } }

  public static func range(_ intervals: [Interval]) -> Interval {
    intervals.reduce(Interval(0), +).widenedBySummation(of: intervals)
  }

  public static func moments(of x: Moments, over group: Group) -> Moments {
    x.averaged(over: group).scaled(by: Double(group.count))
  }

  public static func partial(
    _ cotangent: Value, of x: Value, result: Value, by reducer: Reducer,
    in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value {
    try reducer.expand(cotangent, to: graph.type(of: x).shape, in: &graph)
  }
}

/// The mean of x along axes: 0/0 for no elements.
public struct ReduceMean: Reduction {
  public static let name = "ReduceMean"
  public let reducer: Reducer
  public init(_ reducer: Reducer) { self.reducer = reducer }

  public static var seed: Double { 0 }
  public static func fold(_ sum: Double, _ x: Double) -> Double { sum + x }
  public static func finish(_ sum: Double, count: Int) -> Double { sum / Double(count) }
  public static var summand: VectorKernels.Summand? { .elements }
  public static var failureOfFiniteOperands: Cause.Reason { .zeroOverZero }
  public static var integers: IntegerFold? {
    IntegerFold(seed: 0, isMean: true) { $0 &+ $1 }
  }

  public static func range(_ intervals: [Interval]) -> Interval {
    if intervals.isEmpty { return .whole }
    return ReduceSum.range(intervals) / Interval(Double(intervals.count))
  }

  public static func moments(of x: Moments, over group: Group) -> Moments {
    x.averaged(over: group)
  }

  public static func partial(
    _ cotangent: Value, of x: Value, result: Value, by reducer: Reducer,
    in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value {
    let shape = graph.type(of: x).shape
    let count = reducer.folded(of: shape).reduce(1) { $0 * shape[$1] }
    let share = try graph.scaled(cotangent, by: 1 / Double(count))
    return try reducer.expand(share, to: shape, in: &graph)
  }
}

/// `Σ x²` along axes.
public struct ReduceSumSquare: Reduction {
  public static let name = "ReduceSumSquare"
  public let reducer: Reducer
  public init(_ reducer: Reducer) { self.reducer = reducer }

  public static var seed: Double { 0 }
  public static func fold(_ sum: Double, _ x: Double) -> Double { sum + x * x }
  public static func finish(_ sum: Double, count: Int) -> Double { sum }
  public static var summand: VectorKernels.Summand? { .squares }
  public static var failureOfFiniteOperands: Cause.Reason { .overflowOfProduct }
  public static var integers: IntegerFold? { IntegerFold(seed: 0) { $0 &+ $1 &* $1 } }

  public static func range(_ intervals: [Interval]) -> Interval {
    ReduceSum.range(intervals.map(\.squared)).intersection(Interval(0, .infinity))
      ?? Interval(0, .infinity)
  }

  public static func moments(of x: Moments, over group: Group) -> Moments {
    ReduceSum.moments(of: x.squared, over: group)
  }

  public static func partial(
    _ cotangent: Value, of x: Value, result: Value, by reducer: Reducer,
    in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value {
    let factor = try reducer.expand(
      graph.scaled(cotangent, by: 2), to: graph.type(of: x).shape, in: &graph)
    return try graph.apply(Mul(), factor, x)
  }
}

/// The greatest x along axes; elements that tie share the cotangent evenly.
public struct ReduceMax: Reduction {
  public static let name = "ReduceMax"
  public let reducer: Reducer
  public init(_ reducer: Reducer) { self.reducer = reducer }

  public static var seed: Double { -.infinity }
  public static func fold(_ sum: Double, _ x: Double) -> Double {
    x > sum || x.isNaN ? x : sum
  }
  public static func finish(_ sum: Double, count: Int) -> Double { sum }
  public static var summand: VectorKernels.Summand? { nil }
  public static var failureOfFiniteOperands: Cause.Reason { .overflowOfSum }
  public static var integers: IntegerFold? { IntegerFold(seed: .min) { max($0, $1) } }

  public static func range(_ intervals: [Interval]) -> Interval {
    guard let first = intervals.first else { return .whole }
    return intervals.dropFirst().reduce(first, Interval.maximum)
  }

  /// Of independent normal elements, by quadrature over the law of their maximum.
  public static func moments(of x: Moments, over group: Group) -> Moments {
    guard x.basis != .unknown else { return .unknown(x.note ?? "its operand is not known") }
    if x.law == .constant || group.count == 1 { return x }
    let isIndependent = group.samples == 1 && group.positions == 1
    return NormalExtremes.maximum(of: group.count, like: x, isExact: isIndependent)
  }

  public static func partial(
    _ cotangent: Value, of x: Value, result: Value, by reducer: Reducer,
    in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value {
    let shape = graph.type(of: x).shape
    let mask = try graph.apply(Equal(), x, reducer.expand(result, to: shape, in: &graph))
    let zero = try graph.apply(Constant(0))
    let marks = try graph.apply(Where(), mask, graph.apply(Constant(1)), zero)
    // At least one ties, which intervals do not know.
    let ties = try graph.apply(
      Clip(attributes: ["min": .real(1)]), graph.apply(ReduceSum(reducer), marks))
    let share = try graph.apply(Div(), cotangent, ties)
    return try graph.apply(Where(), mask, reducer.expand(share, to: shape, in: &graph), zero)
  }
}

/// The least x along axes; elements that tie share the cotangent evenly.
public struct ReduceMin: Reduction {
  public static let name = "ReduceMin"
  public let reducer: Reducer
  public init(_ reducer: Reducer) { self.reducer = reducer }

  public static var seed: Double { .infinity }
  public static func fold(_ sum: Double, _ x: Double) -> Double {
    x < sum || x.isNaN ? x : sum
  }
  public static func finish(_ sum: Double, count: Int) -> Double { sum }
  public static var summand: VectorKernels.Summand? { nil }
  public static var failureOfFiniteOperands: Cause.Reason { .overflowOfSum }
  public static var integers: IntegerFold? { IntegerFold(seed: .max) { min($0, $1) } }

  public static func range(_ intervals: [Interval]) -> Interval {
    guard let first = intervals.first else { return .whole }
    return intervals.dropFirst().reduce(first, Interval.minimum)
  }

  public static func moments(of x: Moments, over group: Group) -> Moments {
    ReduceMax.moments(of: x.scaled(by: -1), over: group).scaled(by: -1)
  }

  public static func partial(
    _ cotangent: Value, of x: Value, result: Value, by reducer: Reducer,
    in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value {
    try ReduceMax.partial(cotangent, of: x, result: result, by: reducer, in: &graph)
  }
}

/// `Π x` along axes: 1 for no elements.
public struct ReduceProd: Reduction {
  public static let name = "ReduceProd"
  public let reducer: Reducer
  public init(_ reducer: Reducer) { self.reducer = reducer }

  public static var seed: Double { 1 }
  public static func fold(_ product: Double, _ x: Double) -> Double { product * x }
  public static func finish(_ product: Double, count: Int) -> Double { product }
  public static var summand: VectorKernels.Summand? { nil }
  public static var failureOfFiniteOperands: Cause.Reason { .overflowOfProduct }
  public static var integers: IntegerFold? { IntegerFold(seed: 1) { $0 &* $1 } }

  public static func range(_ intervals: [Interval]) -> Interval {
    intervals.reduce(Interval(1), *)
  }

  /// Of independent elements both moments are powers.
  public static func moments(of x: Moments, over group: Group) -> Moments {
    guard x.basis != .unknown else { return .unknown(x.note ?? "its operand is not known") }
    let count = Double(group.count)
    let isIndependent = group.samples == 1 && group.positions == 1
    return Moments(
      mean: Double.pow(x.mean, group.count), secondMoment: Double.pow(x.secondMoment, count),
      sampleCorrelation: x.sampleCorrelation < 0 ? 0 : Double.pow(x.sampleCorrelation, count),
      positionCorrelation: x.positionCorrelation < 0 ? 0 : Double.pow(x.positionCorrelation, count),
      basis: max(x.basis, isIndependent ? .closedForm : .firstOrder))
  }

  /// The cotangent times the product of the others, which is found without dividing by 0.
  public static func partial(
    _ cotangent: Value, of x: Value, result: Value, by reducer: Reducer,
    in graph: inout some GraphWriting
  ) throws(OperatorError) -> Value {
    let shape = graph.type(of: x).shape
    let (zero, one) = (try graph.apply(Constant(0)), try graph.apply(Constant(1)))
    let isZero = try graph.apply(Equal(), x, zero)
    let filled = try graph.apply(Where(), isZero, one, x)
    let product = try reducer.expand(
      try graph.apply(ReduceProd(reducer), filled), to: shape, in: &graph)
    let marks = try graph.apply(Where(), isZero, one, zero)
    let zeros = try reducer.expand(
      try graph.apply(ReduceSum(reducer), marks), to: shape, in: &graph)
    let ofZeros = try graph.apply(
      Where(), try graph.apply(Greater(), zeros, one), zero, product)
    let ofOthers = try graph.apply(
      Where(), try graph.apply(Greater(), zeros, zero), zero,
      try graph.apply(Div(), product, filled))
    let others = try graph.apply(Where(), isZero, ofZeros, ofOthers)
    return try graph.apply(
      Mul(), try reducer.expand(cotangent, to: shape, in: &graph), others)
  }
}

extension Interval {
  /// Room for the rounding errors of summing in double, which our results make as well.
  ///
  /// Rounding keeps order, so that a sum is at least what the least terms come to with their own errors:
  /// terms that are not negative have no negative sum, however large they may be.
  func widenedBySummation(of terms: [Interval]) -> Interval {
    guard terms.count > 1 else { return self }
    func slack(_ end: KeyPath<Interval, Double>) -> Double {
      let magnitude = terms.reduce(0) { $0 + abs($1[keyPath: end]) }
      return magnitude.isFinite ? Double(terms.count) * magnitude * .ulpOfOne : 0
    }
    return Interval(lower - slack(\.lower), upper + slack(\.upper))
  }
}
