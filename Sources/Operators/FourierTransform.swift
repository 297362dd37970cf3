public import Numbers
public import Semantics
public import Tensors

/// The discrete Fourier transform of complex numbers along an axis: `Σ_n x_n e^{−2πi kn/N}`.
///
/// Operand and result have real and imaginary parts along the last axis, of extent 2. The inverse has
/// the other sign in the exponent, and 1/N before the sum where `isNormalized` is set. Sums are in
/// double and rounded once, so that what cancels leaves no more than the rounding of the operands.
public struct FourierTransform: Operator {
  public static let name = "FourierTransform"

  /// Counted from the front.
  public let axis: Int
  public let isInverse: Bool
  public let isNormalized: Bool
  private let kernel: FourierKernel

  /// The extent of the axis.
  public var length: Int { kernel.length }

  public init(axis: Int, length: Int, isInverse: Bool = false, isNormalized: Bool = false) {
    self.axis = axis
    self.isInverse = isInverse
    self.isNormalized = isNormalized
    kernel = FourierKernel(
      length: length, isInverse: isInverse, factor: isNormalized ? 1 / Double(length) : 1)
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("axis", "length", "inverse", "normalized", in: Self.name)
    let length = try attributes.integer("length", in: Self.name)
    let axis = try attributes.integer("axis", in: Self.name)
    guard axis >= 0, (1...1 << 20).contains(length) else {
      throw OperatorError(
        .invalidAttribute, in: Self.name, "'axis' or 'length' is out of range")
    }
    self.init(
      axis: axis, length: length, isInverse: try Self.flag("inverse", of: attributes),
      isNormalized: try Self.flag("normalized", of: attributes))
  }

  public var attributes: Attributes {
    [
      "axis": .integer(axis), "length": .integer(length), "inverse": .integer(isInverse ? 1 : 0),
      "normalized": .integer(isNormalized ? 1 : 0),
    ]
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 1...1)
    let shape = operands[0].shape
    guard operands[0].kind == .real, axis < shape.rank - 1, shape[axis] == length,
      shape[shape.rank - 1] == 2
    else {
      throw refusal(
        .invalidShape,
        "takes \(length) places along axis \(axis) and 2 along the last, not \(operands[0])")
    }
    return operands
  }

  public func workspace(for signature: Signature) -> Int { kernel.workspace(Float.self) }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let lanes = Lanes(operands[0].shape, axis: axis)
    let (x, y) = (operands[0].elements(as: T.self), results[0].elements(as: T.self))
    // Every other lane is one of imaginary parts.
    for lane in stride(from: 0, to: lanes.count, by: 2) {
      kernel.transform(
        x, into: y, from: lanes.start(of: lane), stride: lanes.stride, workspace: workspace)
    }
  }

  /// The adjoint of a transform is that with the other sign and the same factor.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    let adjoint = FourierTransform(
      axis: axis, length: length, isInverse: !isInverse, isNormalized: isNormalized)
    return [try graph.apply(adjoint, cotangent)]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    [.unknown("the parts of a spectrum have no common moments")]
  }

  /// Lanes up to this length are summed term by term, longer ones by their magnitude.
  private static let longestSum = 512

  /// The sums by their terms, or where there are many, that no part exceeds the sum of all magnitudes;
  /// with room for the rounding of any order of summation.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let lanes = Lanes(operands[0].shape, axis: axis)
    let x = operands[0].intervals
    var y = x
    let factor = Interval(isNormalized ? 1 / Double(length) : 1).widened(ulps: 1)
    for lane in stride(from: 0, to: lanes.count, by: 2) {
      let terms = (0..<length).map { step in
        let place = lanes.place(of: step, in: lane)
        return (real: x[place], imaginary: x[place + 1])
      }
      let magnitude = terms.reduce(Interval(0)) { $0 + $1.real.absolute + $1.imaginary.absolute }
      let limit = (magnitude * factor).upper
      let slack = Double(2 * length) * limit * .ulpOfOne
      for step in 0..<length {
        let sums =
          length <= Self.longestSum || step == 0
          ? part(step, of: terms)
          : (
            real: Interval(-magnitude.upper, magnitude.upper),
            imaginary: Interval(-magnitude.upper, magnitude.upper)
          )
        let place = lanes.place(of: step, in: lane)
        y[place] = (sums.real * factor).widened(by: slack)
        y[place + 1] = (sums.imaginary * factor).widened(by: slack)
      }
    }
    return [Bounds(y, shape: operands[0].shape)]
  }

  /// One place of the spectrum: the terms times powers of the root of unity.
  private func part(
    _ step: Int, of terms: [(real: Interval, imaginary: Interval)]
  ) -> (real: Interval, imaginary: Interval) {
    var sums = (real: Interval(0), imaginary: Interval(0))
    for (number, term) in terms.enumerated() {
      let (cosine, sine) = kernel.root(step * number % length)
      let c = Interval(cosine).widened(ulps: cosine.rounded() == cosine ? 0 : 1)
      let s = Interval(sine).widened(ulps: sine.rounded() == sine ? 0 : 1)
      sums.real = sums.real + term.real * c - term.imaginary * s
      sums.imaginary = sums.imaginary + term.real * s + term.imaginary * c
    }
    return sums
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    guard let members = operands.members(in: format), length > 1 else { return [] }
    let x = members[0]
    // What the second place adds up when all of it has one sign.
    var greatest = x.intervals.map(\.upper)
    let lanes = Lanes(x.shape, axis: axis)
    for lane in stride(from: 0, to: lanes.count, by: 2) {
      for step in 0..<length {
        let (cosine, sine) = kernel.root(step)
        let place = lanes.place(of: step, in: lane)
        greatest[place] = cosine >= 0 ? x[place].upper : x[place].lower
        greatest[place + 1] = sine <= 0 ? x[place + 1].upper : x[place + 1].lower
      }
    }
    for witness in [x.tensor(\.upper), Tensor(greatest, shape: x.shape)] {
      let found = overflowHazard(
        [witness], in: signature, format: format,
        "a sum can exceed the greatest number of \(format.name).")
      if !found.isEmpty { return found }
    }
    return []
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let lanes = Lanes(operands[0].shape, axis: axis)
    var inquest = SumInquest(isNaN: results[0].double(at: element).isNaN)
    let lane = lanes.lane(of: element - element % 2)
    for step in 0..<length {
      let first = lanes.place(of: step, in: lane)
      for place in [first, first + 1] {
        inquest.see(Place(operand: 0, element: place), operands[0].double(at: place))
      }
    }
    return inquest.verdict
  }
}

extension Interval {
  fileprivate func widened(by slack: Double) -> Interval {
    slack.isFinite ? Interval(lower - slack, upper + slack) : .whole
  }
}
