public import Graphs
public import Numbers
public import Semantics
public import Tensors

/// A graph made ready to run: every value has its place in memory, and a step allocates nothing.
///
/// `T` is `Float`, or `Double` for reference. Intermediates share one arena by lifetime; inputs,
/// parameters and kept values have memory of their own for as long as the plan lives. A plan is
/// used by one thread at a time; large operators share their work out themselves.
public final class Plan<T: Scalar> {
  public let graph: Graph
  /// Bytes that the plan takes.
  public let memory: PlanMemory

  private let tensors: [Tensor?]
  private let steps: [Step]
  private let format: NumberFormat?
  /// The summaries that are remembered, and room for what the parts of a step gather.
  private let summaries: SummarySlots
  /// Where the summary of a value is, if it is remembered.
  private let remembered: [Value: Int]

  /// Lays the graph out.
  ///
  /// - Parameters:
  ///   - graph: a validated graph.
  ///   - keeping: values that can be read after a run; others are overwritten by later nodes.
  ///   - observing: real values that are summarised and shown to the observer of a run.
  ///   - remembersSummaries: whether ``summary(of:)`` knows observed values after a run, which then
  ///     takes no observer.
  ///   - format: the number format that every real result is rounded to; nil for that of `T`.
  ///   - nodeFormats: formats of single nodes, by their number, where they differ from `format`.
  ///   - bound: tensors that take the place of the plan's own memory for inputs and parameters;
  ///     they must be of the value's shape, and reals of type `T`.
  /// - Throws: ``MemoryError`` where it takes more than the ``MemoryBudget`` has left.
  public init(
    _ graph: Graph, keeping: [Value] = [], observing: [Value] = [],
    remembersSummaries: Bool = false, format: NumberFormat? = nil,
    nodeFormats: [Int: NumberFormat] = [:], binding bound: [Value: Tensor] = [:]
  ) throws(MemoryError) {
    self.graph = graph
    self.format = format?.narrowing(T.self)
    let shown = Set(observing)
    let formats = graph.nodes.indices.map { (nodeFormats[$0] ?? format)?.narrowing(T.self) }
    let aliases = Aliases(graph, formats: formats, keeping: Set(keeping), observing: shown)
    let groups = Group.all(
      of: graph, roles: aliases.roles,
      isIdle: { node in !node.results.contains { shown.contains($0) } },
      joinsWhole: remembersSummaries)
    // Who observes may look at what the node read; what is remembered was gathered before.
    let layout = Layout<T>(
      graph, groups: groups, roots: aliases.roots, keeping: Set(keeping),
      sharing: observing.isEmpty || remembersSummaries)
    memory = layout.memory
    try MemoryBudget.check(
      memory.bytes(beside: bound), for: "a pass over batches of this size")
    let storage = Storage(byteCount: layout.memory.arenaBytes)
    if layout.memory.arenaBytes >= Self.largeArena { storage.prepare() }
    let scratch = Tensor(zeros: [layout.workspace], T.elementType)

    var tensors = [Tensor?](repeating: nil, count: graph.types.count)
    for (index, type) in graph.types.enumerated() where aliases.roots[index] == Value(index) {
      let elementType = T.elementType(of: type.kind)
      switch layout.places[index] {
      case .own:
        tensors[index] = Tensor(zeros: type.shape, elementType)
      case .external:
        guard let tensor = bound[Value(index)] else {
          tensors[index] = Tensor(zeros: type.shape, elementType)
          continue
        }
        precondition(
          tensor.shape == type.shape && tensor.elementType == elementType,
          "\(graph.name(of: Value(index))) is bound to a tensor of another type")
        tensors[index] = tensor
      case .arena(let offset):
        tensors[index] = Tensor(type.shape, elementType, in: storage, byteOffset: offset)
      }
    }
    for (index, type) in graph.types.enumerated() where aliases.roots[index] != Value(index) {
      tensors[index] = tensors[aliases.roots[index].index]?.reshaped(type.shape)
    }
    var remembered: [Value: Int] = [:]
    if remembersSummaries {
      for value in graph.nodes.lazy.flatMap(\.results)
      where shown.contains(value) && graph.type(of: value).kind == .real {
        remembered[value] = remembered.count
      }
    }
    self.remembered = remembered
    var steps: [Step] = []
    steps.reserveCapacity(groups.count)
    for group in groups {
      let calls = group.nodes.map { number in
        let node = graph.nodes[number]
        return Call(
          op: node.op, role: aliases.roles[number],
          operands: node.operands.compactMap { tensors[$0.index] },
          results: node.results.compactMap { tensors[$0.index] },
          format: aliases.roles[number] == .compute ? formats[number] : nil,
          observed: node.results.map { shown.contains($0) ? $0 : nil })
      }
      steps.append(Step(calls, group, workspace: scratch, remembered: remembered))
    }
    self.steps = steps
    summaries = SummarySlots(count: steps.map(\.slotCount).max() ?? remembered.count)
    self.tensors = tensors
  }

  /// From this many bytes on, memory takes longer to get than to use once.
  private static var largeArena: Int { 1 << 24 }

  /// The memory of a value: an input or parameter, to be filled before a run, or a kept value.
  ///
  /// While an observer is called, also the operands and results of the node that was just run.
  public subscript(value: Value) -> Tensor {
    guard let tensor = tensors[value.index] else {
      preconditionFailure("\(graph.name(of: value)) has no memory in this plan")
    }
    return tensor
  }

  /// What was seen of a value in the last run; nil where it is not remembered.
  public func summary(of value: Value) -> Summary? { remembered[value].map { summaries[$0] } }

  /// Rounds what the inputs and parameters hold to the format of the plan, in place.
  ///
  /// A run reads them as they are, so that weights kept in a wider format than the rest of the
  /// network stay exact.
  public func roundInputsAndParameters() {
    guard let format else { return }
    for value in graph.inputs + graph.parameters { tensors[value.index]?.round(to: format) }
  }

  /// Computes every node in order, showing observed values to `observer` as they are computed.
  ///
  /// - Precondition: the plan does not remember summaries, whose values may be overwritten by then.
  public func run(observer: some Observer) {
    precondition(remembered.isEmpty, "a plan that remembers summaries takes no observer")
    for step in steps { step.run(summaries, observer) }
  }

  /// Computes every node in order.
  public func run() {
    for step in steps { step.run(summaries, NoObserver?.none) }
  }
}

/// Something that looks at values as they are computed.
public protocol Observer {
  /// Called for every observed real value after the nodes that are computed together with the one
  /// that gives it, in the order of nodes.
  ///
  /// The elements may be overwritten by later nodes. The summary is gathered in the pass that
  /// rounds the elements, while they are in cache.
  func observe(_ value: Value, _ tensor: Tensor, _ summary: Summary)
}

private struct NoObserver: Observer {
  func observe(_: Value, _: Tensor, _: Summary) {}
}

extension NumberFormat {
  /// The format where it has fewer numbers than `T`, and otherwise nil.
  fileprivate func narrowing<T: Scalar>(_: T.Type) -> NumberFormat? {
    bitCount < T.elementType.byteCount * 8 ? self : nil
  }
}
