import ONNX
import ONNXMessages
import Tensors

/// Weights with rows of zeros whose norms endangered operators divide by, or take a root of.
struct ZeroWeights {
  private(set) var names: [String] = []

  /// Nodes that are followed from an operator to a weight.
  private static let reach = 24

  init(_ patient: ModelPatient) {
    var message = patient.file.message
    var found: Set<String> = []
    message.editBodies { body in
      let view = BodyView(body, of: patient.file, types: patient.model.types)
      for node in body.nodes {
        guard let output = node.firstOutput,
          patient.endangered.contains(ModelPlace(body.function, output))
        else { continue }
        found.formUnion(Self.weights(before: node, view))
      }
    }
    names = found.sorted()
  }

  /// The end of a sentence that names them; empty where there are none.
  var sentence: String {
    guard let first = names.first else { return "" }
    return names.count == 1
      ? ", where \(first) has rows of zeros"
      : ", where \(first) and \(names.count - 1) other weights have rows of zeros"
  }

  private static func weights(before node: Onnx_NodeProto, _ view: BodyView) -> [String] {
    var (waiting, found) = (node.input, [String]())
    for _ in 0..<reach {
      guard let name = waiting.popLast() else { break }
      if let before = view.producer(
        name, "ReduceL2", "Sqrt", "ReduceSumSquare", "ReduceSum", "Mul", "Pow", "Clip", "Max")
      {
        waiting += before.input
      } else if let tensor = view.constant(name), tensor.shape.rank > 1, hasZeroRow(tensor) {
        found.append(name)
      }
    }
    return found
  }

  private static func hasZeroRow(_ tensor: Tensor) -> Bool {
    guard let width = tensor.shape.extents.last, width > 1 else { return false }
    let numbers = tensor.numbers
    return stride(from: 0, to: numbers.count, by: width).contains { start in
      numbers[start..<min(numbers.count, start + width)].allSatisfy { $0 == 0 }
    }
  }
}
