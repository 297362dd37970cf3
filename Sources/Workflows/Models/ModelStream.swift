import Analyses
import Graphs
import ONNX
import Operators
import Semantics
import Tensors

/// What flows through a model from its inputs and weights to its results.
///
/// A layer's activation lies on this stream: it depends on weights, and results depend on it through
/// reals. Masks, tables of positions, shapes and constants of the program do not lie on it.
struct ModelStream {
  let graph: Graph
  /// Parameters that no training changes: constants, exponents, masks and numbers of the program.
  let frozen: Set<Value>
  /// The result that gradients start at: a loss where the model has one, else its first real output
  /// that weights reach.
  let output: Value?
  /// How the model ends, where that is known.
  let ending: Subject.Ending?
  /// Whether a value depends on an input.
  private let varies: [Bool]
  /// Whether a value depends on a trained parameter of more than one element.
  private let isWeighted: [Bool]
  /// Whether the output depends on a value through reals.
  private let isRead: [Bool]

  init(_ model: ImportedModel) {
    let graph = model.graph
    self.graph = graph
    let count = graph.types.count
    var varies = [Bool](repeating: false, count: count)
    for input in graph.inputs { varies[input.index] = true }
    for node in graph.nodes where node.operands.contains(where: { varies[$0.index] }) {
      for result in node.results { varies[result.index] = true }
    }
    self.varies = varies
    let frozen = Self.frozen(model)
    self.frozen = frozen
    let tables = graph.parameters.filter {
      !frozen.contains($0) && graph.type(of: $0).kind == .real && graph.type(of: $0).shape.count > 1
    }
    let isWeighted = Self.depending(on: tables, graph)
    self.isWeighted = isWeighted
    let reals = model.outputs.map(\.value).filter { graph.type(of: $0).kind == .real }
    let stream = reals.filter { isWeighted[$0.index] && varies[$0.index] }
    let loss = stream.first { Self.isNumber(graph.type(of: $0).shape) }
    let output = loss ?? stream.first ?? reals.first
    self.output = output
    guard let output else {
      ending = nil
      isRead = [Bool](repeating: false, count: count)
      return
    }
    let head = Self.head(of: output, graph, isWeighted, frozen)
    let isLoss =
      Self.isNumber(graph.type(of: output).shape) && graph.type(of: head).shape.count > 1
    ending = Subject.Ending(head: head, isLoss: isLoss)
    isRead = Self.read(by: output, graph)
  }

  /// Whether a value can be what a layer hands on.
  func holds(_ value: Value) -> Bool {
    isWeighted[value.index] && varies[value.index] && isRead[value.index]
      && graph.type(of: value).kind == .real
  }

  /// Whether a value depends on weights and inputs at all.
  func isComputed(_ value: Value) -> Bool {
    isWeighted[value.index] && varies[value.index] && graph.type(of: value).kind == .real
  }

  /// The node from which on everything belongs to the loss; nil where there is none.
  var lossStart: Int? {
    guard let ending, ending.isLoss, case .node(let number, _) = graph.source(of: ending.head)
    else { return nil }
    return number
  }

  /// One number for the whole batch: its shape has no axis left.
  private static func isNumber(_ shape: Shape) -> Bool { shape.rank == 0 || shape.extents == [1] }

  private static func depending(on values: [Value], _ graph: Graph) -> [Bool] {
    var depends = [Bool](repeating: false, count: graph.types.count)
    for value in values { depends[value.index] = true }
    for node in graph.nodes where node.operands.contains(where: { depends[$0.index] }) {
      for result in node.results where graph.type(of: result).kind == .real {
        depends[result.index] = true
      }
    }
    return depends
  }

  private static func read(by output: Value, _ graph: Graph) -> [Bool] {
    var isRead = [Bool](repeating: false, count: graph.types.count)
    isRead[output.index] = true
    for node in graph.nodes.reversed() where node.results.contains(where: { isRead[$0.index] }) {
      for operand in node.operands where graph.type(of: operand).kind == .real {
        isRead[operand.index] = true
      }
    }
    return isRead
  }

  /// The last value before the output that everything from weights goes through, after the last node
  /// that reads a weight of more than one element.
  private static func head(
    of output: Value, _ graph: Graph, _ isWeighted: [Bool], _ frozen: Set<Value>
  ) -> Value {
    func number(_ value: Value) -> Int? {
      if case .node(let number, _) = graph.source(of: value) { number } else { nil }
    }
    var frontier: Set<Value> = [output]
    var head = output
    while true {
      if frontier.count == 1, let only = frontier.first { head = only }
      guard let last = frontier.compactMap(number).max() else { return head }
      let node = graph.nodes[last]
      let operands = node.operands.filter { isWeighted[$0.index] }
      let readsWeights = operands.contains { operand in
        if case .parameter = graph.source(of: operand) { true } else { false }
      }
      if readsWeights || operands.isEmpty { return head }
      frontier.subtract(node.results)
      frontier.formUnion(operands)
    }
  }
}

extension ModelStream {
  /// Real parameters that no training changes.
  ///
  /// Besides constants these are exponents, running statistics, tables of two numbers of which one is 0, which are masks,
  /// and single numbers that never meet what weights or real inputs gave: numbers of the program.
  private static func frozen(_ model: ImportedModel) -> Set<Value> {
    let graph = model.graph
    var frozen = model.constants
    for value in graph.parameters where graph.type(of: value).kind != .real { frozen.insert(value) }
    frozen.formUnion(exponents(model))
    // Running means and variances are gathered, not trained.
    for node in graph.nodes where node.op is BatchNormalization {
      frozen.formUnion(node.operands.dropFirst(3))
    }
    var singles: Set<Value> = []
    var sources: [Value] = graph.inputs.filter { graph.type(of: $0).kind == .real }
    for parameter in model.parameters where !frozen.contains(parameter) {
      if graph.type(of: parameter).shape.count == 1 {
        singles.insert(parameter)
      } else if model.contents[parameter]?.isMaskOfTwoNumbers == true {
        frozen.insert(parameter)
      } else {
        sources.append(parameter)
      }
    }
    let meets = depending(on: sources, graph)
    var met: Set<Value> = []
    for node in graph.nodes where node.operands.contains(where: { meets[$0.index] }) {
      met.formUnion(node.operands)
    }
    frozen.formUnion(singles.subtracting(met))
    return frozen
  }

  private static func exponents(_ model: ImportedModel) -> Set<Value> {
    let graph = model.graph
    var exponents: Set<Value> = []
    for node in graph.nodes where node.op is Pow {
      var exponent = node.operands[1]
      while let cast = graph.producer(of: exponent), cast.op is Cast {
        exponent = cast.operands[0]
      }
      exponents.insert(exponent)
    }
    return exponents.intersection(model.parameters)
  }
}

extension Tensor {
  /// Whether there are exactly two numbers in it, one of them 0, as in masks and no weights.
  fileprivate var isMaskOfTwoNumbers: Bool {
    switch elementType {
    case .float32: Self.isMask(elements(as: Float.self))
    case .float64: Self.isMask(elements(as: Double.self))
    case .int64, .bool: false
    }
  }

  private static func isMask<T: Scalar>(_ elements: Elements<T>) -> Bool {
    var other: T?
    var hasZero = false
    for i in elements.indices {
      let element = elements[i]
      if element == 0 {
        hasZero = true
      } else if let other, other != element {
        return false
      } else {
        other = element
      }
    }
    return hasZero && other != nil
  }
}
