public import Numbers
public import Semantics
public import Tensors

/// An operator each of whose result elements is a copy of one operand element, or 0.
///
/// Which element it is depends on shapes alone, so that the rules for bounds, hazards and causes
/// follow from it: the operator computes nothing and can fail in nothing.
public protocol Rearrangement: Operator {
  /// Where an element of a result comes from, nil for a 0 that the operator writes.
  func source(ofElement element: Int, inResult result: Int, in signature: Signature) -> Place?
}

extension Rearrangement {
  public func workspace(for signature: Signature) -> Int { 0 }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    signature.results.indices.map { result in
      let shape = signature.results[result].shape
      let intervals = (0..<shape.count).map { element in
        source(ofElement: element, inResult: result, in: signature).map { place in
          operands[place.operand].intervals[place.element]
        } ?? Interval(0, 0)
      }
      return Bounds(intervals, shape: shape)
    }
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] { [] }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    let signature = Signature(operands: operands, results: results)
    guard let place = source(ofElement: element, inResult: result, in: signature) else {
      preconditionFailure("a zero is finite")
    }
    return .passedOn(operand: place.operand, element: place.element)
  }
}

/// A rearrangement that keeps the order of the elements and changes the shape alone.
public protocol Reshaping: Rearrangement, View {}

extension Reshaping {
  public func source(ofElement element: Int, inResult result: Int, in signature: Signature)
    -> Place?
  {
    Place(operand: 0, element: element)
  }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    results[0].copyBytes(from: operands[0])
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let (before, after) = (signature.operands[0].shape, signature.results[0].shape)
    let roles = operands[0].roles(in: before)
    return [operands[0].with(roles.reshaped(from: before, to: after))]
  }

  /// The cotangent in the shape of the operand.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    let shape = graph.type(of: node.operands[0]).shape
    return [try graph.apply(Reshape(to: shape.extents), cotangent)]
  }
}
