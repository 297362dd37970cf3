import Graphs
import Numbers
import ONNX
import Operators
import Semantics
import Tensors

/// A model's nodes computed one after the other in doubles, which someone looks at, and may change, as they
/// come.
///
/// Values are kept as long as a later node reads them; those that hold elements of parameters stay.
struct ForwardPass {
  private let graph: Graph
  private(set) var tensors: [Value: Tensor] = [:]
  private var remaining: [Int]

  /// A node that has just been computed.
  struct Computed {
    let number: Int
    let node: Graph.Node
    let results: [Tensor]
    fileprivate let operands: [Tensor]
    fileprivate let workspace: Tensor

    /// Computes the node again, after its operands were changed in place.
    func again() {
      node.op.value(
        of: operands, into: results, workspace: workspace.elements(as: Double.self))
    }
  }

  init(_ patient: ModelPatient, seed: UInt64) {
    graph = patient.model.graph
    remaining = [Int](repeating: 0, count: graph.types.count)
    for node in graph.nodes { for operand in node.operands { remaining[operand.index] += 1 } }
    for value in graph.parameters {
      tensors[value] = patient.model.contents[value].map {
        $0.elementType == .float32 ? Tensor($0.doubles, shape: $0.shape) : $0.copy()
      }
    }
    for value in graph.inputs {
      let type = graph.type(of: value)
      let tensor = Tensor(zeros: type.shape, Double.elementType(of: type.kind))
      patient.fill(value, tensor, seed)
      tensors[value] = tensor
    }
  }

  /// Computes all nodes in order; `keeping` are values that stay although no node reads them any more.
  mutating func run(keeping kept: (Value) -> Bool, _ look: (inout ForwardPass, Computed) -> Void) {
    for (number, node) in graph.nodes.enumerated() {
      let signature = graph.signature(of: node)
      let operands = node.operands.compactMap { tensors[$0] }
      guard operands.count == node.operands.count else { return }
      let computed = Computed(
        number: number, node: node,
        results: signature.results.map {
          Tensor(zeros: $0.shape, Double.elementType(of: $0.kind))
        }, operands: operands,
        workspace: Tensor(zeros: [node.op.workspace(for: signature)], .float64))
      computed.again()
      for (value, result) in zip(node.results, computed.results) { tensors[value] = result }
      look(&self, computed)
      for operand in node.operands {
        remaining[operand.index] -= 1
        if remaining[operand.index] == 0, !kept(operand) { tensors[operand] = nil }
      }
    }
  }
}
