import Graphs
import Numbers
import Semantics
import Tensors

/// Which values lie in the place of others, and what that leaves nodes to do.
///
/// A view of a value lies where that value lies. A sum of which one part is read here for the last
/// time lies where that part lies, if the node that computes the other part can add to it in place.
struct Aliases {
  enum Role {
    case compute
    /// The node adds its result to the value that this result is an alias of.
    case accumulate
    /// The result is there already.
    case nothing
  }

  /// For every value, the one in whose place it lies; most often itself.
  private(set) var roots: [Value]
  /// What every node has to do.
  private(set) var roles: [Role]

  /// - Parameters:
  ///   - graph: what is run.
  ///   - formats: for every node, the format that its real results are rounded to, if any.
  ///   - keeping: values that are to be read after a run.
  ///   - observing: values that are shown to an observer.
  init(
    _ graph: Graph, formats: [NumberFormat?], keeping: Set<Value>, observing: Set<Value>
  ) {
    roots = graph.types.indices.map { Value($0) }
    roles = .init(repeating: .compute, count: graph.nodes.count)
    var producers = [Int?](repeating: nil, count: graph.types.count)
    // Of every root, the nodes that read it or an alias of it, in order.
    var uses = [[Int]](repeating: [], count: graph.types.count)
    var isKept = [Bool](repeating: false, count: graph.types.count)
    for value in keeping { isKept[value.index] = true }
    for (number, node) in graph.nodes.enumerated() {
      for value in node.results { producers[value.index] = number }
      for value in node.operands { uses[value.index].append(number) }
    }

    func merge(_ value: Value, into root: Value) {
      roots[value.index] = root
      uses[root.index] = (uses[root.index] + uses[value.index]).sorted()
      uses[value.index] = []
      if isKept[value.index] { isKept[root.index] = true }
    }

    for (number, node) in graph.nodes.enumerated() where node.op is any View {
      let (operand, result) = (node.operands[0], node.results[0])
      let root = roots[operand.index]
      let isExternal = producers[root.index] == nil
      // Rounding twice changes nothing; what comes from outside need not have been rounded.
      let isRounded =
        formats[number] == nil || graph.type(of: result).kind != .real
        || producers[operand.index].map { formats[$0] == formats[number] } ?? false
      guard isRounded, !(isExternal && isKept[result.index]) else { continue }
      merge(result, into: root)
      roles[number] = .nothing
    }

    for (number, node) in graph.nodes.enumerated()
    where node.op is any Addition && node.operands.count == 2 && formats[number] == nil {
      for (sum, part) in [(0, 1), (1, 0)] {
        let (sum, part) = (node.operands[sum], node.operands[part])
        let root = roots[sum.index]
        guard let product = producers[part.index], roots[part.index] == part,
          roles[product] == .compute, formats[product] == nil,
          let op = graph.nodes[product].op as? any Accumulating,
          op.canAccumulate(in: graph.signature(of: graph.nodes[product])),
          graph.type(of: sum) == graph.type(of: part),
          graph.type(of: part) == graph.type(of: node.results[0]),
          !isKept[part.index], !observing.contains(part), uses[part.index] == [number],
          let first = producers[root.index], first < product, roots[part.index] != root,
          !isKept[root.index], uses[root.index].last == number,
          uses[root.index].dropLast().last.map({ $0 < product }) ?? true
        else { continue }
        merge(part, into: root)
        merge(node.results[0], into: root)
        roles[product] = .accumulate
        roles[number] = .nothing
        break
      }
    }
  }
}
