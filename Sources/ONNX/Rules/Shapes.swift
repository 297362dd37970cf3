import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Operators that move elements without computing with them.
  static let shapes: [String: Rule] = [
    "Reshape": one(reshape),
    "Flatten": one { context in
      let x = try context.input(0)
      let axis = try context.integer("axis", default: 1)
      let place = axis < 0 ? axis + x.rank : axis
      guard (0...x.rank).contains(place) else {
        throw ModelError.invalid("axis \(axis) is outside of \(x.rank) axes")
      }
      let rows = Shape.count(of: x.shape.extents[..<place])
      let columns = Shape.count(of: x.shape.extents[place...])
      return try context.builder.reshape(x, [rows, columns])
    },
    "Transpose": one { context in
      let x = try context.input(0)
      let permutation = try context.integers("perm") ?? (0..<x.rank).reversed()
      guard permutation.sorted() == Array(0..<x.rank) else {
        throw ModelError.invalid("perm \(permutation) does not order \(x.rank) axes")
      }
      return try context.builder.transpose(x, permutation)
    },
    "Squeeze": one { context in
      let x = try context.input(0)
      let axes = try context.integers("axes", orInput: 1)
      return try context.builder.squeeze(
        x,
        axes.map { try context.axes($0, rank: x.rank) }
          ?? x.shape.extents.indices.filter { x.shape[$0] == 1 })
    },
    "Unsqueeze": one { context in
      let axes = try context.integers("axes", orInput: 1) ?? []
      return try context.builder.unsqueeze(context.input(0), axes)
    },
    "Expand": one { context in
      let x = try context.input(0)
      let wanted = Shape(try context.extents(ofInput: 1))
      guard let shape = x.shape.broadcast(with: wanted) else {
        throw ModelError.invalid("\(x.shape) does not expand to \(wanted)")
      }
      return try context.builder.expand(x, shape.extents)
    },
    "Concat": one { context in
      let operands = try context.allInputs()
      guard let first = operands.first else { throw ModelError.invalid("has no inputs") }
      let axis = try context.axis(
        context.integer("axis", default: context.opset < 4 ? 1 : nil), rank: first.rank)
      guard operands.allSatisfy({ $0.rank == first.rank && $0.kind == first.kind }) else {
        throw ModelError.invalid("inputs differ in their rank or type")
      }
      return try context.builder.concat(operands, axis: axis)
    },
    "Split": { try split($0).map(Item.tensor) },
    "Slice": one(slice),
    "Pad": one(pad),
    "Tile": one { context in
      let x = try context.input(0)
      var repeats = try context.extents(ofInput: 1)
      if context.opset < 6 {
        // One axis, and how often it is repeated.
        guard let times = repeats.first, let number = try context.integers(ofInput: 2)?.first else {
          throw ModelError.invalid("has no tiles or no axis")
        }
        let axis = try context.axis(number, rank: x.rank)
        repeats = (0..<x.rank).map { $0 == axis ? times : 1 }
      }
      guard repeats.count == x.rank else {
        throw ModelError.invalid("\(repeats.count) repeats do not fit \(x.rank) axes")
      }
      return try context.builder.tile(x, repeats)
    },
    "Trilu": one(trilu),
    "ReverseSequence": one(reverseSequence),
    "Shape": one { context in
      let x = try context.input(0)
      func place(_ axis: Int) -> Int { min(max(axis < 0 ? axis + x.rank : axis, 0), x.rank) }
      let start = place(try context.integer("start", default: 0))
      let end = place(try context.integer("end", default: x.rank))
      return context.builder.integers(Array(x.shape.extents[start..<max(start, end)]))
    },
    "Size": one { context in
      context.builder.integers([try context.input(0).count], shape: .scalar)
    },
  ]

  private static func reshape(_ context: NodeContext) throws -> Operand {
    let x = try context.input(0)
    guard var extents = try context.integers("shape", orInput: 1) else {
      throw ModelError.invalid("has no shape")
    }
    let allowsZero = try context.flag("allowzero")
    for axis in extents.indices where extents[axis] == 0 && !allowsZero {
      guard axis < x.rank else {
        throw ModelError.invalid("axis \(axis) of shape \(extents) copies none of \(x.shape)")
      }
      extents[axis] = x.shape[axis]
    }
    if let open = extents.firstIndex(of: -1) {
      extents[open] = 1
      let known = try Limits.shape(extents, of: "the result").count
      guard known > 0, x.count % known == 0 else {
        throw ModelError.invalid("\(x.shape) does not fit the shape \(extents)")
      }
      extents[open] = x.count / known
    }
    guard try Limits.shape(extents, of: "the result").count == x.count else {
      throw ModelError.invalid("\(x.shape) does not fit the shape \(extents)")
    }
    return try context.builder.reshape(x, extents)
  }

  private static func split(_ context: NodeContext) throws -> [Operand] {
    let x = try context.input(0)
    let axis = try context.axis(context.integer("axis", default: 0), rank: x.rank)
    let extent = x.rank == 0 ? 1 : x.shape[axis]
    if let extents = try context.integers("split", orInput: 1) {
      guard extents.allSatisfy({ $0 >= 0 }), extents.count <= 1 << 16 else {
        throw ModelError.invalid("split \(extents.prefix(8)) must hold the extents of the parts")
      }
      return try context.builder.split(x, axis: axis, extents)
    }
    let parts = try context.integer("num_outputs", default: context.outputCount)
    guard parts > 0, parts <= 1 << 16 else {
      throw ModelError.invalid("cannot be split into \(parts) parts")
    }
    let part = (extent + parts - 1) / parts
    let extents = (0..<parts).map { max(0, min(part, extent - $0 * part)) }
    return try context.builder.split(x, axis: axis, extents)
  }

  private static func slice(_ context: NodeContext) throws -> Operand {
    let x = try context.input(0)
    guard let starts = try context.wideIntegers("starts", orInput: 1),
      let ends = try context.wideIntegers("ends", orInput: 2)
    else { throw ModelError.invalid("has no starts or ends") }
    let axes = try context.integers("axes", orInput: 3) ?? Array(0..<starts.count)
    let steps = try context.wideIntegers(ofInput: 4) ?? starts.map { _ in 1 }
    guard starts.count == ends.count, axes.count == starts.count, steps.count == starts.count else {
      throw ModelError.invalid("starts, ends, axes and steps have different lengths")
    }
    guard steps.allSatisfy({ $0 != 0 && $0 != .min }) else {
      throw ModelError.invalid("a step is 0, or beyond all extents")
    }
    return try context.builder.apply(
      Slice(
        starts: starts.map(\.clamped), ends: ends.map(\.clamped),
        axes: context.axes(axes, rank: x.rank), steps: steps.map(\.clamped)), x)
  }

  /// Every padding is a gather of places along each axis; constant ones are joined on.
  private static func pad(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    // Version 1 has another word for it.
    let name = context.hasAttribute("paddings") ? "paddings" : "pads"
    guard let pads = try context.integers(name, orInput: 1) else {
      throw ModelError.invalid("has no pads")
    }
    let axes =
      try context.integers(ofInput: 3).map { try context.axes($0, rank: x.rank) }
      ?? Array(0..<x.rank)
    guard pads.count == 2 * axes.count, axes.count == Set(axes).count else {
      throw ModelError.invalid("\(pads.count) pads do not fit \(axes.count) axes")
    }
    var before = [Int](repeating: 0, count: x.rank)
    var after = before
    for (number, axis) in axes.enumerated() {
      before[axis] = pads[number]
      after[axis] = pads[number + axes.count]
    }
    // Negative pads cut elements off.
    var cut = x
    for axis in 0..<x.rank where before[axis] < 0 || after[axis] < 0 {
      let (from, to) = (max(0, -before[axis]), x.shape[axis] - max(0, -after[axis]))
      guard from <= to else { throw ModelError.invalid("pads cut off more than there is") }
      cut = try builder.slice(cut, axis: axis, from: from, to: to)
      (before[axis], after[axis]) = (max(0, before[axis]), max(0, after[axis]))
    }
    switch try context.text("mode", default: "constant") {
    case "constant":
      let value = try context.optional(2)
      let number =
        try value.map { try builder.known($0).doubles.first ?? 0 }
        ?? context.real("value", default: 0)
      return try builder.padded(cut, before: before, after: after, with: number)
    case "edge":
      return try builder.padded(cut, before, after) { place, extent in
        min(max(place, 0), extent - 1)
      }
    case "reflect":
      return try builder.padded(cut, before, after) { place, extent in
        guard extent > 1 else { return 0 }
        let period = 2 * (extent - 1)
        let rest = ((place % period) + period) % period
        return min(rest, period - rest)
      }
    case "wrap":
      return try builder.padded(cut, before, after) { place, extent in
        ((place % extent) + extent) % extent
      }
    case let mode:
      throw ModelError.invalid("attribute mode has the unknown value \(mode.quotedName)")
    }
  }

  private static func trilu(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let offset = try context.wideIntegers(ofInput: 1)?.first?.clamped ?? 0
    let isUpper = try context.flag("upper", default: true)
    guard x.rank >= 2 else { throw ModelError.invalid("takes matrices, not \(x.shape)") }
    let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    try Limits.room(for: rows, columns, of: "the mask of a triangle")
    let mask = (0..<rows).flatMap { row in
      (0..<columns).map { isUpper ? $0 - row >= offset : $0 - row <= offset }
    }
    let keeps = builder.constant(Tensor(mask, shape: [rows, columns]), .bool)
    return try builder.choose(keeps, x, builder.scalar(0, x.type))
  }

  private static func reverseSequence(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    guard x.rank >= 2, let lengths = try context.integers(ofInput: 1) else {
      throw ModelError.invalid("takes at least two axes, and lengths")
    }
    let time = try context.axis(context.integer("time_axis", default: 0), rank: x.rank)
    let batch = try context.axis(context.integer("batch_axis", default: 1), rank: x.rank)
    guard time != batch, lengths.count == x.shape[batch],
      lengths.allSatisfy({ (0...x.shape[time]).contains($0) })
    else { throw ModelError.invalid("\(lengths.count) lengths do not fit \(x.shape)") }
    try Limits.room(for: x.count, of: "the places of a reversed sequence")
    let strides = x.shape.strides
    let places = (0..<x.count).map { place in
      let length = lengths[place / strides[batch] % x.shape[batch]]
      let step = place / strides[time] % x.shape[time]
      return step < length ? place + (length - 1 - 2 * step) * strides[time] : place
    }
    return try builder.take(x, places, shape: x.shape.extents)
  }
}

extension NodeContext {
  /// Extents that an input holds, none of which is negative.
  func extents(ofInput number: Int) throws -> [Int] {
    guard let extents = try integers(ofInput: number) else {
      throw ModelError.invalid("input \(number) is missing")
    }
    return try Limits.shape(extents, of: "input \(number)").extents
  }
}

extension Int {
  /// A number far beyond every extent becomes one that can be added to.
  var clamped: Int { Swift.min(Swift.max(self, -(1 << 40)), 1 << 40) }
}

extension Builder {
  /// Copies of `x` side by side along every axis.
  func tile(_ x: Operand, _ repeats: [Int]) throws -> Operand {
    _ = try Limits.shape(zip(x.shape.extents, repeats).map { $0 &* $1 }, of: "the result")
    var result = x
    for axis in 0..<x.rank where repeats[axis] != 1 {
      if repeats[axis] == 0 { return empty(x.type, Shape(zip(x.shape.extents, repeats).map(*))) }
      var extents = result.shape.extents
      extents.insert(repeats[axis], at: axis)
      let copies = try expand(unsqueeze(result, [axis]), extents)
      extents.remove(at: axis)
      extents[axis] *= repeats[axis]
      result = try reshape(copies, extents)
    }
    return result
  }

  /// Places of one axis, by their numbers.
  func select(_ x: Operand, axis: Int, _ places: [Int]) throws -> Operand {
    if places == Array(0..<x.shape[axis]) { return x }
    return try gather(x, axis: axis, integers(places))
  }

  /// `x` continued beyond its edges by the places that `source` names for one and an extent.
  func padded(
    _ x: Operand, _ before: [Int], _ after: [Int], source: (Int, Int) -> Int
  ) throws -> Operand {
    var result = x
    for axis in 0..<x.rank where before[axis] > 0 || after[axis] > 0 {
      let extent = x.shape[axis]
      guard extent > 0 else { throw ModelError.invalid("an axis without places is padded") }
      try Limits.room(for: before[axis] + extent + after[axis], of: "the places of a padded axis")
      let places = (-before[axis]..<extent + after[axis]).map { source($0, extent) }
      result = try select(result, axis: axis, places)
    }
    return result
  }
}
