import Graphs
import Semantics
import Tensors

/// Bytes that a plan takes.
public struct PlanMemory: Hashable, Sendable {
  /// The arena that all intermediates share.
  public fileprivate(set) var arenaBytes = 0
  /// What the intermediates would take if none shared.
  public fileprivate(set) var unsharedBytes = 0
  /// All parameters.
  public fileprivate(set) var parameterBytes = 0
  /// All inputs.
  public fileprivate(set) var inputBytes = 0
  /// Kept values, which are outside the arena.
  public fileprivate(set) var keptBytes = 0
  /// The buffer that operators work in, one after the other.
  public fileprivate(set) var workspaceBytes = 0

  /// What the plan takes where these tensors hold inputs and parameters already: besides tensors
  /// the lists of pieces that it computes in, of about a thirtieth of what they compute.
  func bytes(beside bound: [Value: Tensor]) -> Int {
    let held = bound.values.reduce(0) { $0 + $1.shape.byteCount(of: $1.elementType) }
    return arenaBytes + unsharedBytes / 32 + keptBytes + workspaceBytes
      + max(0, parameterBytes + inputBytes - held)
  }
}

/// Where each value lies, decided in one walk over the nodes.
struct Layout<T: Scalar> {
  enum Place {
    /// An input or parameter, which callers fill.
    case external
    /// Memory that no other value shares.
    case own
    /// An offset in the arena, in bytes.
    case arena(Int)
  }

  private(set) var places: [Place]
  private(set) var memory = PlanMemory()
  /// Elements of the workspace.
  private(set) var workspace = 0

  /// - Parameters:
  ///   - graph: what is laid out.
  ///   - groups: its nodes in order; the values of a group live until its end.
  ///   - roots: for every value, the one in whose place it lies.
  ///   - keeping: values that get memory of their own.
  ///   - sharing: whether a value of a group may take the place of one that its nodes have read
  ///     for the last time. It has the same extent, and each piece passes through all nodes before
  ///     the next one, so nothing is overwritten that is still to be read.
  init(
    _ graph: Graph, groups: [Group], roots: [Value], keeping: Set<Value>, sharing: Bool
  ) {
    func bytes(_ value: Value) -> Int {
      let type = graph.type(of: value)
      return Arena.rounded(type.shape.count * T.elementType(of: type.kind).byteCount)
    }
    places = .init(repeating: .own, count: graph.types.count)
    for value in graph.inputs {
      places[value.index] = .external
      memory.inputBytes += bytes(value)
    }
    for value in graph.parameters {
      places[value.index] = .external
      memory.parameterBytes += bytes(value)
    }
    var isKept = [Bool](repeating: false, count: graph.types.count)
    for value in keeping { isKept[roots[value.index].index] = true }
    var lastUse = [Int](repeating: -1, count: graph.types.count)
    for number in groups.lazy.flatMap(\.nodes) {
      let node = graph.nodes[number]
      for value in node.operands + node.results { lastUse[roots[value.index].index] = number }
    }

    var arena = Arena()
    for group in groups {
      // Places that nodes of the group have given back, by their extent.
      var free: [Int: [Int]] = [:]
      var released: [(offset: Int, bytes: Int)] = []
      for number in group.nodes {
        let node = graph.nodes[number]
        workspace = max(workspace, node.op.workspace(for: graph.signature(of: node)))
        // Results take their places before operands give theirs back: a value rule may read an
        // operand after it has begun to write a result.
        for value in node.results where roots[value.index] == value {
          if isKept[value.index] {
            memory.keptBytes += bytes(value)
          } else {
            let offset = free[bytes(value)]?.popLast() ?? arena.take(bytes(value))
            places[value.index] = .arena(offset)
            memory.unsharedBytes += bytes(value)
          }
        }
        for value in (node.operands + node.results).map({ roots[$0.index] })
        where lastUse[value.index] == number {
          guard case .arena(let offset) = places[value.index] else { continue }
          // An operand may stand twice in the list; it is given back once.
          lastUse[value.index] = -1
          if sharing, group.count == graph.type(of: value).shape.count {
            free[bytes(value), default: []].append(offset)
          } else {
            released.append((offset, bytes(value)))
          }
        }
      }
      for (bytes, offsets) in free {
        for offset in offsets { released.append((offset, bytes)) }
      }
      for (offset, bytes) in released.sorted(by: { $0.offset < $1.offset }) {
        arena.release(offset: offset, bytes: bytes)
      }
    }
    memory.arenaBytes = arena.byteCount
    memory.workspaceBytes = workspace * T.elementType.byteCount
  }
}
