import Semantics
import Tensors

extension Graph: CustomStringConvertible {
  /// The graph for people: one line for each input, parameter and node.
  ///
  /// A node's line has the names and types of its results, and the operator with its attributes and
  /// the names of its operands:
  /// `layers.1.Gemm#0: [4, 3] = Gemm(x, layers.1.weight; transB 1)`.
  public var description: String {
    var lines: [String] = []
    for (index, source) in sources.enumerated() {
      switch source {
      case .input(let name): lines.append("input \(name): \(types[index])")
      case .parameter(let name): lines.append("parameter \(name): \(types[index])")
      case .node(let number, result: 0): lines.append(line(of: nodes[number]))
      case .node: break
      }
    }
    return lines.joined(separator: "\n")
  }

  private func line(of node: Node) -> String {
    let results = node.results.map { "\(name(of: $0)): \(types[$0.index])" }
    let operands = node.operands.map { name(of: $0) }.joined(separator: ", ")
    let attributes = node.op.attributes.values.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value.text)" }.joined(separator: ", ")
    let call = [operands, attributes].filter { !$0.isEmpty }.joined(separator: "; ")
    return "\(results.joined(separator: ", ")) = \(node.op.typeName)(\(call))"
  }
}

extension Attributes.Value {
  /// The value without the name of its case.
  fileprivate var text: String {
    switch self {
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let value): value
    case .integers(let values): "\(values)"
    case .reals(let values): "\(values)"
    }
  }
}
