import Graphs
import ONNX
import ONNXMessages
import Tensors

extension ModelFile {
  /// The model with other contents of its initializers, and of constant nodes that hold weights; nil
  /// where none of `contents` is one that holds reals.
  func replacing(_ contents: [String: Tensor]) -> ModelFile? {
    var message = message
    var count = 0
    for number in message.graph.initializer.indices {
      let tensor = message.graph.initializer[number]
      guard let reals = contents[tensor.name], let new = try? replacing(tensor, by: reals) else {
        continue
      }
      message.graph.initializer[number] = new
      count += 1
    }
    for number in message.graph.node.indices where message.graph.node[number].opType == "Constant" {
      let node = message.graph.node[number]
      guard let name = node.output.first, let reals = contents[name],
        let place = node.attribute.firstIndex(where: { $0.name == "value" && $0.hasT }),
        let new = try? replacing(node.attribute[place].t, by: reals)
      else { continue }
      message.graph.node[number].attribute[place].t = new
      count += 1
    }
    return count == 0 ? nil : ModelFile(message, editedFrom: self)
  }
}

extension Tensor {
  /// A copy in doubles, every element times a factor.
  func scaled(by factor: Double) -> Tensor {
    Tensor(doubles.map { $0 * factor }, shape: shape)
  }
}
