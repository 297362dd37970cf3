import Graphs
import Numbers
import Semantics
import Tensors

/// Nodes of a graph that lie between sums of products, so that what they compute follows from
/// values that are free.
struct Region {
  /// Their numbers, in order of execution.
  let nodes: [Int]
  /// Values that are read and not computed here, in the order of their first use.
  let leaves: [Value]
  /// Values that leave the region, or that nobody reads.
  let ends: [Value]
  /// The number of elements of all values.
  let elements: Int
}

/// The regions of a graph that hold a node which needs a closer look.
struct RegionMap {
  private(set) var regions: [Region] = []

  private let graph: Graph
  private let hulls: [Interval]
  /// What a wide interval reaches to, on both sides of 0.
  private let width: Double
  /// Values that are free for those who read them: inputs, sums of products, and what still can be
  /// anything after such a sum was moved, scaled or added to something.
  private(set) var isFree: [Bool]
  /// Values that depend on constants of the model alone.
  private var isFixed: [Bool]
  /// Nodes that are not computed in any region.
  private var isCut: [Bool]
  private var readers: [[Int]]

  /// Results with more elements are not computed.
  private static let greatestResult = 1 << 22

  /// - Parameters:
  ///   - graph: a validated graph.
  ///   - walk: an interval for every value, and the nodes to look at.
  ///   - far: the same where free values reach farther, which counts for functions of one of them.
  ///   - natural: what a free real lies in.
  ///   - constants: parameters that nobody changes.
  ///   - kept: values that somebody looks at.
  init(
    _ graph: Graph, _ walk: HullWalk, far: HullWalk, natural: Interval, constants: Set<Value>,
    kept: Set<Value>
  ) {
    self.graph = graph
    hulls = walk.hulls
    width = max(1, natural.upper * 0x1p-20)
    isFree = Array(repeating: false, count: graph.types.count)
    isFixed = isFree
    isCut = Array(repeating: false, count: graph.nodes.count)
    readers = Array(repeating: [], count: graph.types.count)
    for value in graph.inputs { isFree[value.index] = true }
    for value in constants { isFixed[value.index] = true }
    for (number, node) in graph.nodes.enumerated() {
      for operand in node.operands { readers[operand.index].append(number) }
    }
    findFreeValues()
    gather(walk.suspects.union(far.suspects.filter(isOneVariable)), kept)
  }

  /// Whether a forward node is a function of one free value, element by element.
  private func isOneVariable(_ number: Int) -> Bool {
    var origins: Set<Value> = []
    var (seen, waiting) = (Set([number]), [number])
    while let number = waiting.popLast() {
      let node = graph.nodes[number]
      guard !node.isBackward, seen.count < 64, node.op is any Elementwise || node.op is any View
      else { return false }
      for operand in node.operands where !isFixed[operand.index] {
        switch graph.source(of: operand) {
        case .node(let other, _) where !isFree[operand.index]:
          if seen.insert(other).inserted { waiting.append(other) }
        default: origins.insert(operand)
        }
        if origins.count > 1 { return false }
      }
    }
    return origins.count == 1
  }

  private mutating func findFreeValues() {
    /// Free values with one reader in the forward pass: what that one makes of it is as free.
    var single = [Bool](repeating: false, count: graph.types.count)
    func isSingle(_ value: Value) -> Bool {
      let readers = readers[value.index]
      let isGradient = graph.producer(of: value)?.isBackward == true
      return readers.count { isGradient || !graph.nodes[$0].isBackward } <= 1
    }
    for (number, node) in graph.nodes.enumerated() {
      let isLarge = node.results.contains {
        graph.type(of: $0).shape.count > Self.greatestResult
      }
      if node.op is any Mixing || isLarge {
        isCut[number] = true
        for value in node.results {
          isFree[value.index] = true
          single[value.index] = isSingle(value)
        }
      } else if node.operands.allSatisfy({ isFixed[$0.index] }) {
        for value in node.results { isFixed[value.index] = true }
      } else if let result = node.results.first, node.results.count == 1,
        node.isBackward
          ? node.op is any Addition : node.op is any Elementwise || node.operands.count == 1,
        isWide(result),
        node.operands.contains(where: {
          single[$0.index] && isWide($0)
            && graph.type(of: $0).shape.count == graph.type(of: result).shape.count
        })
      {
        isFree[result.index] = true
        single[result.index] = isSingle(result)
      }
    }
  }

  private func isWide(_ value: Value) -> Bool {
    let hull = hulls[value.index]
    return hull.isBounded && hull.lower <= -width && hull.upper >= width
  }

  private func isComputed(_ number: Int) -> Bool {
    !isCut[number] && !graph.nodes[number].results.allSatisfy { isFixed[$0.index] }
  }

  /// Joins nodes that hand each other values that are neither free nor fixed.
  private mutating func gather(_ suspects: Set<Int>, _ kept: Set<Value>) {
    var isSeen = Array(repeating: false, count: graph.nodes.count)
    for start in suspects.sorted() where isComputed(start) && !isSeen[start] {
      isSeen[start] = true
      var (own, waiting) = ([start], [start])
      func visit(_ number: Int) {
        guard isComputed(number), !isSeen[number] else { return }
        isSeen[number] = true
        own.append(number)
        waiting.append(number)
      }
      while let number = waiting.popLast() {
        for operand in graph.nodes[number].operands
        where !isFree[operand.index] && !isFixed[operand.index] {
          if case .node(let other, _) = graph.source(of: operand) { visit(other) }
        }
        for result in graph.nodes[number].results where !isFree[result.index] {
          for reader in readers[result.index] { visit(reader) }
        }
      }
      regions.append(region(of: own.sorted(), kept))
    }
  }

  private func region(of own: [Int], _ kept: Set<Value>) -> Region {
    let members = Set(own)
    var numbers = members
    // What constants are made of is computed along.
    var waiting = own
    while let number = waiting.popLast() {
      for operand in graph.nodes[number].operands where isFixed[operand.index] {
        guard case .node(let other, _) = graph.source(of: operand),
          numbers.insert(other).inserted
        else { continue }
        waiting.append(other)
      }
    }
    let nodes = numbers.sorted()
    var (computed, seen) = (Set<Value>(), Set<Value>())
    var (leaves, ends) = ([Value](), [Value]())
    var elements = 0
    for number in nodes {
      let node = graph.nodes[number]
      for operand in node.operands where !computed.contains(operand) || isFree[operand.index] {
        guard seen.insert(operand).inserted else { continue }
        leaves.append(operand)
        elements += graph.type(of: operand).shape.count
      }
      for value in node.results {
        computed.insert(value)
        elements += graph.type(of: value).shape.count
        guard members.contains(number) else { continue }
        let leaves = readers[value.index].contains { !members.contains($0) }
        if leaves || readers[value.index].isEmpty || kept.contains(value) || isFree[value.index] {
          ends.append(value)
        }
      }
    }
    return Region(nodes: nodes, leaves: leaves, ends: ends, elements: elements)
  }
}
