import Graphs
import Numbers
import Semantics
import Tensors

extension Graph {
  mutating func addInput(_ name: String, _ shape: Shape) -> Value {
    addInput(name, TensorType(shape))
  }

  mutating func addParameter(_ name: String, _ shape: Shape) -> Value {
    addParameter(name, TensorType(shape))
  }

  /// The elements of every value, for a graph of reals: a plain interpreter in double.
  func evaluated(_ given: [Value: [Double]]) throws -> [[Double]] {
    let facts = Dictionary(
      uniqueKeysWithValues: given.map { ($0, Tensor($1, shape: types[$0.index].shape)) })
    return walk(from: facts) { node, signature, operands in
      let results = signature.results.map { Tensor(zeros: $0.shape, .float64) }
      let scratch = Tensor(zeros: [node.op.workspace(for: signature)], .float64)
      node.op.value(of: operands, into: results, workspace: scratch.elements(as: Double.self))
      return results
    }.map(\.doubles)
  }
}

/// Numbers in [-1, 1) that need no generator.
func numbers(_ count: Int, _ seed: Int) -> [Double] {
  (0..<count).map { index in
    let mixed: Int = (index &* 7919 &+ seed &* 104_729) % 2003
    return Double(mixed) / 1001.5 - 1
  }
}

/// An operator with a fault for the graph to find; nothing of it is ever computed.
protocol Faulty: Operator {
  init()
}

extension Faulty {
  init(attributes: Attributes) throws(OperatorError) { self.init() }
  var attributes: Attributes { [:] }
  func workspace(for signature: Signature) -> Int { 0 }
  func value<T: Scalar>(of _: [Tensor], into _: [Tensor], workspace _: Elements<T>) {}
  func moments(of operands: [Moments], in signature: Signature) -> [Moments] { operands }
  func bounds(of operands: [Bounds], in signature: Signature) -> [Bounds] { operands }
  func hazards(
    for operands: [Bounds], in signature: Signature, format: NumberFormat
  ) -> [Hazard] { [] }
  func cause(
    ofElement element: Int, inResult result: Int, operands: [Tensor], results: [Tensor]
  ) -> Cause { .passedOn(operand: 0, element: element) }
}

/// Its gradient has another shape than its operand.
struct Misshapen: Faulty {
  static let name = "Misshapen"

  func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    operands.map { _ in TensorType([1]) }
  }

  func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] { [try graph.apply(Misshapen(), node.operands[0])] }
}

/// Its shape rule gives another answer once its mood has changed.
struct Fickle: Faulty {
  static let name = "Fickle"

  /// `@unchecked Sendable`: used by one test on one thread.
  final class Mood: @unchecked Sendable { var hasChanged = false }
  let mood = Mood()

  func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    mood.hasChanged ? [TensorType([99])] : operands
  }

  func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] { cotangents }
}

/// Has two results.
struct Twofold: Faulty {
  static let name = "Twofold"

  func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    operands + operands
  }

  func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] { [cotangents[0] ?? cotangents[1]] }
}
