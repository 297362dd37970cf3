public import Numbers
public import Tensors

/// A neural-network operator: its attributes, and everything known about it.
///
/// Stored properties are attributes; requirements are rules. No rule has a default, so an operator
/// that compiles has stated all of them. A refinement such as `Pointwise` may derive rules from a
/// smaller description.
public protocol Operator: Sendable {
  /// The operator's type by ONNX's name, such as `"Softmax"`.
  static var name: String { get }

  /// Creates an operator from named attributes, refusing what it does not know.
  init(attributes: Attributes) throws(OperatorError)

  /// The attributes, so that `Self(attributes: attributes)` is the same operator.
  var attributes: Attributes { get }

  /// Shape rule: types of the results, or an error that names the operator and the shapes.
  func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType]

  /// The number of extra elements of `T` the value rule wants to work in, for these types.
  func workspace(for signature: Signature) -> Int

  /// Value rule: computes the results into the buffers it is given.
  ///
  /// Reals are `T` in operands, results and workspace; integers are `Int64`, booleans `Bool`.
  /// It must not allocate, and it must overwrite every element of every result.
  func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>)

  /// Gradient rule: adds nodes to `graph` that compute the cotangent of each operand.
  ///
  /// `cotangents` has one entry per result, nil where nothing flows back. The rule returns one
  /// entry per operand: nil where the derivative is zero or the operand is not real.
  func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?]

  /// Moment rule: mean, second moment and spread of the results in the wide limit.
  func moments(of operands: [Moments], in signature: Signature) -> [Moments]

  /// Bound rule: intervals that contain every exact result for operands within `operands`, and
  /// what the value rule makes of them in doubles.
  func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds]

  /// Hazard rule: what can go wrong in `format` for operands within `operands`, with witnesses.
  func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard]

  /// Cause rule: why one element of a result is not finite, from the operands it saw.
  ///
  /// Only called for a non-finite element. Operands and results are as the value rule saw them.
  func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause
}

/// An operator that reads nothing and gives one number throughout.
public protocol ConstantOperator: Operator {
  var number: Double { get }
}

/// Types of the operands and results of one node.
public struct Signature: Hashable, Sendable {
  public let operands: [TensorType]
  public let results: [TensorType]

  public init(operands: [TensorType], results: [TensorType]) {
    self.operands = operands
    self.results = results
  }
}

/// The values that a node reads and writes, seen by its gradient rule.
public struct NodeValues: Sendable {
  public let operands: [Value]
  public let results: [Value]

  public init(operands: [Value], results: [Value]) {
    self.operands = operands
    self.results = results
  }
}

/// A value of a graph, by its number.
public struct Value: Hashable, Sendable {
  public let index: Int
  public init(_ index: Int) { self.index = index }
}

/// A graph that a gradient rule can add to.
public protocol GraphWriting {
  /// Appends a node and returns its results; operands must already be in the graph.
  mutating func append(_ op: any Operator, to operands: [Value]) throws(OperatorError) -> [Value]

  /// The type of a value.
  func type(of value: Value) -> TensorType

  /// The number that every element of a value is known to be, whatever the inputs are.
  func number(of value: Value) -> Double?
}

extension GraphWriting {
  /// Appends a node with one result.
  public mutating func apply(
    _ op: any Operator, _ operands: Value...
  ) throws(OperatorError) -> Value {
    try append(op, to: operands)[0]
  }
}

extension Operator {
  /// The operator's type by ONNX's name.
  public var typeName: String { Self.name }
}
