import Execution
import Graphs
import Numbers
import Semantics
import Tensors

/// A region that can be run on probes, and what of it can leave it infinite or NaN.
final class RegionTrial {
  /// A node that failed on a probe in a way that reaches an end of the region.
  struct Failure {
    /// The place of the node in the region.
    let place: Int
    let kind: Hazard.Kind
    let explanation: String
    /// The real operands of the failing element, where the operator works element by element.
    let operands: [Double]
    /// The place of the node that overflowed before, so that this one met an infinity.
    let overflow: Int?
    /// Where a number overflows on the way to a result that does not: what that is in doubles.
    var exact: Double?
  }

  /// A free value with the least and the greatest number that it held.
  struct Witness {
    let value: Value
    let numbers: Interval
  }

  let region: Region
  private let graph: Graph
  private let plan: Plan<Float>
  private let leaves: [Leaf]
  /// The values of the whole graph that those of the region's own stand for.
  private let originals: [Value: Value]
  /// What leaves the region, and whether it is a gradient.
  private let ends: [(value: Value, isBackward: Bool)]
  /// Whether a node belongs to the backward pass.
  private let isGradient: [Bool]
  /// Nodes that are functions of one free real, element by element.
  private let isOneVariable: [Bool]

  /// Nil where the region's nodes cannot be put together.
  init?(
    _ region: Region, of whole: Graph, _ table: LeafTable, hulls: [Interval],
    format: NumberFormat?, nodeFormats: [Int: NumberFormat]
  ) {
    self.region = region
    var graph = Graph()
    var (read, made, originals) = ([Value: Value](), [Value: Value](), [Value: Value]())
    var leaves: [Leaf] = []
    for (number, leaf) in region.leaves.enumerated() {
      let value = graph.addInput("leaf \(number)", whole.type(of: leaf))
      read[leaf] = value
      originals[value] = leaf
      var known = table[leaf]
      if case .free(let natural) = known {
        let own = natural.intersection(hulls[leaf.index]) ?? natural
        // What nothing is known of goes as far as a probe does.
        known = .free(own == table.natural ? .whole : own)
      }
      leaves.append(known)
    }
    var formats: [Int: NumberFormat] = [:]
    for (place, number) in region.nodes.enumerated() {
      let node = whole.nodes[number]
      let operands = node.operands.compactMap { read[$0] ?? made[$0] }
      guard operands.count == node.operands.count,
        let results = try? graph.append(node.op, to: operands)
      else { return nil }
      for (value, own) in zip(node.results, results) {
        made[value] = own
        originals[own] = value
      }
      formats[place] = nodeFormats[number]
    }
    self.graph = graph
    self.leaves = leaves
    self.originals = originals
    isGradient = region.nodes.map { whole.nodes[$0].isBackward }
    ends = region.ends.compactMap { end in
      guard let value = made[end], whole.type(of: end).kind == .real else { return nil }
      return (value, whole.producer(of: end)?.isBackward == true)
    }
    isOneVariable = Self.functionsOfOneVariable(graph, leaves)
    guard
      let plan = try? Plan<Float>(
        graph, keeping: Array(graph.values), format: format, nodeFormats: formats)
    else { return nil }
    self.plan = plan
  }

  private static func functionsOfOneVariable(_ graph: Graph, _ leaves: [Leaf]) -> [Bool] {
    var origins = [Set<Value>?](repeating: [], count: graph.types.count)
    for (value, leaf) in zip(graph.inputs, leaves) {
      switch leaf {
      case .free: origins[value.index] = [value]
      case .contents(let tensor, _): origins[value.index] = tensor.count == 1 ? [] : nil
      default: origins[value.index] = nil
      }
    }
    return graph.nodes.map { node in
      var own: Set<Value>? = []
      for operand in node.operands {
        own = own.flatMap { known in
          origins[operand.index].map { known.union($0) }
        }
      }
      let isByElement = node.op is any Elementwise || node.op is any View || node.operands.isEmpty
      if !isByElement || own.map({ $0.count > 1 }) ?? true { own = nil }
      for value in node.results { origins[value.index] = own }
      return own != nil
    }
  }

  /// Numbers that single-element leaves and constants hold, at which something may happen.
  var constants: [Double] {
    var found: [Double] = []
    for leaf in leaves {
      if case .contents(let tensor, _) = leaf, tensor.count == 1, tensor.elementType == .float32 {
        found += tensor.doubles
      }
    }
    for node in graph.nodes where node.operands.isEmpty {
      let signature = graph.signature(of: node)
      guard signature.results.count == 1, signature.results[0].kind == .real,
        signature.results[0].shape.count == 1
      else { continue }
      found.append(node.op.bounds(of: [], in: signature)[0].hull.lower)
    }
    var seen: Set<Double> = [0, 1]
    return Array(found.filter { $0.isFinite && seen.insert(abs($0)).inserted }.prefix(6))
  }

  /// Runs a probe and tells what failed so that an end of the region is not finite.
  ///
  /// Where a result of the forward pass has overflowed, gradients that are not finite tell nothing
  /// new.
  func failures(on probe: Probe) -> [Failure] {
    fill(plan, probe)
    plan.run()
    var failures: [Failure] = []
    var overflows: [(value: Value, element: Int, place: Int, source: Int)] = []
    var isForwardFinite = true
    for (end, isBackward) in ends.sorted(by: { !$0.isBackward && $1.isBackward }) {
      let elements = plan[end].elements(as: Float.self)
      for element in Self.suspects(elements) {
        if !isBackward { isForwardFinite = false }
        switch origin(of: end, element) {
        case .failure(let failure):
          let isFar = probe.isExtreme && !isOneVariable[failure.place]
          let isConsequence = isGradient[failure.place] && failure.overflow != nil
          if !isFar, !isConsequence || isForwardFinite { failures.append(failure) }
        case .overflow(let place, let source):
          if !isBackward, probe.isModest { overflows.append((end, element, place, source)) }
        case .constant: break
        }
      }
    }
    return failures + swallowed(probe) + needless(overflows, probe)
  }

  /// Poles that ordinary values meet, and a function makes ordinary numbers of, as exp does of log 0.
  ///
  /// No end shows them, but the result no longer depends on anything, and nothing flows back. What a
  /// function selects in their place is a guard, and not told.
  private func swallowed(_ probe: Probe) -> [Failure] {
    guard probe.isOrdinary else { return [] }
    return graph.nodes.indices.flatMap { place -> [Failure] in
      let node = graph.nodes[place]
      guard let function = node.op as? any FunctionOfOne, !isGradient[place],
        let operand = node.operands.first, graph.type(of: operand).kind == .real
      else { return [] }
      let (read, made) = (
        plan[operand].elements(as: Float.self), plan[node.results[0]].elements(as: Float.self)
      )
      guard
        let element = Self.suspects(read).first(where: {
          made[$0].isFinite && !function.isFlat(at: Double(read[$0]))
        }), case .failure(let failure) = origin(of: operand, element), failure.kind == .pole,
        failure.overflow == nil, !isGradient[failure.place]
      else { return [] }
      return [failure]
    }
  }

  /// Overflows on the way to a result that is no large number in doubles.
  private func needless(
    _ overflows: [(value: Value, element: Int, place: Int, source: Int)], _ probe: Probe
  ) -> [Failure] {
    guard !overflows.isEmpty else { return [] }
    guard let exact = try? Plan<Double>(graph, keeping: overflows.map(\.value)) else { return [] }
    for value in graph.inputs {
      switch plan[value].elementType {
      case .float32:
        exact[value].copyBytes(from: Tensor(plan[value].doubles, shape: plan[value].shape))
      default: exact[value].copyBytes(from: plan[value])
      }
    }
    exact.run()
    return overflows.compactMap { overflow in
      let number = exact[overflow.value].elements(as: Double.self)[overflow.element]
      guard abs(number) < 1e4 else { return nil }
      return failure(
        overflow.place, .overflow, "", overflow: nil,
        operands: operands(ofNode: overflow.place, overflow.source), exact: number)
    }
  }

  private func fill(_ plan: Plan<Float>, _ probe: Probe) {
    for (number, value) in graph.inputs.enumerated() {
      leaves[number].fill(plan[value], number: number, probe)
    }
  }

  /// The first elements that are NaN or infinite, a few of each.
  private static func suspects(_ elements: Elements<Float>) -> [Int] {
    var (nans, infinities) = ([Int](), [Int]())
    for i in elements.indices {
      let element = elements[i]
      if element.isFinite { continue }
      if element.isNaN {
        if nans.count < 4 { nans.append(i) }
      } else if infinities.count < 4 {
        infinities.append(i)
      }
      if nans.count == 4, infinities.count == 4 { break }
    }
    return nans + infinities
  }

  // MARK: Tracing

  private enum Origin {
    case failure(Failure)
    /// A number that was too large, the result of this place at this element, and nothing else.
    case overflow(place: Int, element: Int)
    /// An infinity of the model's own, or what inputs alone decide.
    case constant
  }

  /// Where an element that is not finite comes from.
  private func origin(of value: Value, _ element: Int) -> Origin {
    var (value, element) = (value, element)
    while true {
      guard case .node(let place, let result) = graph.source(of: value),
        !graph.nodes[place].operands.isEmpty
      else { return .constant }
      let node = graph.nodes[place]
      let (operands, results) = (node.operands.map { plan[$0] }, node.results.map { plan[$0] })
      let cause = node.op.cause(
        ofElement: element, inResult: result, operands: operands, results: results)
      switch cause {
      case .passedOn(let operand, let next):
        guard node.operands.indices.contains(operand) else { return .constant }
        (value, element) = (node.operands[operand], next)
      case .produced(let reason, let explanation):
        if reason.isOverflow { return .overflow(place: place, element: element) }
        // Which indices and labels there are is the caller's to know.
        if reason == .indexOutOfRange || reason == .labelOutOfRange { return .constant }
        let isNaN = results[result].elements(as: Float.self)[element].isNaN
        var overflow: Int?
        if reason.readsInfinity {
          for (number, operand) in node.operands.enumerated() {
            guard let infinite = infinity(in: operands[number], results[result], element) else {
              continue
            }
            switch origin(of: operand, infinite) {
            case .failure(let earlier): return .failure(earlier)
            case .overflow(let source, _):
              // A gradient that is too large says the same as what it comes from.
              if isGradient[source] { return .overflow(place: source, element: infinite) }
              overflow = overflow ?? source
            case .constant:
              if isGradient[place] { return .constant }
            }
          }
        }
        return .failure(
          failure(
            place, isNaN ? .undefined : .pole, explanation, overflow: overflow,
            operands: self.operands(ofNode: place, element)))
      }
    }
  }

  /// The real operands that go with an element of a result.
  private func operands(ofNode place: Int, _ element: Int) -> [Double] {
    let node = graph.nodes[place]
    guard node.op is any Elementwise, let result = node.results.first else { return [] }
    let shape = graph.type(of: result).shape
    return node.operands.filter { graph.type(of: $0).kind == .real }.map {
      let tensor = plan[$0]
      return Double(
        tensor.elements(as: Float.self)[shape.place(of: element, in: tensor.shape)])
    }
  }

  /// Where an operand is infinite: at the element that goes with `element`, or anywhere.
  private func infinity(in operand: Tensor, _ result: Tensor, _ element: Int) -> Int? {
    guard operand.elementType == .float32 else { return nil }
    let elements = operand.elements(as: Float.self)
    if operand.shape.rank <= result.shape.rank {
      let own = result.shape.place(of: element, in: operand.shape)
      if elements.indices.contains(own), elements[own].isInfinite { return own }
      if operand.shape == result.shape { return nil }
    }
    return elements.indices.first { elements[$0].isInfinite }
  }

  private func failure(
    _ place: Int, _ kind: Hazard.Kind, _ explanation: String, overflow: Int?,
    operands: [Double], exact: Double? = nil
  ) -> Failure {
    Failure(
      place: place, kind: kind, explanation: explanation, operands: operands, overflow: overflow,
      exact: exact)
  }

  /// The free values that the node at a place depends on, and what they held in the last run.
  func witness(ofPlace place: Int) -> [Witness] {
    var needed = Set(graph.nodes[place].operands)
    for node in graph.nodes[...place].reversed()
    where node.results.contains(where: needed.contains) {
      needed.formUnion(node.operands)
    }
    return zip(graph.inputs, leaves).compactMap { value, leaf -> Witness? in
      guard case .free = leaf, needed.contains(value), let original = originals[value] else {
        return nil
      }
      let numbers = plan[value].doubles
      guard let first = numbers.first else { return nil }
      return Witness(
        value: original,
        numbers: numbers.reduce(Interval(first)) { $0.union(Interval($1)) })
    }
  }
}

extension Cause.Reason {
  /// Whether a number was too large, which is no failure of a domain.
  fileprivate var isOverflow: Bool {
    switch self {
    case .overflowOfSum, .overflowOfProduct, .overflowOfExponential, .overflowOfCast: true
    default: false
    }
  }

  /// Whether an operand is infinite.
  fileprivate var readsInfinity: Bool {
    switch self {
    case .zeroTimesInfinity, .infinityMinusInfinity, .infinityOverInfinity, .outsideDomain: true
    default: false
    }
  }
}

extension Shape {
  /// The element of `operand` that is broadcast to `element` of this shape.
  fileprivate func place(of element: Int, in operand: Shape) -> Int {
    var (rest, place, width) = (element, 0, 1)
    for back in 0..<rank {
      let extent = extents[rank - 1 - back]
      let position = extent == 0 ? 0 : rest % extent
      rest = extent == 0 ? 0 : rest / extent
      guard back < operand.rank else { continue }
      let own = operand[operand.rank - 1 - back]
      if own != 1 { place += position * width }
      width *= own
    }
    return place
  }
}

extension Hazard.Kind {
  /// A number for each.
  var number: Int {
    switch self {
    case .overflow: 0
    case .underflow: 1
    case .cancellation: 2
    case .pole: 3
    case .undefined: 4
    }
  }
}
