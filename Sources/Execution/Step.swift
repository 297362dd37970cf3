import Graphs
import Numbers
import Semantics
import Tensors

/// One node ready to run, or a piece of it.
struct Call {
  let op: any Operator
  let role: Aliases.Role
  let operands: [Tensor]
  let results: [Tensor]
  /// The format that real results are rounded to; nil for that of the elements.
  let format: NumberFormat?
  /// For each result, the value that an observer is shown; nil where it is not.
  let observed: [Value?]

  var signature: Signature {
    Signature(operands: operands.map(\.type), results: results.map(\.type))
  }
}

/// Nodes that run together: one that is computed whole, or elementwise ones in pieces.
///
/// After a node that is computed whole, its results are rounded and summarised in pieces. Pieces lie
/// in parts that threads share; the cuts depend on extents alone.
///
/// Classes, because a run passes thousands of them and a reference is cheaper to copy. Not generic,
/// because code for a type that is known only at run time would be slow; the type of the elements
/// is asked for once per operator.
final class Step {
  private let whole: Call?
  private let pieces: [[Finish]]
  private let parts: Int
  private let workspace: Tensor
  private let watched: [(value: Value, tensor: Tensor)]
  private let places: [Slots]

  /// Elements of a piece: a few such arrays lie in the second-level cache.
  private static let pieceCount = 4096
  private static let mostParts = 16
  /// Elements to be computed or looked at that are worth more than one part.
  private static let leastShared = 8192

  /// Where the elements of a watched value are summarised: each part fills a slot of its own.
  private struct Slots {
    /// The slot of the first part, which in the end has seen everything.
    let first: Int
    /// The slot of the second part; those of others follow.
    let others: Int

    func slot(_ part: Int) -> Int { part == 0 ? first : others + part - 1 }
  }

  /// What happens to a piece of the results of one node.
  private final class Finish {
    /// The node that computes the piece; nil when it is computed already.
    let op: (any Operator)?
    let operands: [Tensor]
    let results: [Tensor]
    let format: NumberFormat?
    /// For each result, the number of its watched value; nil where nobody watches.
    let watched: [Int?]

    init(
      op: (any Operator)?, operands: [Tensor], results: [Tensor], format: NumberFormat?,
      watched: [Int?]
    ) {
      self.op = op
      self.operands = operands
      self.results = results
      self.format = format
      self.watched = watched
    }
  }

  /// - Parameters:
  ///   - calls: the nodes of `group`.
  ///   - group: which of them are computed in pieces.
  ///   - workspace: for the node that is computed whole, of the type that reals have.
  ///   - remembered: slots of the summaries that outlast the step; others come after these.
  init(
    _ calls: [Call], _ group: Group, workspace: Tensor, remembered: [Value: Int]
  ) {
    self.workspace = workspace
    whole = group.startsWhole ? calls.first : nil
    var watched: [(value: Value, tensor: Tensor)] = []
    // For each node and result, the number of its watched value.
    let numbers: [[Int?]] = calls.map { call in
      zip(call.results, call.observed).map { tensor, value in
        guard let value, tensor.elementType == workspace.elementType else { return nil }
        watched.append((value, tensor))
        return watched.count - 1
      }
    }
    var pieces: [[Finish]] = []
    var work = 0
    if let count = group.count {
      work = count * (calls.count + watched.count - (group.startsWhole ? 1 : 0))
      for range in Self.cuts(of: count) {
        pieces.append(
          calls.indices.map { index in
            let (call, numbers) = (calls[index], numbers[index])
            let isComputed = index == 0 && group.startsWhole
            return Finish(
              op: isComputed ? nil : call.op,
              operands: call.operands.map { $0.count == count ? $0.piece(range) : $0 },
              results: call.results.map { $0.piece(range) }, format: call.format, watched: numbers)
          })
      }
    } else {
      for (call, numbers) in zip(calls, numbers) {
        for (result, number) in zip(call.results, numbers)
        where call.format != nil || number != nil {
          work += result.count
          for range in Self.cuts(of: result.count) {
            pieces.append([
              Finish(
                op: nil, operands: [], results: [result.piece(range)], format: call.format,
                watched: [number])
            ])
          }
        }
      }
    }
    self.pieces = pieces
    let parts =
      work < Self.leastShared ? min(1, pieces.count) : min(Self.mostParts, pieces.count)
    self.parts = parts
    var free = remembered.count
    places = watched.map { value, _ in
      let kept = remembered[value]
      defer { free += max(parts - 1, 0) + (kept == nil ? 1 : 0) }
      return Slots(first: kept ?? free, others: kept == nil ? free + 1 : free)
    }
    slotCount = free
    self.watched = watched
  }

  private static func cuts(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: max(count, 1), by: pieceCount).map { $0..<min(count, $0 + pieceCount) }
  }

  /// The number of slots that the step needs, remembered ones included.
  let slotCount: Int

  func run(_ slots: SummarySlots, _ observer: (some Observer)?) {
    if let whole { compute(whole) }
    guard parts > 0 else { return }
    for place in places {
      for part in 0..<parts { slots.clear(place.slot(part)) }
    }
    Threads.run(parts: parts, Work(step: self, slots: slots))
    for place in places {
      for part in 1..<parts { slots.merge(place.slot(part), into: place.first) }
    }
    guard let observer else { return }
    for (place, (value, tensor)) in zip(places, watched) {
      observer.observe(value, tensor, slots[place.first])
    }
  }

  private func compute(_ call: Call) {
    if workspace.elementType == .float32 {
      compute(call, as: Float.self)
    } else {
      compute(call, as: Double.self)
    }
  }

  private func compute<T: Scalar>(_ call: Call, as _: T.Type) {
    let workspace = workspace.elements(as: T.self)
    if call.role == .accumulate, let op = call.op as? any Accumulating {
      op.addValue(of: call.operands, to: call.results, workspace: workspace)
    } else {
      call.op.value(of: call.operands, into: call.results, workspace: workspace)
    }
  }

  private struct Work: PartedWork {
    let step: Step
    let slots: SummarySlots

    func run(part: Int) {
      let count = step.pieces.count
      for piece in (count * part / step.parts)..<(count * (part + 1) / step.parts) {
        for finish in step.pieces[piece] { step.run(finish, part, slots) }
      }
    }
  }

  private func run(_ finish: Finish, _ part: Int, _ slots: SummarySlots) {
    if let op = finish.op {
      if workspace.elementType == .float32 {
        op.value(
          of: finish.operands, into: finish.results, workspace: workspace.elements(as: Float.self))
      } else {
        op.value(
          of: finish.operands, into: finish.results, workspace: workspace.elements(as: Double.self))
      }
    }
    for index in finish.results.indices {
      if let format = finish.format { finish.results[index].round(to: format) }
      if let number = finish.watched[index] {
        slots.add(finish.results[index], to: places[number].slot(part))
      }
    }
  }
}

extension Tensor {
  /// A part of the elements in a row; elements of 8 bytes keep it aligned, and pieces begin at
  /// multiples of 8 elements.
  fileprivate func piece(_ range: Range<Int>) -> Tensor {
    range.count == count
      ? self
      : Tensor(
        [range.count], elementType, in: storage,
        byteOffset: byteOffset + range.lowerBound * elementType.byteCount)
  }

  fileprivate var type: TensorType {
    switch elementType {
    case .float32, .float64: TensorType(shape, .real)
    case .int64: TensorType(shape, .integer)
    case .bool: TensorType(shape, .boolean)
    }
  }
}
