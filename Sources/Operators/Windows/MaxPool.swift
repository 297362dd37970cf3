public import Numbers
import RealModule
public import Semantics
public import Tensors

/// The greatest element of every window; padding never wins, NaN always does.
public struct MaxPool: Operator {
  public static let name = "MaxPool"

  public let pooling: Pooling

  public init(_ pooling: Pooling) { self.pooling = pooling }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("kernel_shape", "strides", "pads", "dilations", in: Self.name)
    pooling = try Pooling(attributes: attributes, in: Self.name)
  }

  public var attributes: Attributes { pooling.attributes }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 1...1)
    return [TensorType(try pooling.result(of: operands[0].shape, in: Self.name))]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let plane = pooling.plane(operands[0].shape)
    let x = operands[0].elements(as: T.self)
    let y = results[0].elements(as: T.self)
    for channel in 0..<operands[0].shape.planes {
      let image = x[channel * plane.inputs..<(channel + 1) * plane.inputs]
      for output in 0..<plane.outputs {
        y[channel * plane.outputs + output] = image[plane.winner(output, image)]
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return [try graph.apply(MaxPoolGradient(pooling), cotangent, node.operands[0])]
  }

  /// The greatest of normal elements that correlate alike; where the elements are values of a function
  /// that does not fall, that function of the greatest operand.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let x = operands[0]
    if x.basis == .unknown { return [x] }
    let plane = pooling.plane(signature.operands[0].shape)
    let taps = max(1, Int((Double(plane.insidePairs) / Double(plane.outputs)).rounded()))
    let (units, positions) = operands.layout(in: signature.results[0])
    return [x.greatest(of: taps, units: units, positions: positions)]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let plane = pooling.plane(signature.operands[0].shape)
    let shape = signature.results[0].shape
    let intervals = (0..<shape.count).map { element in
      let start = element / plane.outputs * plane.inputs
      var lower = -Double.infinity
      var upper = -Double.infinity
      plane.forEachInput(of: element % plane.outputs) { _, input in
        lower = max(lower, operands[0].intervals[start + input].lower)
        upper = max(upper, operands[0].intervals[start + input].upper)
      }
      return Interval(lower, upper)
    }
    return [Bounds(intervals, shape: shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] { [] }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let plane = pooling.plane(operands[0].shape)
    return .passedOn(operand: 0, element: plane.winner(ofElement: element, in: operands[0]))
  }
}

/// The cotangent of a maximum pooling's input: every window's cotangent at its greatest element.
///
/// Operands are ∂y and x, in which the greatest elements are found again.
public struct MaxPoolGradient: Operator {
  public static let name = "MaxPoolGradient"

  public let pooling: Pooling

  public init(_ pooling: Pooling) { self.pooling = pooling }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("kernel_shape", "strides", "pads", "dilations", in: Self.name)
    pooling = try Pooling(attributes: attributes, in: Self.name)
  }

  public var attributes: Attributes { pooling.attributes }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 2...2)
    guard try pooling.result(of: operands[1].shape, in: Self.name) == operands[0].shape else {
      throw refusal(
        .invalidShape, "pooling \(operands[1].shape) does not give \(operands[0].shape)")
    }
    return [operands[1]]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let plane = pooling.plane(operands[1].shape)
    let dy = operands[0].elements(as: T.self)
    let x = operands[1].elements(as: T.self)
    let dx = results[0].elements(as: T.self)
    results[0].fillWithZeros()
    for channel in 0..<operands[1].shape.planes {
      let start = channel * plane.inputs
      let image = x[start..<start + plane.inputs]
      for output in 0..<plane.outputs {
        dx[start + plane.winner(output, image)] += dy[channel * plane.outputs + output]
      }
    }
  }

  /// Linear in ∂y; in x its derivative is 0 wherever it exists.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    return [try graph.apply(MaxPoolPick(pooling), cotangent, node.operands[1]), nil]
  }

  /// A share of the inputs gets a cotangent each.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let plane = pooling.plane(signature.operands[1].shape)
    let share = Double(plane.outputs) / Double(plane.inputs)
    var result = operands[0].sampled.with(operands[1].axes)
    result.mean *= share
    result.secondMoment *= share
    result.sampleCorrelation *= share
    result.positionCorrelation *= share
    result.law = .other
    result.basis = max(result.basis, .firstOrder)
    return [result]
  }

  /// Sums of the windows that an element wins, and of any of those that it can win.
  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let plane = pooling.plane(shape)
    var sums = [OutwardSum](repeating: OutwardSum(), count: shape.count)
    for (element, term) in operands[0].intervals.enumerated() {
      let winners = plane.possibleWinners(ofElement: element, in: operands[1])
      for winner in winners {
        sums[winner].add(winners.count == 1 ? term : term.union(Interval(0)))
      }
    }
    return [Bounds(sums.map(\.interval), shape: shape)]
  }

  /// Overflow where windows overlap and one element can win them all.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let shape = signature.results[0].shape
    guard pooling.overlaps(shape) else { return [] }
    let plane = pooling.plane(shape)
    guard let members = operands.members(in: format) else { return [] }
    // The element with most windows wins them all.
    guard
      let element = (0..<plane.inputs).max(by: { windows(of: $0, plane) < windows(of: $1, plane) })
    else { return [] }
    var x = members[1].map(\.lower)
    guard x.indices.contains(element) else { return [] }
    x[element] = members[1][element].upper
    return overflowHazard(
      [members[0].tensor(\.upper), Tensor(x, shape: shape)], in: signature, format: format,
      "an element that wins \(windows(of: element, plane)) windows can collect too much for"
        + " \(format.name).")
  }

  /// The windows that an input is in.
  private func windows(of input: Int, _ plane: WindowPlane) -> Int {
    var count = 0
    plane.forEachOutput(of: input) { _, _ in count += 1 }
    return count
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let plane = pooling.plane(operands[1].shape)
    let start = element / plane.inputs * plane.outputs
    var inquest = SumInquest(isNaN: results[0].double(at: element).isNaN)
    plane.forEachOutput(of: element % plane.inputs) { _, output in
      if plane.winner(ofElement: start + output, in: operands[1]) == element {
        inquest.see(
          Place(operand: 0, element: start + output), operands[0].double(at: start + output))
      }
    }
    return inquest.verdict
  }
}

/// The element of one tensor at the place where another is greatest, for every window.
///
/// Operands are g and x of one shape; it is the derivative of ``MaxPoolGradient`` in ∂y.
public struct MaxPoolPick: Operator {
  public static let name = "MaxPoolPick"

  public let pooling: Pooling

  public init(_ pooling: Pooling) { self.pooling = pooling }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("kernel_shape", "strides", "pads", "dilations", in: Self.name)
    pooling = try Pooling(attributes: attributes, in: Self.name)
  }

  public var attributes: Attributes { pooling.attributes }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 2...2)
    guard operands[0] == operands[1] else {
      throw refusal(.invalidShape, "\(operands[0]) and \(operands[1]) must agree")
    }
    return [TensorType(try pooling.result(of: operands[1].shape, in: Self.name))]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let plane = pooling.plane(operands[1].shape)
    let g = operands[0].elements(as: T.self)
    let x = operands[1].elements(as: T.self)
    let y = results[0].elements(as: T.self)
    for channel in 0..<operands[1].shape.planes {
      let start = channel * plane.inputs
      let image = x[start..<start + plane.inputs]
      for output in 0..<plane.outputs {
        y[channel * plane.outputs + output] = g[start + plane.winner(output, image)]
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    return [try graph.apply(MaxPoolGradient(pooling), cotangent, node.operands[1]), nil]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    [operands[0].sampled]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let plane = pooling.plane(signature.operands[1].shape)
    let shape = signature.results[0].shape
    let intervals = (0..<shape.count).map { element in
      let places = plane.possibleWinners(ofElement: element, in: operands[1])
        .map { operands[0].intervals[$0] }
      return places.dropFirst().reduce(places.first ?? Interval(0)) { $0.union($1) }
    }
    return [Bounds(intervals, shape: shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] { [] }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let plane = pooling.plane(operands[1].shape)
    return .passedOn(operand: 0, element: plane.winner(ofElement: element, in: operands[1]))
  }
}

extension WindowPlane {
  /// The input of a window that is greatest: the first of equals, and NaN before all.
  @inline(__always)
  fileprivate func winner<T: Scalar>(_ output: Int, _ image: Elements<T>) -> Int {
    var best = -1
    forEachInput(of: output) { _, input in
      if best < 0 || image[input] > image[best] || image[input].isNaN && !image[best].isNaN {
        best = input
      }
    }
    return best
  }

  /// The elements of `x` that can win the window of one element of the result.
  fileprivate func possibleWinners(ofElement element: Int, in x: Bounds) -> [Int] {
    let start = element / outputs * inputs
    var places: [Int] = []
    forEachInput(of: element % outputs) { _, input in places.append(start + input) }
    return places.map { x.intervals[$0] }.possibleMaxima().map { places[$0] }
  }

  /// The element of `x` that wins the window of one element of the result.
  fileprivate func winner(ofElement element: Int, in x: Tensor) -> Int {
    let start = element / outputs * inputs
    if x.elementType == .float32 {
      let image = x.elements(as: Float.self)[start..<start + inputs]
      return start + winner(element % outputs, image)
    }
    let image = x.elements(as: Double.self)[start..<start + inputs]
    return start + winner(element % outputs, image)
  }
}
