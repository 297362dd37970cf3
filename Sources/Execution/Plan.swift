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

  private struct Step {
    let op: any Operator
    let operands: [Tensor]
    let results: [Tensor]
    let workspace: Elements<T>
    let format: NumberFormat?
    let observed: [(value: Value, tensor: Tensor)]
  }

  /// Lays the graph out.
  ///
  /// - Parameters:
  ///   - graph: a validated graph.
  ///   - keeping: values that can be read after a run; others are overwritten by later nodes.
  ///   - observing: values that the observer of a run is shown as soon as they are computed.
  ///   - format: the number format that every real result is rounded to; nil for that of `T`.
  ///   - nodeFormats: formats of single nodes, by their number, where they differ from `format`.
  ///   - bound: tensors that take the place of the plan's own memory for inputs and parameters;
  ///     they must be of the value's shape, and reals of type `T`.
  public init(
    _ graph: Graph, keeping: [Value] = [], observing: [Value] = [], format: NumberFormat? = nil,
    nodeFormats: [Int: NumberFormat] = [:], binding bound: [Value: Tensor] = [:]
  ) {
    self.graph = graph
    self.format = format?.narrowing(T.self)
    let layout = Layout<T>(graph, keeping: keeping)
    memory = layout.memory
    let storage = Storage(byteCount: layout.memory.arenaBytes)
    let scratch = Tensor(zeros: [layout.workspace], T.elementType)

    var tensors = [Tensor?](repeating: nil, count: graph.types.count)
    for (index, type) in graph.types.enumerated() {
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
    let shown = Set(observing)
    steps = graph.nodes.enumerated().map { number, node in
      let length = node.op.workspace(for: graph.signature(of: node))
      return Step(
        op: node.op, operands: node.operands.compactMap { tensors[$0.index] },
        results: node.results.compactMap { tensors[$0.index] },
        workspace: scratch.elements(as: T.self)[0..<length],
        format: (nodeFormats[number] ?? format)?.narrowing(T.self),
        observed: node.results.filter(shown.contains).compactMap { value in
          tensors[value.index].map { (value, $0) }
        })
    }
    self.tensors = tensors
  }

  /// The memory of a value: an input or parameter, to be filled before a run, or a kept value.
  ///
  /// While an observer is called, also the operands and results of the node that was just run.
  public subscript(value: Value) -> Tensor {
    guard let tensor = tensors[value.index] else {
      preconditionFailure("\(graph.name(of: value)) has no memory in this plan")
    }
    return tensor
  }

  /// Rounds what the inputs and parameters hold to the format of the plan, in place.
  ///
  /// A run reads them as they are, so that weights kept in a wider format than the rest of the
  /// network stay exact.
  public func roundInputsAndParameters() {
    guard let format else { return }
    for value in graph.inputs + graph.parameters { tensors[value.index]?.round(to: format) }
  }

  /// Computes every node in order, showing observed values to `observer` while they are in cache.
  public func run(observer: some Observer) {
    for step in steps {
      step.op.value(of: step.operands, into: step.results, workspace: step.workspace)
      if let format = step.format {
        for result in step.results { result.round(to: format) }
      }
      for (value, tensor) in step.observed { observer.observe(value, tensor) }
    }
  }

  /// Computes every node in order.
  public func run() { run(observer: NoObserver()) }
}

/// Something that looks at values as they are computed.
public protocol Observer {
  /// Called after the node that computes `value`, in the order of nodes.
  ///
  /// The elements may be overwritten by the next node.
  func observe(_ value: Value, _ tensor: Tensor)
}

private struct NoObserver: Observer {
  func observe(_: Value, _: Tensor) {}
}

extension NumberFormat {
  /// The format where it has fewer numbers than `T`, and otherwise nil.
  fileprivate func narrowing<T: Scalar>(_: T.Type) -> NumberFormat? {
    bitCount < T.elementType.byteCount * 8 ? self : nil
  }
}
