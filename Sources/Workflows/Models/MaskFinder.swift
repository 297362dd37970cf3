import Graphs
import ONNX
import Operators
import Semantics
import Tensors

/// What 1, or true, says in a mask.
enum MaskSense: Sendable {
  /// That a place is looked at.
  case kept
  /// That a place is left out.
  case ignored
}

/// Finds inputs that a model uses as masks, by what it makes of them.
///
/// An input is a mask where a number of at least 1e4 in size is multiplied with it, or chosen by it, before
/// it meets what the model computes: only a choice between 0 and 1 makes sense there.
struct MaskFinder {
  private let graph: Graph
  private let contents: [Value: Tensor]
  private let readers: [Value: [Int]]
  /// From which size on a number leaves places out.
  private static let large = 1e4

  init(_ model: ImportedModel) {
    graph = model.graph
    contents = model.contents
    var readers: [Value: [Int]] = [:]
    for (number, node) in model.graph.nodes.enumerated() {
      for operand in node.operands { readers[operand, default: []].append(number) }
    }
    self.readers = readers
  }

  /// What 1 says in an input; nil where it is no mask.
  func sense(of input: Value) -> MaskSense? {
    var waiting: [(value: Value, rises: Bool)] = [(input, true)]
    var seen: Set<Value> = [input]
    while let (value, rises) = waiting.popLast() {
      for number in readers[value] ?? [] {
        let node = graph.nodes[number]
        if let sense = sense(of: node, value, rises) { return sense }
        guard let next = passed(by: node, value, rises) else { continue }
        for result in node.results where seen.insert(result).inserted {
          waiting.append((result, next))
        }
      }
    }
    return nil
  }

  /// What a node that reads a value decides; `rises` says whether 1 in the input makes the value larger.
  private func sense(of node: Graph.Node, _ value: Value, _ rises: Bool) -> MaskSense? {
    switch node.op {
    case is Where where node.operands[0] == value:
      if isLow(node.operands[1]) { return rises ? .ignored : .kept }
      if isLow(node.operands[2]) { return rises ? .kept : .ignored }
      return nil
    case is Mul:
      let other = node.operands[0] == value ? node.operands[1] : node.operands[0]
      guard let number = number(other), abs(number) >= Self.large else { return nil }
      return (number > 0) == rises ? .kept : .ignored
    case is Attention: return node.operands.dropFirst(3).contains(value) ? .kept : nil
    default: return nil
    }
  }

  /// Whether 1 in the input makes the result of a node larger; nil where it is followed no further.
  private func passed(by node: Graph.Node, _ value: Value, _ rises: Bool) -> Bool? {
    let others = node.operands.filter { $0 != value }
    switch node.op {
    case is Not: return !rises
    case is Sub:
      guard others.allSatisfy({ number($0) != nil }) else { return nil }
      return node.operands[0] == value ? rises : !rises
    case is Mul, is Div:
      guard let factor = others.first.flatMap(number) else { return others.isEmpty ? rises : nil }
      return (factor > 0) == rises
    case is Add:
      return others.allSatisfy { number($0) != nil } ? rises : nil
    case is Equal:
      guard let other = others.first.flatMap(number) else { return nil }
      return other == 0 ? !rises : rises
    case is Greater, is GreaterOrEqual:
      guard others.allSatisfy({ number($0) != nil }) else { return nil }
      return node.operands[0] == value ? rises : !rises
    case is Less, is LessOrEqual:
      guard others.allSatisfy({ number($0) != nil }) else { return nil }
      return node.operands[0] == value ? !rises : rises
    case is And, is Or: return rises
    case is Where:
      // Chosen between by something else, or a choice that is not yet one of what is left out.
      return node.operands[0] == value ? choice(node, rises) : nil
    default:
      let kind = graph.type(of: value).kind
      return node.operands.count == 1
        || (node.operands.first == value && others.allSatisfy { graph.type(of: $0).kind != kind })
        ? rises : nil
    }
  }

  /// Whether the chosen one of two numbers is larger for 1.
  private func choice(_ node: Graph.Node, _ rises: Bool) -> Bool? {
    guard let a = number(node.operands[1]), let b = number(node.operands[2]) else { return nil }
    return (a > b) == rises
  }

  /// The one number that all elements of a value are; nil where they differ or are not known.
  private func number(_ value: Value) -> Double? {
    if let constant = graph.producer(of: value)?.op as? Constant { return constant.number }
    guard let tensor = contents[value], tensor.count > 0, tensor.count <= 1 << 16 else {
      return moved(value).flatMap(number)
    }
    if tensor.elementType == .bool { return nil }
    let numbers = tensor.doubles
    return numbers.allSatisfy { $0 == numbers[0] } ? numbers[0] : nil
  }

  /// Whether a value is a large negative number.
  private func isLow(_ value: Value) -> Bool {
    number(value).map { $0 <= -Self.large } ?? false
  }

  /// What a node with one operand only moves or converts.
  private func moved(_ value: Value) -> Value? {
    guard let node = graph.producer(of: value), node.operands.count == 1,
      node.op is any View || node.op is Cast || node.op is Expand
    else { return nil }
    return node.operands[0]
  }
}
