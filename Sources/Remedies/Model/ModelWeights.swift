import Graphs
import Networks
import Numbers
import ONNX
import Operators
import Semantics
import Tensors

/// What the weights of an imported model are multiplied with, found in its graph.
///
/// A parameter is followed through operators that only move or cast its elements to the sums of products
/// that read it. A bias is what is added to such a sum.
struct ModelWeights {
  struct Weight {
    let parameter: Value
    let name: String
    let target: ParameterTarget
    /// Whether its product is the last one of a residual branch.
    let endsBranch: Bool
  }

  private(set) var weights: [Weight] = []
  /// What is added to products.
  private(set) var biases: [Value] = []
  /// Residual branches.
  let branches: Int
  /// The parameter that a value holds the elements of, moved.
  let sources: [Value: Value]
  /// The fan-in of the products that biases are added to.
  private var biasFans: [Value: Double] = [:]

  init(_ model: ImportedModel) {
    let graph = model.graph
    let trained = Set(model.parameters)
    var sources: [Value: Value] = [:]
    for value in trained { sources[value] = value }
    var products: [Value: (node: Graph.Node, operand: Int)] = [:]
    var order: [Value] = []
    // The weight whose product a value is, with what was added to it.
    var sums: [Value: Value] = [:]
    var owners: [Value: Value] = [:]
    var biases: [Value] = []
    var readers: [Value: [Int]] = [:]
    for (number, node) in graph.nodes.enumerated() {
      for operand in Set(node.operands) { readers[operand, default: []].append(number) }
      if Self.moves(node.op), let first = node.operands.first, let source = sources[first] {
        for result in node.results { sources[result] = source }
      } else if node.op is Add, node.operands.allSatisfy({ sources[$0] != nil }) {
        // Both biases of a recurrent layer.
        biases += node.operands.compactMap { sources[$0] }
        for result in node.results { sources[result] = sources[node.operands[0]] }
      } else if let product = node.op as? any SumOfProducts {
        guard let place = node.operands.prefix(2).firstIndex(where: { sources[$0] != nil }),
          node.operands.prefix(2).count(where: { sources[$0] != nil }) == 1,
          let parameter = sources[node.operands[place]], product is Conv || node.operands.count > 1
        else { continue }
        if products[parameter] == nil {
          products[parameter] = (node, place)
          order.append(parameter)
        }
        for result in node.results { sums[result] = parameter }
        if node.operands.count > 2, let bias = sources[node.operands[2]] {
          biases.append(bias)
          owners[bias] = parameter
        }
      } else if node.op is Add, node.operands.count == 2 {
        for (a, b) in [(0, 1), (1, 0)] where sums[node.operands[a]] != nil {
          guard let bias = sources[node.operands[b]] else { continue }
          biases.append(bias)
          owners[bias] = sums[node.operands[a]]
          for result in node.results { sums[result] = sums[node.operands[a]] }
        }
      } else if Self.moves(node.op), let first = node.operands.first, let weight = sums[first] {
        for result in node.results { sums[result] = weight }
      }
    }
    self.sources = sources
    let chains = Chains(graph: graph, readers: readers, sources: sources)
    let ends = chains.branchEnds()
    branches = ends.count
    let last = Set(ends.compactMap { $0 })
    weights = order.compactMap { parameter in
      guard let (node, place) = products[parameter] else { return nil }
      return Weight(
        parameter: parameter, name: graph.name(of: parameter),
        target: Self.target(
          of: parameter, node, place, graph, activation: chains.activation(after: node)),
        endsBranch: last.contains(parameter))
    }
    let fans = Dictionary(
      weights.map { ($0.parameter, $0.target.fanIn) }, uniquingKeysWith: { first, _ in first })
    biasFans = owners.compactMapValues { fans[$0] }
    var seen: Set<Value> = Set(order)
    self.biases = biases.filter { seen.insert($0).inserted }
  }

  /// The fan-in of the product that a bias is added to; nil where it is added to several.
  func fanIn(ofBias bias: Value) -> Double? { biasFans[bias] }

  /// Whether an operator hands on its first operand's elements, in another order or shape.
  static func moves(_ op: any Operator) -> Bool {
    op is Reshape || op is Transpose || op is Slice || op is Split || op is Squeeze
      || op is Unsqueeze || op is Flatten || op is Cast || op is Expand
  }

  /// The fans from how many products are summed in an element in the middle of the result.
  private static func target(
    of parameter: Value, _ node: Graph.Node, _ place: Int, _ graph: Graph,
    activation: (any ActivationFunction)?
  ) -> ParameterTarget {
    let signature = graph.signature(of: node)
    let (result, other) = (
      signature.results[0].shape.count, signature.operands[1 - place].shape.count
    )
    var terms = 0.0
    if let sum = node.op as? any SumOfProducts, result > 0 {
      sum.forEachTerm(ofElement: result / 2, in: signature) { if $0.second != nil { terms += 1 } }
    }
    terms = max(1, terms)
    return ParameterTarget(
      graph.type(of: parameter).shape, role: .weight, fanIn: terms,
      fanOut: max(1, terms * Double(result) / Double(max(1, other))), activation: activation)
  }
}

/// Walks from products to what follows them.
private struct Chains {
  let graph: Graph
  let readers: [Value: [Int]]
  let sources: [Value: Value]
  private static let reach = 24

  private func isNorm(_ node: Graph.Node) -> Bool {
    node.op is LayerNormalization || node.op is BatchNormalization || node.op is RMSNormalization
      || node.op is Dropout
  }

  /// The activation that reads a product, behind biases, norms and what moves elements.
  ///
  /// What multiplies a function of the product with the product itself, as SiLU and GELU do where they are
  /// written out, counts as a rectifier.
  func activation(after product: Graph.Node) -> (any ActivationFunction)? {
    var value = product.results[0]
    for _ in 0..<Self.reach {
      let nodes = (readers[value] ?? []).map { graph.nodes[$0] }
      if nodes.count > 1 {
        let isGated = nodes.contains { $0.op is Mul } && nodes.contains { !($0.op is Mul) }
        return isGated ? Relu() : nodes.compactMap { $0.op as? any ActivationFunction }.first
      }
      guard let node = nodes.first else { return nil }
      if let function = node.op as? any ActivationFunction { return function }
      let isBias = node.op is Add && node.operands.contains { sources[$0] != nil }
      guard isBias || isNorm(node) || ModelWeights.moves(node.op), let next = node.results.first
      else { return nil }
      value = next
    }
    return nil
  }

  /// For every residual sum the parameter of the last product in its branch; nil where there is none.
  func branchEnds() -> [Value?] {
    graph.nodes.compactMap { node -> Value?? in
      guard node.op is Add, node.operands.count == 2,
        node.operands.allSatisfy({ sources[$0] == nil }),
        graph.type(of: node.operands[0]).shape == graph.type(of: node.operands[1]).shape
      else { return nil }
      for (skip, branch) in [(0, 1), (1, 0)] {
        guard let end = lastProduct(before: node.operands[branch], after: node.operands[skip])
        else { continue }
        return .some(end)
      }
      return nil
    }
  }

  /// The parameter of the last product on the way from `start` to `end`; nil where `end` does not depend
  /// on `start` through any.
  private func lastProduct(before end: Value, after start: Value) -> Value? {
    guard reaches(end, start) else { return nil }
    var value = end
    for _ in 0..<Self.reach {
      guard let node = graph.producer(of: value), value != start else { return nil }
      if node.op is any SumOfProducts,
        let parameter = node.operands.prefix(2).compactMap({ sources[$0] }).first
      {
        return parameter
      }
      guard let next = node.operands.first(where: { sources[$0] == nil && isReal($0) }) else {
        return nil
      }
      value = next
    }
    return nil
  }

  private func isReal(_ value: Value) -> Bool { graph.type(of: value).kind == .real }

  private func reaches(_ end: Value, _ start: Value) -> Bool {
    var (waiting, seen) = ([end], Set([end]))
    while let value = waiting.popLast(), seen.count < 512 {
      if value == start { return true }
      // Values are numbered in order: what comes before the start does not depend on it.
      guard value.index > start.index, let node = graph.producer(of: value) else { continue }
      for operand in node.operands where seen.insert(operand).inserted { waiting.append(operand) }
    }
    return false
  }
}
