import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Sequences of tensors and optionals, which exist while a model is read and not in the graph.
  static let sequences: [String: Rule] = [
    "SequenceEmpty": { [.sequence([], of: try $0.dataType("dtype", default: .float))] },
    "SequenceConstruct": { context in
      let operands = try context.allInputs()
      guard let type = operands.first?.type, operands.allSatisfy({ $0.type == type }) else {
        throw ModelError.invalid("takes tensors of one type")
      }
      return [.sequence(operands, of: type)]
    },
    "SequenceLength": one { context in
      context.builder.integers([try context.sequence(0).operands.count], shape: .scalar)
    },
    "SequenceAt": { context in
      let (operands, _) = try context.sequence(0)
      guard let index = try context.place(ofInput: 1, in: operands.count) else {
        throw ModelError.invalid("has no position")
      }
      return [.tensor(operands[index])]
    },
    "SequenceErase": { context in
      var (operands, type) = try context.sequence(0)
      let index = try context.place(ofInput: 1, in: operands.count) ?? operands.count - 1
      guard operands.indices.contains(index) else { throw ModelError.invalid("is empty") }
      operands.remove(at: index)
      return [.sequence(operands, of: type)]
    },
    "SequenceInsert": { context in
      var (operands, type) = try context.sequence(0)
      let new = try context.input(1)
      guard new.type == type else {
        throw ModelError.invalid("a tensor of \(new.type) joins a sequence of \(type)")
      }
      // Negative positions count back from the end, as they are before the insertion.
      let stated = try context.integers(ofInput: 2)?.first ?? operands.count
      let index = stated < 0 ? stated + operands.count : stated
      guard (0...operands.count).contains(index) else {
        throw ModelError.invalid("position \(stated) is outside of \(operands.count) tensors")
      }
      operands.insert(new, at: index)
      return [.sequence(operands, of: type)]
    },
    "SplitToSequence": splitToSequence,
    "ConcatFromSequence": one { context in
      let (operands, _) = try context.sequence(0)
      guard let first = operands.first else { throw ModelError.invalid("the sequence is empty") }
      let isNew = try context.flag("new_axis")
      let axis = try context.axis(
        context.integer("axis"), rank: first.rank + (isNew ? 1 : 0))
      guard operands.allSatisfy({ $0.rank == first.rank }) else {
        throw ModelError.invalid("the tensors differ in their rank")
      }
      return try isNew
        ? context.builder.stack(operands, axis: axis)
        : context.builder.concat(operands, axis: axis)
    },
    "Optional": { context in [context.has(0) ? try context.item(0) : .nothing] },
    "OptionalHasElement": one { context in
      var has = false
      if context.has(0) {
        switch try context.item(0) {
        case .nothing: break
        default: has = true
        }
      }
      return context.builder.scalar(has ? 1 : 0, .bool)
    },
    "OptionalGetElement": { context in
      if case .nothing = try context.item(0) {
        throw ModelError.invalid("takes the element of an empty optional")
      }
      return [try context.item(0)]
    },
  ]

  private static func splitToSequence(_ context: NodeContext) throws -> [Item] {
    let (builder, x) = (context.builder, try context.input(0))
    let axis = try context.axis(context.integer("axis", default: 0), rank: x.rank)
    guard x.rank > 0 else { throw ModelError.invalid("a scalar cannot be split") }
    let extent = x.shape[axis]
    guard let split = try context.optional(1) else {
      let keeps = try context.flag("keepdims", default: true)
      guard extent <= 1 << 16 else {
        throw ModelError.invalid("cannot be split into \(extent) parts")
      }
      let parts = try builder.split(x, axis: axis, [Int](repeating: 1, count: extent))
      return [.sequence(try parts.map { try keeps ? $0 : builder.squeeze($0, [axis]) }, of: x.type)]
    }
    var extents = try context.integers(ofInput: 1) ?? []
    if split.rank == 0, let part = extents.first {
      guard part > 0 else { throw ModelError.invalid("parts of \(part) places") }
      extents = stride(from: 0, to: extent, by: min(part, max(extent, 1))).map {
        min(part, extent - $0)
      }
    }
    guard extents.allSatisfy({ $0 >= 0 }), extents.count <= 1 << 16 else {
      throw ModelError.invalid("a part is negative, or there are more than 65536 parts")
    }
    return [.sequence(try builder.split(x, axis: axis, extents), of: x.type)]
  }
}

extension NodeContext {
  func sequence(_ number: Int) throws -> (operands: [Operand], type: DataType) {
    guard case .sequence(let operands, let type) = try item(number) else {
      throw ModelError.invalid("input \(number) is no sequence")
    }
    return (operands, type)
  }

  /// A known position among `count`, which may count back; nil where there is no such input.
  func place(ofInput number: Int, in count: Int) throws -> Int? {
    guard let index = try integers(ofInput: number)?.first else { return nil }
    let place = index < 0 ? index + count : index
    guard (0..<count).contains(place) else {
      throw ModelError.invalid("position \(index) is outside of a sequence of \(count)")
    }
    return place
  }
}
