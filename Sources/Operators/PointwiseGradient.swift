public import Numbers
public import Semantics
public import Tensors

/// `dy · φ⁽ᵏ⁾(x)` for a pointwise operator φ: the backward step through it (order 1), and the step
/// back through that (order 2).
///
/// The derivative is rounded before it is multiplied, as the chain rule in IEEE arithmetic has it:
/// an infinite slope times a zero cotangent is NaN. Where φ is flat by choice the result is 0
/// whatever the cotangent is.
public struct PointwiseGradient: Elementwise {
  public static let name = "PointwiseGradient"

  public let function: any Pointwise
  /// Which derivative: 1 or 2.
  public let order: Int

  public init(_ function: any Pointwise, order: Int = 1) {
    precondition(order == 1 || order == 2, "only two derivatives are known")
    self.function = function
    self.order = order
  }

  /// Takes the name of a pointwise operator as `operator`, its attributes, and the `order`.
  public init(attributes: Attributes) throws(OperatorError) {
    order = try attributes.integer("order", default: 1, in: Self.name)
    guard order == 1 || order == 2 else {
      throw OperatorError(.invalidAttribute, in: Self.name, "'order' must be 1 or 2, not \(order)")
    }
    var rest = attributes
    rest["order"] = nil
    rest["operator"] = nil
    let text = try attributes.text("operator", in: Self.name)
    let made = try OperatorRegistry.pointwise.make(text, rest)
    guard let function = made as? any Pointwise else {
      throw OperatorError(.unknownOperator, in: Self.name, "'\(text)' is not pointwise")
    }
    self.function = function
  }

  public var attributes: Attributes {
    var result = function.attributes
    result["operator"] = .text(function.typeName)
    result["order"] = .integer(order)
    return result
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .real, .real)
    guard operands[0] == operands[1] else {
      throw Self.refusal("the cotangent \(operands[0]) must be of the type of \(operands[1])")
    }
    return [operands[0]]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    if T.elementType == .float32, order == 1, let kernel = function.vectorKernel {
      VectorKernels.applyDerivative(
        kernel, operands[0].elements(), operands[1].elements(), into: results[0].elements())
    } else if T.elementType == .float32 {
      function.multiply(operands, byDerivative: order, into: results[0], as: Float.self)
    } else {
      function.multiply(operands, byDerivative: order, into: results[0], as: Double.self)
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil, nil] }
    let (dy, x) = (node.operands[0], node.operands[1])
    guard order == 1 else {
      throw OperatorError(
        .unsupported, in: Self.name, "\(function.name) has no third derivative here")
    }
    let product = try graph.apply(Mul(), cotangent, dy)
    return [
      try graph.apply(PointwiseGradient(function, order: order), cotangent, x),
      try graph.apply(PointwiseGradient(function, order: order + 1), product, x),
    ]
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    // The value's roles: a cotangent that was gathered from several places may not know them.
    let layout = [operands[1], operands[0]].layout(in: signature.results[0])
    return [
      function.moments(
        ofCotangent: operands[0], at: operands[1], order: order, units: layout.units,
        positions: layout.positions)
    ]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let intervals = zip(operands[0].intervals, operands[1].intervals).map { dy, x in
      dy * function.range(ofDerivative: order, over: x)
    }
    return [Bounds(intervals, shape: operands[0].shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    var search = HazardSearch(Self.name, in: format)
    let (cotangents, interval) = (operands[0].hull, operands[1].hull)
    guard let dy = Members(of: cotangents, in: format), let x = Members(of: interval, in: format)
    else { return [] }
    let factor = format.rounded(min(max(1, dy.low), dy.high))
    if function.period == nil, factor != 0 {
      search.examineTails(
        of: { factor * function.derivative(order, at: $0) }, over: interval, isDerivative: true
      ) { [factor, $0] }
    }
    for x in x.tiny + function.edges(in: interval) + x.ends {
      for dy in dy.ends + dy.tiny.prefix(1) {
        let slope = function.derivative(order, at: x)
        search.examine([dy, x], result: dy * slope, isTelling: false)
      }
    }
    return search.found
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    if let passed = Cause.passedOn(element, of: operands) { return passed }
    let (dy, x) = (operands[0].double(at: element), operands[1].double(at: element))
    let slope = function.derivative(order, at: x)
    let text =
      "\(dy.told) times the derivative \(slope.told) of \(function.typeName) at \(x.told)"
    if dy == 0 { return .produced(.zeroTimesInfinity, explanation: text) }
    let isSlope = !Float(slope).isFinite
    return .produced(
      isSlope ? function.failure(at: x, order: order) : .overflowOfProduct, explanation: text)
  }
}

extension Pointwise {
  /// `y = dy · T(φ⁽ᵏ⁾(x))`, and 0 where φ is flat.
  @inline(__always)
  fileprivate func multiply<T: Scalar>(
    _ operands: [Tensor], byDerivative order: Int, into result: Tensor, as _: T.Type
  ) {
    let dy = operands[0].elements(as: T.self)
    let x = operands[1].elements(as: T.self)
    let y = result.elements(as: T.self)
    if order == 1 {
      for i in y.indices {
        let x = Double(x[i])
        y[i] = isFlat(at: x) ? 0 : dy[i] * T(slope(at: x))
      }
    } else {
      for i in y.indices {
        let x = Double(x[i])
        y[i] = isFlat(at: x) ? 0 : dy[i] * T(curvature(at: x))
      }
    }
  }
}
