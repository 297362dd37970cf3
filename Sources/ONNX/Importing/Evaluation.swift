import Graphs
import Semantics
import Tensors

/// What values come to for the inputs that are given.
extension Builder {
  /// What a value holds.
  ///
  /// It is computed in doubles, with what the model declares to be narrower rounded to it, and kept: a
  /// loop asks for its condition again and again.
  ///
  /// - Throws: ``ContentsNeeded`` where it depends on an input that is not given.
  func evaluate(_ value: Value) throws -> Tensor {
    var waiting = [value]
    while let next = waiting.last {
      guard evaluated[next] == nil else {
        waiting.removeLast()
        continue
      }
      switch graph.source(of: next) {
      case .input(let name):
        guard let tensor = given[next] else { throw ContentsNeeded(value: value) }
        evaluated[next] = tensor.widened
        decisive.insert(name)
      case .parameter:
        guard let tensor = contents[next] else { throw ContentsNeeded(value: value) }
        evaluated[next] = tensor.widened
      case .node(let number, _):
        let node = graph.nodes[number]
        let operands = node.operands.compactMap { evaluated[$0] }
        guard operands.count == node.operands.count else {
          waiting += node.operands.filter { evaluated[$0] == nil }
          continue
        }
        let types = node.results.map { graph.type(of: $0) }
        for (result, tensor) in zip(node.results, try compute(node.op, operands, types)) {
          if let format = formats[result] { tensor.round(to: format) }
          evaluated[result] = tensor
        }
      }
    }
    guard let tensor = evaluated[value] else { throw ContentsNeeded(value: value) }
    return tensor
  }

  /// What an operand holds; nil where that depends on an input that is not given.
  func settled(_ operand: Operand) throws -> Tensor? {
    do {
      return try known(operand)
    } catch is ContentsNeeded {
      return nil
    }
  }

  /// The names of inputs that a value depends on and that are not given.
  func inputsNotGiven(for value: Value) -> [String] {
    var seen: Set<Value> = []
    var waiting = [value]
    var names: [String] = []
    while let value = waiting.popLast() {
      guard seen.insert(value).inserted else { continue }
      switch graph.source(of: value) {
      case .input(let name): if given[value] == nil { names.append(name) }
      case .parameter: break
      case .node(let number, _): waiting += graph.nodes[number].operands
      }
    }
    return names
  }
}
