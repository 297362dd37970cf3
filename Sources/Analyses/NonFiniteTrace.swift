import Execution
import Graphs
import Numbers
import Semantics
import Tensors

/// What was not finite in a run, and where it came from.
///
/// An infinity that a constant of the model means, such as the logits that a mask leaves out, does not
/// count; nor does what never reaches a result or a gradient that somebody uses.
struct NonFiniteTrace {
  /// The first element of a value that is not finite, with its cause.
  struct Origin {
    let value: Value
    let element: Int
    let count: Int
    let cause: Cause
  }

  /// Values that hold infinities because a constant of the model does.
  private var meant: Set<Value> = []
  private var seen: Set<Value> = []
  /// Values that are not finite although nothing before them was unmeant, in order of execution.
  private var origins: [Origin] = []
  /// How many origins are explained: a broken model may have thousands.
  private static let most = 64

  /// Takes a constant's infinities as meant.
  mutating func mean(_ constant: Value) { meant.insert(constant) }

  /// Takes note of a value that is not finite.
  mutating func see(
    _ value: Value, _ node: Graph.Node, _ tensor: Tensor, _ summary: Summary, _ plan: Plan<Float>
  ) {
    if summary.nanCount == 0,
      node.operands.isEmpty || node.operands.contains(where: meant.contains),
      !node.operands.contains(where: seen.contains)
    {
      meant.insert(value)
      return
    }
    seen.insert(value)
    guard !node.operands.contains(where: seen.contains), origins.count < Self.most else { return }
    // Of a value that is NaN in places and infinite as meant in others, NaN is what went wrong.
    let elements = tensor.elements(as: Float.self)
    let isNaN = summary.nanCount > 0
    guard
      let element = elements.indices.first(where: {
        isNaN ? elements[$0].isNaN : !elements[$0].isFinite
      }), let result = node.results.firstIndex(of: value)
    else { return }
    let cause = node.op.cause(
      ofElement: element, inResult: result, operands: node.operands.map { plan[$0] },
      results: node.results.map { plan[$0] })
    origins.append(
      Origin(value: value, element: element, count: summary.nonFinite, cause: cause))
  }

  /// The first origin whose infinities or NaN reach any of `ends`.
  func first(reaching ends: [Value], in graph: Graph) -> Origin? {
    guard !seen.isEmpty else { return nil }
    var waiting = ends.filter(seen.contains)
    var reached = Set(waiting)
    while let value = waiting.popLast() {
      for operand in graph.producer(of: value)?.operands ?? []
      where seen.contains(operand) && reached.insert(operand).inserted {
        waiting.append(operand)
      }
    }
    return origins.first { reached.contains($0.value) }
  }

  /// The first sum of the forward pass that left the format although nothing was harmed by it.
  ///
  /// Another input may meet it where it harms: a row of attention that is left out as a whole.
  func firstOverflow(in graph: Graph) -> Origin? {
    origins.first { origin in
      guard let node = graph.producer(of: origin.value), !node.isBackward else { return false }
      if case .produced(.overflowOfSum, _) = origin.cause { return true }
      return false
    }
  }
}
