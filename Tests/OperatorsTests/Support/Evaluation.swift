import Graphs
import Numbers
import Operators
import Semantics
import Tensors
import Testing

extension Tensor {
  var type: TensorType {
    switch elementType {
    case .float32, .float64: TensorType(shape)
    case .int64: TensorType(shape, .integer)
    case .bool: TensorType(shape, .boolean)
    }
  }

  /// Reals as `T`; other elements as they are.
  func cast<T: Scalar>(to _: T.Type) -> Tensor {
    type.kind == .real ? Tensor(doubles.map { T($0) }, shape: shape) : self
  }

  /// Reals changed by their index; other elements as they are.
  func mapped(_ change: (Int, Double) -> Double) -> Tensor {
    guard type.kind == .real else { return self }
    return Tensor(doubles.enumerated().map(change), shape: shape)
  }
}

extension TensorType {
  /// A tensor of this type whose reals are `T`, filled with what no value rule may leave behind.
  func garbage<T: Scalar>(of _: T.Type) -> Tensor {
    switch kind {
    case .real: Tensor([T](repeating: T(-12345), count: shape.count), shape: shape)
    case .integer: Tensor([Int64](repeating: -12345, count: shape.count), shape: shape)
    case .boolean: Tensor([Bool](repeating: true, count: shape.count), shape: shape)
    }
  }
}

extension Operator {
  /// The results for these operands, computed in `T`.
  func results<T: Scalar>(of operands: [Tensor], in _: T.Type) throws -> [Tensor] {
    let types = operands.map(\.type)
    let signature = Signature(operands: types, results: try self.types(of: types))
    let results = signature.results.map { $0.garbage(of: T.self) }
    let workspace = Tensor(zeros: [workspace(for: signature)], T.elementType)
    value(
      of: operands.map { $0.cast(to: T.self) }, into: results,
      workspace: workspace.elements(as: T.self))
    return results
  }
}

/// A small interpreter, independent of the execution plan.
struct Evaluation {
  private var values: [Tensor?]

  /// Computes every value of `graph`, in double unless told otherwise.
  init<T: Scalar>(
    _ graph: Graph, inputs: [Value: Tensor], in _: T.Type = Double.self
  ) throws {
    values = Array(repeating: nil, count: graph.types.count)
    for (value, tensor) in inputs { values[value.index] = tensor }
    for node in graph.nodes {
      let operands = try node.operands.map { try #require(values[$0.index]) }
      for (value, result) in zip(node.results, try node.op.results(of: operands, in: T.self)) {
        values[value.index] = result
      }
    }
  }

  /// The tensor of `value`, which must be an input or a node's result.
  func callAsFunction(_ value: Value) throws -> Tensor { try #require(values[value.index]) }
}

/// A scalar of a graph, `Σ weight · value`, as a function of the inputs.
struct Pairing {
  let graph: Graph
  let terms: [(value: Value, weight: Tensor)]

  func callAsFunction(_ inputs: [Value: Tensor]) throws -> Double {
    let evaluation = try Evaluation(graph, inputs: inputs)
    var sum = 0.0
    for (value, weight) in terms {
      for (y, w) in zip(try evaluation(value).doubles, weight.doubles) { sum += y * w }
    }
    return sum
  }

  /// ∂/∂input by five-point differences, whose error is of order h⁴ ≈ 1e-11.
  func differences(_ input: Value, at inputs: [Value: Tensor]) throws -> [Double] {
    let tensor = try #require(inputs[input])
    let step = 0x1p-9
    return try (0..<tensor.count).map { index in
      func moved(_ steps: Double) throws -> Double {
        var inputs = inputs
        inputs[input] = tensor.mapped { $0 == index ? $1 + steps * step : $1 }
        return try self(inputs)
      }
      let near = try moved(1) - moved(-1)
      let far = try moved(2) - moved(-2)
      return (8 * near - far) / (12 * step)
    }
  }
}
