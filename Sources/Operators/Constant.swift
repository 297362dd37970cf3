public import Numbers
public import Semantics
public import Tensors

/// A tensor whose elements all equal one number.
public struct Constant: ConstantOperator {
  public static let name = "Constant"
  public let number: Double
  public let shape: Shape

  public init(_ number: Double, shape: Shape = .scalar) {
    self.number = number
    self.shape = shape
  }

  /// Takes `value`, and `shape`, which is that of a scalar when missing.
  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("value", "shape", in: Self.name)
    let extents = try attributes.integers("shape", default: [], in: Self.name)
    guard extents.allSatisfy({ $0 >= 0 }) else {
      throw OperatorError(.invalidAttribute, in: Self.name, "extents cannot be negative")
    }
    self.init(try attributes.real("value", in: Self.name), shape: Shape(extents))
  }

  public var attributes: Attributes {
    ["value": .real(number), "shape": .integers(shape.extents)]
  }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expect(operands, count: 0...0)
    return [TensorType(shape)]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (y, number) = (results[0].elements(as: T.self), T(number))
    for i in y.indices { y[i] = number }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] { [] }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    number.isFinite ? [.constant(number)] : [.unknown("a constant that is not finite")]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    [Bounds(repeating: number.isNaN ? .whole : Interval(number), shape: shape)]
  }

  /// A number that the format cannot hold.
  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    if format.overflows(number) {
      return [Hazard(.overflow, "\(number) is beyond \(format.name).", witness: [])]
    }
    if number != 0, format.rounded(number) == 0 {
      return [Hazard(.underflow, "\(number) becomes 0 in \(format.name).", witness: [])]
    }
    return []
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    .produced(.overflowOfCast, explanation: "the constant \(number)")
  }
}
