public import Numbers
public import Semantics
public import Tensors

/// The sum of one or more tensors, element by element, broadcast by NumPy's rule.
public struct Sum: Elementwise {
  public static let name = "Sum"

  public init() {}

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly(in: Self.name)
  }

  public var attributes: Attributes { [:] }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 1...Int.max - 1)
    return [TensorType(try Self.broadcast(operands))]
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  @specialized(where T == Float)
  @specialized(where T == Double)
  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    let y = results[0].elements(as: T.self)
    for i in y.indices { y[i] = 0 }
    for operand in operands {
      let x = operand.elements(as: T.self)
      BroadcastLoop(results[0].shape, results[0].shape, operand.shape).map(y, x, into: y) {
        $0 + $1
      }
    }
  }

  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    var gradients: [Value?] = []
    for operand in node.operands {
      let shape = graph.type(of: operand).shape
      gradients.append(
        try cotangents[0].map { value throws(OperatorError) in
          try graph.summed(value, to: shape)
        })
    }
    return gradients
  }

  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    let (units, positions) = operands.layout(in: signature.results[0])
    return [
      operands.dropFirst().reduce(operands[0]) {
        .sum($0, $1, units: units, positions: positions)
      }
    ]
  }

  public func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] {
    let shape = signature.results[0].shape
    let places = operands.map { shape.sources(in: $0.shape) }
    let intervals = (0..<shape.count).map { element in
      let terms = operands.indices.map { operands[$0].intervals[places[$0][element]] }
      return ReduceSum.range(terms)
    }
    return [Bounds(intervals, shape: shape)]
  }

  public func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] {
    let members = operands.compactMap { Members(of: $0.hull, in: format) }
    guard members.count == operands.count else { return [] }
    var search = HazardSearch(Self.name, in: format)
    for ends in [members.map(\.high), members.map(\.low)] {
      search.examine(ends, result: ends.reduce(0, +), isTelling: false)
    }
    return search.found
  }

  public func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause {
    var inquest = SumInquest(isNaN: results[0].double(at: element).isNaN)
    for (number, operand) in operands.enumerated() {
      let place = results[0].shape.source(of: element, in: operand.shape)
      inquest.see(Place(operand: number, element: place), operand.double(at: place))
    }
    return inquest.verdict
  }
}
