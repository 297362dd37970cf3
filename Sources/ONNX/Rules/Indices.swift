import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Elements by their places: gathered, scattered, found.
  static let indices: [String: Rule] = [
    "Gather": one { context in
      let (x, indices) = try (context.input(0), context.input(1))
      let axis = try context.axis(context.integer("axis", default: 0), rank: x.rank)
      try context.check(indices, within: [x.shape[axis]])
      return try context.builder.gather(x, axis: axis, indices)
    },
    "GatherElements": one { context in
      let x = try context.input(0)
      return try context.builder.take(x, places(context, indices: context.input(1)))
    },
    "GatherND": one(gatherND),
    "ScatterElements": one(scatterElements),
    "Scatter": one(scatterElements),
    "ScatterND": one(scatterND),
    "TensorScatter": one(tensorScatter),
    "OneHot": one(oneHot),
    "EyeLike": one { context in
      let x = try context.input(0)
      guard x.rank == 2 else { throw ModelError.invalid("takes a matrix, not \(x.shape)") }
      let type = try context.dataType("dtype", default: x.type)
      let diagonal = try context.wideInteger("k", default: 0).clamped
      let columns = x.shape[1]
      try Limits.room(for: x.count, of: "a matrix of ones")
      let numbers = (0..<x.count).map { $0 % columns - $0 / columns == diagonal ? 1.0 : 0 }
      return context.builder.constant(numbers, type, shape: x.shape)
    },
  ]

  /// Elements that are chosen by what others hold.
  static let selections: [String: Rule] = [
    "TopK": { try topK($0).map(Item.tensor) },
    "ArgMax": one { context in
      try extreme(context) { ArgMax(axis: $0, selectLast: $1) }
    },
    "ArgMin": one { context in
      try extreme(context) { ArgMin(axis: $0, selectLast: $1) }
    },
    "NonZero": one { context in
      let x = try context.input(0)
      let tensor = try context.builder.known(x)
      let places = tensor.places { $0 != 0 }
      let strides = x.shape.strides
      let columns = (0..<x.rank).flatMap { axis in
        places.map { $0 / strides[axis] % x.shape[axis] }
      }
      return context.builder.integers(columns, shape: [x.rank, places.count])
    },
    "Compress": one(compress),
    "Unique": { try unique($0).map(Item.tensor) },
    "NonMaxSuppression": one(nonMaxSuppression),
  ]

  // MARK: Flat places

  /// The flat place that every index along an axis points to, as GatherElements has it.
  private static func places(_ context: NodeContext, indices: Operand) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    guard x.rank == indices.rank, x.rank > 0 else {
      throw ModelError.invalid("indices of shape \(indices.shape) do not fit \(x.shape)")
    }
    let axis = try context.axis(context.integer("axis", default: 0), rank: x.rank)
    for other in 0..<x.rank where other != axis && indices.shape[other] > x.shape[other] {
      throw ModelError.invalid("indices of shape \(indices.shape) do not fit \(x.shape)")
    }
    try context.check(indices, within: [x.shape[axis]])
    var result = try builder.multiply(
      builder.wrapped(indices, extent: x.shape[axis]), Double(x.shape.strides[axis]))
    for other in 0..<x.rank where other != axis {
      let stride = x.shape.strides[other]
      let places = try builder.places(
        indices.shape[other],
        shape: Shape((0..<x.rank).map { $0 == other ? indices.shape[other] : 1 })
      ) { $0 * stride }
      result = try builder.add(result, places)
    }
    return result
  }

  /// The flat places of slices whose first coordinates after `batches` axes are given, with one
  /// new last axis for the elements of a slice.
  private static func slicePlaces(
    _ context: NodeContext, of shape: Shape, indices: Operand, batches: Int
  ) throws -> Operand {
    let builder = context.builder
    guard indices.rank > 0, let depth = indices.shape.extents.last,
      batches + depth <= shape.rank, batches < indices.rank,
      Array(indices.shape.extents[..<batches]) == Array(shape.extents[..<batches])
    else {
      throw ModelError.invalid("indices of shape \(indices.shape) do not fit \(shape)")
    }
    let axes = batches..<batches + depth
    try context.check(indices, within: axes.map { shape[$0] })
    let strides = shape.strides
    let last = indices.rank - 1
    let extents = builder.integers(axes.map { shape[$0] })
    let isNegative = try builder.apply(Less(), indices, builder.scalar(0, .int64), as: .bool)
    let positive = try builder.choose(isNegative, builder.add(indices, extents), indices)
    var result = try builder.sum(
      builder.multiply(positive, builder.integers(axes.map { strides[$0] })), [last],
      keepsAxes: true)
    for batch in 0..<batches {
      let places = try builder.places(
        shape[batch], shape: Shape((0...last).map { $0 == batch ? shape[batch] : 1 })
      ) { $0 * strides[batch] }
      result = try builder.add(result, places)
    }
    let width = shape.extents[(batches + depth)...].reduce(1, *)
    return try width == 1
      ? result : builder.add(result, builder.places(width))
  }

  private static func gatherND(_ context: NodeContext) throws -> Operand {
    let (builder, x, indices) = (context.builder, try context.input(0), try context.input(1))
    let batches = try context.integer("batch_dims", default: 0)
    guard batches >= 0 else { throw ModelError.invalid("batch_dims is negative") }
    let places = try slicePlaces(context, of: x.shape, indices: indices, batches: batches)
    let depth = batches + (indices.shape.extents.last ?? 0)
    return try builder.reshape(
      builder.take(x, places), indices.shape.extents.dropLast() + x.shape.extents[depth...])
  }

  // MARK: Scattering

  private static func reduction(_ context: NodeContext) throws -> Put.Reduction {
    let text = try context.text("reduction", default: "none")
    guard let reduction = Put.Reduction(rawValue: text) else {
      throw ModelError.invalid("attribute reduction has the unknown value \(text.quotedName)")
    }
    return reduction
  }

  private static func scatterElements(_ context: NodeContext) throws -> Operand {
    let (builder, x, updates) = (context.builder, try context.input(0), try context.input(2))
    let indices = try context.input(1)
    guard updates.shape == indices.shape else {
      throw ModelError.invalid("updates \(updates.shape) do not fit indices \(indices.shape)")
    }
    let places = try places(context, indices: indices)
    let put = Put(reduction: try reduction(context))
    return try builder.wrapped(builder.apply(put, x, places, updates, as: x.type))
  }

  private static func scatterND(_ context: NodeContext) throws -> Operand {
    let (builder, x, updates) = (context.builder, try context.input(0), try context.input(2))
    let indices = try context.input(1)
    let places = try slicePlaces(context, of: x.shape, indices: indices, batches: 0)
    guard updates.count == places.count else {
      throw ModelError.invalid("updates \(updates.shape) do not fit indices \(indices.shape)")
    }
    let put = Put(reduction: try reduction(context))
    return try builder.wrapped(
      builder.apply(
        put, x, places, builder.reshape(updates, places.shape.extents), as: x.type))
  }

  /// New entries of a cache, at one index of an axis for every sample.
  private static func tensorScatter(_ context: NodeContext) throws -> Operand {
    let (builder, x, updates) = (context.builder, try context.input(0), try context.input(1))
    let axis = try context.axis(context.integer("axis", default: -2), rank: x.rank)
    let mode = try context.text("mode", default: "linear")
    guard axis > 0, updates.rank == x.rank, mode == "linear" || mode == "circular",
      (0..<x.rank).allSatisfy({ $0 == axis || updates.shape[$0] == x.shape[$0] })
    else {
      throw ModelError.invalid("updates \(updates.shape) do not fit \(x.shape)")
    }
    func along(_ axis: Int, _ extent: Int) -> Shape {
      Shape((0..<x.rank).map { $0 == axis ? extent : 1 })
    }
    let steps = try builder.places(
      updates.shape[axis], shape: along(axis, updates.shape[axis]))
    let starts =
      try context.optional(2).map { try builder.reshape($0, along(0, x.shape[0]).extents) }
      ?? builder.scalar(0, .int64)
    var place = try builder.add(steps, starts)
    if mode == "circular" {
      place = try builder.apply(Mod(isFmod: false), place, builder.integers([x.shape[axis]]))
    }
    var places = try builder.multiply(place, Double(x.shape.strides[axis]))
    for other in 0..<x.rank where other != axis {
      places = try builder.add(
        places,
        builder.places(x.shape[other], shape: along(other, x.shape[other])) {
          $0 * x.shape.strides[other]
        })
    }
    return try builder.apply(
      Put(reduction: .none), x, builder.expand(places, updates.shape.extents), updates, as: x.type)
  }

  // MARK: By value

  private static func oneHot(_ context: NodeContext) throws -> Operand {
    let (builder, values) = (context.builder, try context.input(2))
    guard let depth = try context.integers(ofInput: 1)?.first, depth > 0, depth <= 1 << 31 else {
      throw ModelError.invalid("the depth must be above 0")
    }
    guard values.count == 2 else { throw ModelError.invalid("takes two values") }
    var indices = try builder.cast(context.input(0), to: .int64)
    let axis = try context.integer("axis", default: -1)
    indices = try builder.wrapped(indices, extent: depth)
    let isPlace = try builder.cast(
      builder.apply(OneHot(depth: depth, axis: axis), indices, as: .float), to: .bool)
    let off = try builder.reshape(builder.slice(values, axis: 0, from: 0, to: 1), [])
    let on = try builder.reshape(builder.slice(values, axis: 0, from: 1, to: 2), [])
    return try builder.choose(isPlace, on, off)
  }

  private static func topK(_ context: NodeContext) throws -> [Operand] {
    let (builder, x) = (context.builder, try context.input(0))
    let axis = try context.axis(context.integer("axis", default: -1), rank: x.rank)
    // A single number before version 10.
    let k =
      try context.hasAttribute("k")
      ? context.integer("k") : context.integers(ofInput: 1)?.first ?? -1
    guard (0...x.shape[axis]).contains(k)
    else { throw ModelError.invalid("k is missing, or more than axis \(axis) of \(x.shape)") }
    let isLargest = try context.flag("largest", default: true)
    let order = try builder.apply(
      TopKIndices(axis: axis, k: k, largest: isLargest), x, as: .int64)
    return [try builder.take(x, builder.flatPlaces(of: order, along: axis, in: x.shape)), order]
  }

  private static func extreme(
    _ context: NodeContext, _ op: (Int, Bool) -> any Operator
  ) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let axis = try context.axis(context.integer("axis", default: 0), rank: x.rank)
    let isLast = try context.flag("select_last_index")
    let result = try builder.apply(op(axis, isLast), x, as: .int64)
    return try context.flag("keepdims", default: true) ? result : builder.squeeze(result, [axis])
  }

  private static func compress(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let chosen = try builder.known(context.input(1)).places { $0 != 0 }
    if context.hasAttribute("axis") {
      let axis = try context.axis(context.integer("axis"), rank: x.rank)
      guard chosen.allSatisfy({ $0 < x.shape[axis] }) else {
        throw ModelError.invalid("the condition is longer than axis \(axis) of \(x.shape)")
      }
      return try builder.select(x, axis: axis, chosen)
    }
    guard chosen.allSatisfy({ $0 < x.count }) else {
      throw ModelError.invalid("the condition is longer than \(x.shape)")
    }
    return try builder.take(x, chosen, shape: [chosen.count])
  }

  /// Distinct elements, or places of an axis: what is distinct must be known, the values need not.
  private static func unique(_ context: NodeContext) throws -> [Operand] {
    let (builder, x) = (context.builder, try context.input(0))
    let known = try builder.known(x).doubles
    let isSorted = try context.flag("sorted", default: true)
    let axis =
      context.hasAttribute("axis")
      ? try context.axis(context.integer("axis"), rank: x.rank) : nil
    let extent = axis.map { x.shape[$0] } ?? x.count
    try Limits.room(for: extent, 4, of: "the distinct elements")
    let rows: [[Double]] = (0..<extent).map { place in
      guard let axis else { return [known[place]] }
      let stride = x.shape.strides[axis]
      return known.indices.filter { $0 / stride % extent == place }.map { known[$0] }
    }
    var firsts: [Int] = []
    var counts: [Int] = []
    var numbers: [[Double]: Int] = [:]
    for (place, row) in rows.enumerated() {
      if let number = numbers[row] {
        counts[number] += 1
      } else {
        numbers[row] = firsts.count
        firsts.append(place)
        counts.append(1)
      }
    }
    var order = Array(firsts.indices)
    if isSorted {
      order.sort { a, b in rows[firsts[a]].lexicographicallyPrecedes(rows[firsts[b]]) }
    }
    var ranks = [Int](repeating: 0, count: order.count)
    for (rank, number) in order.enumerated() { ranks[number] = rank }
    let places = order.map { firsts[$0] }
    let inverse = rows.map { row in numbers[row].map { ranks[$0] } ?? 0 }
    let values =
      try
      (axis.map { try builder.select(x, axis: $0, places) }
      ?? builder.take(x, places, shape: [places.count]))
    return [
      values, builder.integers(places), builder.integers(inverse),
      builder.integers(order.map { counts[$0] }),
    ]
  }

  /// Boxes whose overlap with better ones is small, greedily; scores and boxes must be known.
  private static func nonMaxSuppression(_ context: NodeContext) throws -> Operand {
    let builder = context.builder
    let (boxes, scores) = try (context.input(0), context.input(1))
    guard boxes.rank == 3, scores.rank == 3, boxes.shape[2] == 4, boxes.shape[0] == scores.shape[0],
      boxes.shape[1] == scores.shape[2]
    else {
      throw ModelError.invalid("boxes \(boxes.shape) and scores \(scores.shape) do not fit")
    }
    let most = try context.wideIntegers(ofInput: 2)?.first ?? 0
    let overlap = try context.reals(ofInput: 3)?.first ?? 0
    let least = try context.reals(ofInput: 4)?.first
    let isCentred = try context.flag("center_point_box")
    let (corners, values) = try (builder.known(boxes).doubles, builder.known(scores).doubles)
    let (count, classes) = (boxes.shape[1], scores.shape[1])
    var chosen: [Int] = []
    for batch in 0..<boxes.shape[0] {
      let areas = (0..<count).map { number in
        Box(corners[((batch * count + number) * 4)...].prefix(4), isCentred: isCentred)
      }
      for kind in 0..<classes {
        let own = Array(values[((batch * classes + kind) * count)...].prefix(count))
        let order = own.indices.filter { own[$0] > least ?? -.infinity || least == nil }
          .sorted { (own[$0], $1) > (own[$1], $0) }
        var kept: [Int] = []
        for number in order where kept.count < most {
          if kept.allSatisfy({ areas[$0].overlap(with: areas[number]) <= overlap }) {
            kept.append(number)
          }
        }
        chosen += kept.flatMap { [batch, kind, $0] }
      }
    }
    return builder.integers(chosen, shape: [chosen.count / 3, 3])
  }

  /// An upright box.
  private struct Box {
    let x: ClosedRange<Double>
    let y: ClosedRange<Double>

    /// Two corners (y, x), or centre, width and height.
    init(_ numbers: ArraySlice<Double>, isCentred: Bool) {
      let n = numbers.map { $0.isFinite ? $0 : 0 }
      if isCentred {
        x = Self.range(n[0] - n[2] / 2, n[0] + n[2] / 2)
        y = Self.range(n[1] - n[3] / 2, n[1] + n[3] / 2)
      } else {
        (x, y) = (Self.range(n[1], n[3]), Self.range(n[0], n[2]))
      }
    }

    private static func range(_ a: Double, _ b: Double) -> ClosedRange<Double> {
      min(a, b)...max(a, b)
    }

    private var area: Double { (x.upperBound - x.lowerBound) * (y.upperBound - y.lowerBound) }

    /// The area of the intersection over that of the union.
    func overlap(with other: Box) -> Double {
      let width = min(x.upperBound, other.x.upperBound) - max(x.lowerBound, other.x.lowerBound)
      let height = min(y.upperBound, other.y.upperBound) - max(y.lowerBound, other.y.lowerBound)
      guard width > 0, height > 0 else { return 0 }
      return width * height / (area + other.area - width * height)
    }
  }
}

extension NodeContext {
  /// Throws where indices are known and lie outside of the extents of their axes.
  ///
  /// `extents` belong to the places of the last axis, or one to all.
  func check(_ indices: Operand, within extents: [Int]) throws {
    guard indices.kind == .integer else {
      throw ModelError.invalid("takes integers as indices, not \(indices.type)")
    }
    guard let known = indices.contents?.integers, !extents.isEmpty else { return }
    for (number, index) in known.enumerated() {
      let extent = extents[number % extents.count]
      guard (-extent..<extent).contains(index) else {
        throw ModelError.invalid("index \(index) is outside of an axis of extent \(extent)")
      }
    }
  }
}

extension Builder {
  /// Places of an axis by indices, the axis replaced by the shape of these.
  func gather(_ x: Operand, axis: Int, _ indices: Operand) throws -> Operand {
    if x.isReal { return try apply(Gather(axis: axis), x, indices, as: x.type) }
    let width = x.shape.extents[(axis + 1)...].reduce(1, *)
    let outer = x.shape.extents[..<axis].reduce(1, *)
    let own = try reshape(wrapped(indices, extent: x.shape[axis]), [1, indices.count, 1])
    let starts = try self.places(outer, shape: [outer, 1, 1]) { $0 * width * x.shape[axis] }
    let places = try add(
      add(starts, multiply(own, Double(width))), self.places(width, shape: [1, 1, width]))
    return try take(
      x,
      reshape(
        places,
        x.shape.extents[..<axis] + indices.shape.extents + x.shape.extents[(axis + 1)...]))
  }

  /// Indices of which negative ones count back from an extent.
  func wrapped(_ indices: Operand, extent: Int) throws -> Operand {
    let wide = try cast(indices, to: .int64)
    if let known = wide.contents?.integers, known.allSatisfy({ $0 >= 0 }) { return wide }
    limit(wide, to: extent)
    let isNegative = try apply(Less(), wide, scalar(0, .int64), as: .bool)
    return try choose(isNegative, add(wide, Double(extent)), wide)
  }

  /// The flat places of indices along an axis, which name every other coordinate by their own.
  func flatPlaces(of indices: Operand, along axis: Int, in shape: Shape) throws -> Operand {
    var result = try multiply(cast(indices, to: .int64), Double(shape.strides[axis]))
    for other in 0..<shape.rank where other != axis {
      result = try add(
        result,
        places(
          shape[other], shape: Shape((0..<shape.rank).map { $0 == other ? shape[other] : 1 })
        ) { $0 * shape.strides[other] })
    }
    return result
  }
}

extension Tensor {
  /// The flat places of elements that satisfy a condition.
  func places(where condition: (Double) -> Bool) -> [Int] {
    let numbers = doubles
    return numbers.indices.filter { condition(numbers[$0]) }
  }
}
