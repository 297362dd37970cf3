public import Semantics
public import Tensors

/// The mean of every window.
public struct AveragePool: SumOfProducts {
  public static let name = "AveragePool"

  public let pooling: Pooling
  /// Whether padding counts as zeros; otherwise the mean is over what lies inside.
  public let countsPadding: Bool

  public init(_ pooling: Pooling, countsPadding: Bool = false) {
    self.pooling = pooling
    self.countsPadding = countsPadding
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(
      "kernel_shape", "strides", "pads", "dilations", "count_include_pad", in: Self.name)
    pooling = try Pooling(attributes: attributes, in: Self.name)
    countsPadding = try Self.flag("count_include_pad", of: attributes)
  }

  public var attributes: Attributes {
    var attributes = pooling.attributes
    attributes["count_include_pad"] = .integer(countsPadding ? 1 : 0)
    return attributes
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 1...1)
    return [TensorType(try pooling.result(of: operands[0].shape, in: Self.name))]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  /// One over the number of elements that a window is the mean of.
  func coefficient(_ plane: WindowPlane, _ output: Int) -> Double {
    if countsPadding { return 1 / Double(plane.taps) }
    var count = 0
    plane.forEachInput(of: output) { _, _ in count += 1 }
    return 1 / Double(max(count, 1))
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let plane = pooling.plane(operands[0].shape)
    let x = operands[0].elements(as: T.self)
    let y = results[0].elements(as: T.self)
    for output in 0..<plane.outputs {
      let coefficient = T(coefficient(plane, output))
      for channel in 0..<operands[0].shape.planes {
        var sum: T = 0
        let start = channel * plane.inputs
        plane.forEachInput(of: output) { _, input in sum += x[start + input] }
        y[channel * plane.outputs + output] = sum * coefficient
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    let input = graph.type(of: node.operands[0]).shape.extents
    return [try graph.apply(AveragePoolGradient(self, input: input), cotangent)]
  }

  /// The mean of correlated positions, diluted by padding where that counts.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let plane = pooling.plane(signature.operands[0].shape)
    let inside = Double(plane.insidePairs) / Double(plane.outputs)
    let x = operands[0]
    var result = x.averagedOverPositions(
      plane.taps, units: operands.layout(in: signature.operands[0]).units)
    result.places = []
    guard plane.insidePairs != plane.outputs * plane.taps else { return [result] }
    let correlated = inside * (1 + (inside - 1) * x.positionCorrelation)
    let divisor = countsPadding ? Double(plane.taps) : inside
    result.mean = x.mean * inside / divisor
    result.secondMoment = x.secondMoment * correlated / (divisor * divisor)
    return [result]
  }

  public func forEachTerm(
    ofElement element: Int, in signature: Signature, _ body: (Term) -> Void
  ) {
    let plane = pooling.plane(signature.operands[0].shape)
    let output = element % plane.outputs
    let start = element / plane.outputs * plane.inputs
    let coefficient = coefficient(plane, output)
    plane.forEachInput(of: output) { _, input in
      body(Term(coefficient, Place(operand: 0, element: start + input)))
    }
  }
}

/// The cotangent of an average pooling's input: every window's share, summed.
public struct AveragePoolGradient: SumOfProducts {
  public static let name = "AveragePoolGradient"

  public let forward: AveragePool
  /// The shape of the pooling's input.
  public let input: [Int]

  public init(_ forward: AveragePool, input: [Int]) {
    self.forward = forward
    self.input = input
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(
      "kernel_shape", "strides", "pads", "dilations", "count_include_pad", "shape", in: Self.name)
    forward = AveragePool(
      try Pooling(attributes: attributes, in: Self.name),
      countsPadding: try Self.flag("count_include_pad", of: attributes))
    input = try attributes.integers("shape", in: Self.name)
    guard input.allSatisfy({ $0 >= 0 }) else {
      throw refusal(.invalidAttribute, "shape \(input) must not be negative")
    }
  }

  public var attributes: Attributes {
    var attributes = forward.attributes
    attributes["shape"] = .integers(input)
    return attributes
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 1...1)
    let shape = Shape(input)
    guard try forward.pooling.result(of: shape, in: Self.name) == operands[0].shape else {
      throw refusal(.invalidShape, "pooling \(shape) does not give \(operands[0].shape)")
    }
    return [TensorType(shape)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let plane = forward.pooling.plane(results[0].shape)
    let dy = operands[0].elements(as: T.self)
    let dx = results[0].elements(as: T.self)
    results[0].fillWithZeros()
    for output in 0..<plane.outputs {
      let coefficient = T(forward.coefficient(plane, output))
      for channel in 0..<results[0].shape.planes {
        let share = dy[channel * plane.outputs + output] * coefficient
        let start = channel * plane.inputs
        plane.forEachInput(of: output) { _, input in dx[start + input] += share }
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return [try graph.apply(forward, cotangent)]
  }

  /// Each input is in r windows of k elements: r/k² (1 + (r − 1) ρ) of the mean square.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let plane = forward.pooling.plane(signature.results[0].shape)
    let windows = Double(plane.insidePairs) / Double(plane.inputs)
    let size =
      forward.countsPadding
      ? Double(plane.taps) : Double(plane.insidePairs) / Double(plane.outputs)
    var result = operands[0].scaled(by: 1 / size)
    result.mean *= windows
    result.secondMoment *= windows * (1 + max(windows - 1, 0) * result.positionCorrelation)
    // All inputs of a window share its cotangent.
    result.positionCorrelation = max(result.positionCorrelation, 1 / size)
    result.basis = max(result.basis, .firstOrder)
    result.law = .other
    return [result]
  }

  public func forEachTerm(
    ofElement element: Int, in signature: Signature, _ body: (Term) -> Void
  ) {
    let plane = forward.pooling.plane(signature.results[0].shape)
    let start = element / plane.inputs * plane.outputs
    plane.forEachOutput(of: element % plane.inputs) { _, output in
      body(
        Term(forward.coefficient(plane, output), Place(operand: 0, element: start + output)))
    }
  }
}

/// The mean of every channel over all its places: [N, C, …] becomes [N, C, 1 …].
public struct GlobalAveragePool: SumOfProducts {
  public static let name = "GlobalAveragePool"

  public init() {}

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 1...1)
    let shape = operands[0].shape
    guard (3...4).contains(shape.rank), shape.extents.dropFirst(2).allSatisfy({ $0 > 0 }) else {
      throw refusal(.invalidShape, "takes images [N, C, …], not \(shape)")
    }
    return [TensorType(Shape([shape[0], shape[1]] + shape.extents.dropFirst(2).map { _ in 1 }))]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let x = operands[0].elements(as: T.self)
    let y = results[0].elements(as: T.self)
    let size = count(of: 2..<operands[0].shape.rank, in: operands[0].shape)
    let factor = 1 / T(size)
    for channel in y.indices {
      var sum: T = 0
      for k in 0..<size { sum += x[channel * size + k] }
      y[channel] = sum * factor
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    let input = graph.type(of: node.operands[0]).shape.extents
    let whole = AveragePool(Pooling(Array(input[2...])), countsPadding: true)
    return [try graph.apply(AveragePoolGradient(whole, input: input), cotangent)]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let shape = signature.operands[0].shape
    var result = operands[0].averagedOverPositions(
      count(of: 2..<shape.rank, in: shape), units: shape[1])
    result.places = []
    result.axes = .channelsFirst(rank: shape.rank)
    return [result]
  }

  public func forEachTerm(
    ofElement element: Int, in signature: Signature, _ body: (Term) -> Void
  ) {
    let shape = signature.operands[0].shape
    let size = count(of: 2..<shape.rank, in: shape)
    for k in 0..<size {
      body(Term(1 / Double(size), Place(operand: 0, element: element * size + k)))
    }
  }
}
