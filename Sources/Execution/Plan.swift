public import Graphs
public import Numbers
public import Semantics
public import Tensors

/// A graph made ready to run: every value has its place in memory, and a step allocates nothing.
///
/// `T` is `Float`, or `Double` for reference. Intermediates share one arena by lifetime; inputs,
/// parameters and kept values have memory of their own for as long as the plan lives.
public final class Plan<T: Scalar> {
  public let graph: Graph
  /// Bytes of the arena that all intermediates share.
  public let arenaBytes: Int
  /// Bytes that the intermediates would take if none shared.
  public let unsharedBytes: Int
  /// Bytes of all parameters.
  public let parameterBytes: Int

  private let tensors: [Tensor?]
  private let steps: [Step]

  private struct Step {
    let op: any Operator
    let operands: [Tensor]
    let results: [Tensor]
    let workspace: Elements<T>
    let format: NumberFormat?
    let observed: [Value]
  }

  /// Lays the graph out.
  ///
  /// - Parameters:
  ///   - graph: a validated graph.
  ///   - keeping: values that can be read after a run; others are overwritten by later nodes.
  ///   - observing: values that the observer of a run is shown as soon as they are computed.
  ///   - format: the number format that every real result is rounded to; nil for that of `T`.
  public init(
    _ graph: Graph, keeping: [Value] = [], observing: [Value] = [], format: NumberFormat? = nil
  ) {
    self.graph = graph
    let layout = Layout<T>(graph, keeping: keeping)
    arenaBytes = layout.arena.byteCount
    unsharedBytes = layout.unsharedBytes
    let storage = Storage(byteCount: layout.arena.byteCount)
    let scratch = Tensor(zeros: [layout.workspace], T.elementType)

    var tensors = [Tensor?](repeating: nil, count: graph.types.count)
    for (index, type) in graph.types.enumerated() {
      switch layout.places[index] {
      case .own:
        tensors[index] = Tensor(zeros: type.shape, T.elementType(of: type.kind))
      case .arena(let offset):
        tensors[index] = Tensor(
          type.shape, T.elementType(of: type.kind), in: storage, byteOffset: offset)
      case .unused: break
      }
    }
    parameterBytes = graph.parameters.reduce(0) { sum, value in
      sum + graph.type(of: value).shape.count * T.elementType.byteCount
    }
    let shown = Set(observing)
    steps = graph.nodes.map { node in
      let signature = graph.signature(of: node)
      return Step(
        op: node.op, operands: node.operands.compactMap { tensors[$0.index] },
        results: node.results.compactMap { tensors[$0.index] },
        workspace: scratch.elements(as: T.self)[0..<node.op.workspace(for: signature)],
        format: format, observed: node.results.filter(shown.contains))
    }
    self.tensors = tensors
  }

  /// The memory of an input or parameter, to be filled before a run, or of a kept value.
  public subscript(value: Value) -> Tensor {
    guard let tensor = tensors[value.index] else {
      preconditionFailure("\(graph.name(of: value)) has no memory in this plan")
    }
    return tensor
  }

  /// Computes every node in order, showing observed values to `observer` while they are in cache.
  public func run(observer: some Observer) {
    for step in steps {
      step.op.value(of: step.operands, into: step.results, workspace: step.workspace)
      if let format = step.format {
        for result in step.results { result.round(to: format) }
      }
      for value in step.observed {
        if let tensor = tensors[value.index] { observer.observe(value, tensor) }
      }
    }
  }

  /// Computes every node in order.
  public func run() { run(observer: NoObserver()) }
}

/// Something that looks at values as they are computed.
public protocol Observer {
  func observe(_ value: Value, _ tensor: Tensor)
}

private struct NoObserver: Observer {
  func observe(_: Value, _: Tensor) {}
}

/// Where each value lies.
private struct Layout<T: Scalar> {
  enum Place {
    case own
    case arena(Int)
    case unused
  }

  private(set) var places: [Place]
  private(set) var arena = Arena()
  private(set) var unsharedBytes = 0
  private(set) var workspace = 0

  init(_ graph: Graph, keeping: [Value]) {
    places = .init(repeating: .unused, count: graph.types.count)
    var lastUse = [Int](repeating: -1, count: graph.types.count)
    for (number, node) in graph.nodes.enumerated() {
      for value in node.operands + node.results { lastUse[value.index] = number }
      workspace = max(workspace, node.op.workspace(for: graph.signature(of: node)))
    }
    for value in graph.inputs + graph.parameters + keeping { places[value.index] = .own }
    for (number, node) in graph.nodes.enumerated() {
      for value in node.results {
        guard case .unused = places[value.index] else { continue }
        let bytes = Self.bytes(graph.type(of: value))
        places[value.index] = .arena(arena.take(bytes))
        unsharedBytes += Arena.rounded(bytes)
      }
      // A value may stand twice among the operands; it is released once.
      var released: Set<Value> = []
      for value in node.operands + node.results where lastUse[value.index] == number {
        guard case .arena(let offset) = places[value.index], released.insert(value).inserted
        else { continue }
        arena.release(offset: offset, bytes: Self.bytes(graph.type(of: value)))
      }
    }
  }

  private static func bytes(_ type: TensorType) -> Int {
    type.shape.count * T.elementType(of: type.kind).byteCount
  }
}
