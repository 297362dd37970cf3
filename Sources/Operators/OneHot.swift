public import Numbers
public import Semantics
public import Tensors

/// 1 at an integer's place along a new axis and 0 elsewhere; all 0 for one outside of the depth.
public struct OneHot: Operator {
  public static let name = "OneHot"
  /// The extent of the new axis.
  public let depth: Int
  /// Where the result has the new axis, counted back from the last one if negative.
  public let axis: Int

  public init(depth: Int, axis: Int = -1) {
    self.depth = depth
    self.axis = axis
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("depth", "axis", in: Self.name)
    depth = try attributes.integer("depth", in: Self.name)
    axis = try attributes.integer("axis", default: -1, in: Self.name)
    guard depth > 0 else { throw refusal(.invalidAttribute, "'depth' must be above 0") }
  }

  public var attributes: Attributes { ["depth": .integer(depth), "axis": .integer(axis)] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try Self.check(operands, are: .integer)
    var extents = operands[0].shape.extents
    let place = axis < 0 ? axis + extents.count + 1 : axis
    guard (0...extents.count).contains(place) else {
      throw refusal(.invalidAttribute, "axis \(axis) is outside of the result's rank")
    }
    extents.insert(depth, at: place)
    return [TensorType(Shape(extents))]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let (x, y) = (operands[0].elements(as: Int64.self), results[0].elements(as: T.self))
    let lanes = Lanes(results[0].shape, axis: axis)
    for i in y.indices { y[i] = 0 }
    for lane in x.indices where x[lane] >= 0 && x[lane] < depth {
      y[lanes.place(of: Int(x[lane]), in: lane)] = 1
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] { [nil] }

  /// Of integers that are spread evenly.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let share = 1 / Double(depth)
    return [
      Moments(
        mean: share, secondMoment: share, sampleCorrelation: share, positionCorrelation: share,
        basis: .firstOrder, note: "every class is taken to be as likely")
    ]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let lanes = Lanes(shape, axis: axis)
    var intervals = [Interval](repeating: Interval(0), count: shape.count)
    for (lane, label) in operands[0].intervals.enumerated() {
      for index in 0..<depth where label.contains(Double(index)) {
        intervals[lanes.place(of: index, in: lane)] = Interval(
          label.lower == label.upper ? 1 : 0, 1)
      }
    }
    return [Bounds(intervals, shape: shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] { [] }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    preconditionFailure("0 and 1 are finite")
  }
}
