public import Numbers
public import Semantics
public import Tensors

/// An operator that applies one function of one real variable to every element.
///
/// Conforming types state the function as a ``ScalarFunction`` and where it can fail; all rules
/// follow from that. The gradient is ``PointwiseGradient``.
public protocol Pointwise: FunctionOfOne, ScalarFunction {
  /// Where φ is defined.
  var domain: Interval { get }

  /// What every exact value lies in.
  var codomain: Interval { get }

  /// Whether `value(at:)` makes no rounding error in `Double`.
  var isExact: Bool { get }

  /// The vector kernel of the same function in single precision, where there is one.
  var vectorKernel: UnaryKernel? { get }

  /// Points of `interval` where φ′ changes between rising and falling: its turning points.
  func inflections(in interval: Interval) -> [Double]

  /// An interval that contains φ(x) for every x of `interval`.
  func range(over interval: Interval) -> Interval

  /// An interval that contains φ⁽ᵏ⁾(x) for every x of `interval`, `order` = k.
  func range(ofDerivative order: Int, over interval: Interval) -> Interval

  /// Why φ (order 0) or its derivative of this order is not finite at a finite x.
  func failure(at x: Double, order: Int) -> Cause.Reason

  /// Moments of φ(x).
  func moments(of x: Moments, units: Int, positions: Int) -> Moments

  /// Moments of `cotangent · φ⁽ᵏ⁾(x)`, `order` = k.
  func moments(
    ofCotangent cotangent: Moments, at x: Moments, order: Int, units: Int, positions: Int
  ) -> Moments
}

// MARK: - What most functions share

extension Pointwise {
  public var domain: Interval { .whole }
  public var codomain: Interval { .whole }
  public var isExact: Bool { false }
  public var vectorKernel: UnaryKernel? { nil }
  public func inflections(in interval: Interval) -> [Double] { [] }
  public func isFlat(at x: Double) -> Bool { false }

  public func range(over interval: Interval) -> Interval {
    guard let interval = interval.intersection(domain) else { return codomain }
    let jumps = kinks.filter { $0.valueJump != 0 }.map(\.position)
    let points =
      [interval.lower, interval.upper] + turningPoints(in: interval)
      + interval.members(beside: jumps)
    return hull(of: points, value(at:)).intersection(codomain) ?? codomain
  }

  /// The derivative is taken at the ends, at inflections and beside kinks; of the second derivative
  /// only single points are known.
  public func range(ofDerivative order: Int, over interval: Interval) -> Interval {
    guard order == 1 else { return rangeOfSecondDerivative(over: interval) }
    guard let interval = interval.intersection(domain) else { return .whole }
    let points =
      [interval.lower, interval.upper] + inflections(in: interval)
      + interval.members(beside: kinks.map(\.position))
    let slopes = hull(of: points, slope(at:))
    // Near where a function turns its slope is a difference of like numbers, whose rounding errors
    // are of the size of their terms.
    guard !isExact, period == nil,
      !turningPoints(in: Interval(interval.lower - 0.25, interval.upper + 0.25)).isEmpty
    else { return slopes }
    return slopes + Interval(-4 * .ulpOfOne, 4 * .ulpOfOne)
  }

  /// The second derivative at a single point; of wider intervals nothing is known.
  func rangeOfSecondDerivative(over interval: Interval) -> Interval {
    interval.lower == interval.upper ? hull(of: [interval.lower], curvature(at:)) : .whole
  }

  /// The least interval that contains the exact values of `f` at `points`.
  ///
  /// Library functions err by a few units in the last place; in the tails the rounding of an
  /// argument x²/2 adds up to x² of them. Zeros stay, save that an upper bound 0 may be underflow.
  func hull(of points: [Double], _ f: (Double) -> Double) -> Interval {
    var (lower, upper) = (Double.infinity, -Double.infinity)
    for x in points {
      let y = f(x)
      if y.isNaN { return .whole }
      // An infinite value needs no room, and 0 · ∞ would make none of it.
      let isRounded = !isExact && x.isFinite && y.isFinite
      let units = 16 + min(x * x, 2000)
      let slack =
        isRounded ? units * (abs(y) * .ulpOfOne + (y == 0 ? 0 : .leastNonzeroMagnitude)) : 0
      let underflow = !isExact && y == 0 && abs(x) > 1 ? Double.leastNormalMagnitude : 0
      lower = min(lower, y - slack - underflow)
      upper = max(upper, y + slack + underflow)
    }
    return Interval(lower, upper)
  }

  public func failure(at x: Double, order: Int) -> Cause.Reason { .overflowOfProduct }

  public func moments(of x: Moments, units: Int, positions: Int) -> Moments {
    x.mapped(by: self, units: units, positions: positions)
  }

  public func moments(
    ofCotangent cotangent: Moments, at x: Moments, order: Int, units: Int, positions: Int
  ) -> Moments {
    .backpropagated(
      cotangent, through: self, at: x, order: order, units: units, positions: positions)
  }

  /// The ends of the domain that an interval contains.
  func edges(in interval: Interval) -> [Double] {
    [domain.lower, domain.upper].filter { $0.isFinite && interval.contains($0) }
  }

  /// φ (order 0) or one of its first two derivatives.
  func derivative(_ order: Int, at x: Double) -> Double {
    switch order {
    case 0: value(at: x)
    case 1: slope(at: x)
    default: curvature(at: x)
    }
  }
}

extension Interval {
  /// Each of these positions that is a member, with its neighbours that are.
  fileprivate func members(beside positions: [Double]) -> [Double] {
    positions.flatMap { [$0.nextDown, $0, $0.nextUp] }.filter(contains)
  }
}

// MARK: - The rules

extension Pointwise {
  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .real)
    return operands
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    if T.elementType == .float32 {
      let (x, y) = (operands[0].elements(as: Float.self), results[0].elements(as: Float.self))
      if let vectorKernel {
        VectorKernels.apply(vectorKernel, x, into: y)
      } else {
        apply(x, into: y)
      }
    } else {
      apply(operands[0].elements(as: Double.self), into: results[0].elements(as: Double.self))
    }
  }

  @inline(__always)
  private func apply<T: Scalar>(_ x: Elements<T>, into y: Elements<T>) {
    for i in x.indices { y[i] = T(value(at: Double(x[i]))) }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return [try graph.apply(PointwiseGradient(self), cotangent, node.operands[0])]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let layout = operands.layout(in: signature.results[0])
    return [moments(of: operands[0], units: layout.units, positions: layout.positions)]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    [Bounds(operands[0].intervals.map(range(over:)), shape: operands[0].shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    var search = HazardSearch(Self.name, in: format)
    let interval = operands[0].hull
    guard let members = Members(of: interval, in: format) else { return [] }
    if period == nil, !isExact {
      search.examineTails(of: value(at:), over: interval) { [$0] }
    }
    for x in members.tiny + edges(in: interval) + members.ends {
      search.examine([x], result: value(at: x), isTelling: false)
    }
    return search.found
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let x = operands[0].double(at: element)
    if !x.isFinite { return .passedOn(operand: 0, element: element) }
    return .produced(
      failure(at: x, order: 0), explanation: "\(Self.name)(\(x.told)) = \(value(at: x).told)")
  }
}

/// A pointwise operator without attributes.
public protocol ParameterFree: Pointwise {
  init()
}

extension ParameterFree {
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
    self.init()
  }

  public var attributes: Attributes { [:] }
}
