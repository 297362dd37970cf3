import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Sums, extremes and averages along axes, and what is made of them.
  static let reductions: [String: Rule] = [
    "ReduceSum": reduce { try $0.builder.wrapped($0.builder.apply(ReduceSum($2), $1)) },
    "ReduceMean": reduce { try $0.builder.wrapped($0.builder.apply(ReduceMean($2), $1)) },
    "ReduceMax": reduce { try $0.builder.apply(ReduceMax($2), $1) },
    "ReduceMin": reduce { try $0.builder.apply(ReduceMin($2), $1) },
    "ReduceProd": reduce { try $0.builder.wrapped($0.builder.apply(ReduceProd($2), $1)) },
    "ReduceSumSquare": reduce {
      try $0.builder.wrapped($0.builder.apply(ReduceSumSquare($2), $1))
    },
    "ReduceL1": reduce { context, x, reducer in
      let size = try context.builder.magnitude(x)
      return try context.builder.wrapped(context.builder.apply(ReduceSum(reducer), size))
    },
    "ReduceL2": reduce { context, x, reducer in
      try context.builder.inReals(x) {
        try context.builder.apply(
          Root(), context.builder.apply(ReduceSumSquare(reducer), $0))
      }
    },
    "ReduceLogSum": reduce { context, x, reducer in
      try context.builder.inReals(x) {
        try context.builder.apply(Log(), context.builder.apply(ReduceSum(reducer), $0))
      }
    },
    "ReduceLogSumExp": reduce { context, x, reducer in
      try context.builder.inReals(x) { try context.builder.logSumExp($0, reducer) }
    },
    "Softmax": one { try softmax($0) { Softmax(axis: $0) } },
    "LogSoftmax": one { try softmax($0) { LogSoftmax(axis: $0) } },
    "Hardmax": one(hardmax),
    "CumSum": one { context in
      let x = try context.input(0)
      guard let axis = try context.integers(ofInput: 1)?.first else {
        throw ModelError.invalid("has no axis")
      }
      let sum = CumulativeSum(
        axis: try context.axis(axis, rank: x.rank), exclusive: try context.flag("exclusive"),
        reverse: try context.flag("reverse"))
      return try context.builder.wrapped(context.builder.apply(sum, x))
    },
    "CumProd": one(cumulativeProduct),
    "LpNormalization": one(lpNormalization),
    "Det": one(determinant),
  ]

  // MARK: Reductions

  /// A reduction whose axes are an attribute, or from version 13 or 18 on an input.
  private static func reduce(
    _ body: @escaping @Sendable (NodeContext, Operand, Reducer) throws -> Operand
  ) -> Rule {
    one { context in
      let x = try context.input(0)
      let axes = try context.integers("axes", orInput: 1) ?? []
      if axes.isEmpty, try context.flag("noop_with_empty_axes") {
        // Nothing is joined, but every element is treated as a reduction of itself.
        return try context.builder.squeeze(
          body(
            context, context.builder.unsqueeze(x, [0]), Reducer(axes: [0], keepsAxes: true)), [0])
      }
      let keeps = try context.flag("keepdims", default: true)
      return try body(
        context, x,
        Reducer(axes: try context.axes(axes, rank: x.rank), keepsAxes: keeps))
    }
  }

  /// Before version 13 the axis and all after it were one.
  private static func softmax(
    _ context: NodeContext, _ op: (Int) -> any Operator
  ) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    if context.opset >= 13 {
      let axis = try context.axis(context.integer("axis", default: -1), rank: x.rank)
      return x.rank == 0
        ? try builder.reshape(builder.apply(op(0), builder.reshape(x, [1])), [])
        : try builder.apply(op(axis), x)
    }
    let stated = try context.integer("axis", default: 1)
    let axis =
      try stated < 0
      ? context.axis(stated, rank: x.rank) : context.axis(stated, rank: x.rank + 1)
    let flat = try builder.reshape(
      x, [x.shape.extents[..<axis].reduce(1, *), x.shape.extents[axis...].reduce(1, *)])
    return try builder.reshape(builder.apply(op(1), flat), x.shape.extents)
  }

  /// 1 at the first greatest element of an axis, 0 elsewhere.
  private static func hardmax(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    var flat = x
    var axis = try context.axis(
      context.integer("axis", default: context.opset >= 13 ? -1 : 1), rank: x.rank)
    if context.opset < 13 {
      flat = try builder.reshape(
        x, [x.shape.extents[..<axis].reduce(1, *), x.shape.extents[axis...].reduce(1, *)])
      axis = 1
    }
    let first = try builder.apply(ArgMax(axis: axis, selectLast: false), flat, as: .int64)
    let isFirst = try builder.apply(
      Equal(), builder.indices(flat.shape, axis: axis), first, as: .bool)
    return try builder.reshape(builder.cast(isFirst, to: x.type), x.shape.extents)
  }

  /// Step by step along the axis.
  private static func cumulativeProduct(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    guard let number = try context.integers(ofInput: 1)?.first else {
      throw ModelError.invalid("has no axis")
    }
    let axis = try context.axis(number, rank: x.rank)
    guard x.rank > 0, x.shape[axis] > 0 else { return x }
    let (isReversed, isExclusive) = try (context.flag("reverse"), context.flag("exclusive"))
    try Limits.steps(x.shape[axis], of: "the product")
    var places = Array(0..<x.shape[axis])
    if isReversed { places.reverse() }
    var product: Operand?
    var results: [Operand] = []
    for place in places {
      let factor = try builder.slice(x, axis: axis, from: place, to: place + 1)
      if isExclusive {
        results.append(
          try product ?? builder.expand(builder.scalar(1, x.type), factor.shape.extents))
      }
      product = try product.map { try builder.multiply($0, factor) } ?? factor
      if !isExclusive, let product { results.append(product) }
    }
    return try builder.concat(isReversed ? results.reversed() : results, axis: axis)
  }

  /// Division by the norm, where a norm of 0 gives 0.
  private static func lpNormalization(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let axis = try context.axis(context.integer("axis", default: -1), rank: x.rank)
    let p = try context.integer("p", default: 2)
    guard p == 1 || p == 2 else { throw ModelError.invalid("attribute p must be 1 or 2") }
    let norm =
      p == 1
      ? try builder.sum(builder.magnitude(x), [axis])
      : try builder.apply(Root(), builder.apply(ReduceSumSquare(axes: [axis]), x))
    let isZero = try builder.apply(Equal(), norm, builder.scalar(0, x.type), as: .bool)
    return try builder.divide(x, builder.choose(isZero, builder.scalar(1, x.type), norm))
  }

  /// The product of pivots of Gauss's elimination; rows are exchanged by what they hold.
  private static func determinant(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    guard x.rank >= 2, x.shape[x.rank - 1] == x.shape[x.rank - 2] else {
      throw ModelError.invalid("takes square matrices, not \(x.shape)")
    }
    let extent = x.shape[x.rank - 1]
    guard extent <= 64 else {
      throw ModelError.unsupported("determinants of more than 64 rows are not computed")
    }
    let batch = Array(x.shape.extents.dropLast(2))
    var rest = try builder.reshape(x, [batch.reduce(1, *), extent, extent])
    var result = try builder.expand(builder.scalar(1, x.type), [rest.shape[0]])
    for size in stride(from: extent, to: 0, by: -1) {
      // The row with the greatest first element comes to the front.
      let column = try builder.slice(rest, axis: 2, from: 0, to: 1)
      let best = try builder.apply(
        ArgMax(axis: 1, selectLast: false), builder.apply(Abs(), column), as: .int64)
      let rows = builder.integers(Array(0..<size), shape: [1, size, 1])
      let zero = builder.scalar(0, .int64)
      // Row 0 and the best one change places.
      let isFirst = try builder.apply(Equal(), rows, zero, as: .bool)
      let isBest = try builder.apply(Equal(), rows, best, as: .bool)
      let order = try builder.choose(isFirst, best, builder.choose(isBest, zero, rows))
      let places = try builder.add(
        builder.multiply(
          builder.add(
            order,
            builder.places(rest.shape[0], shape: [rest.shape[0], 1, 1]) { $0 * size }),
          Double(size)),
        builder.integers(Array(0..<size), shape: [1, 1, size]))
      rest = try builder.take(rest, places)
      let moved = try builder.apply(Equal(), best, zero, as: .bool)
      let sign = try builder.choose(
        moved, builder.scalar(1, x.type), builder.scalar(-1, x.type))
      let pivot = try builder.slice(
        builder.slice(rest, axis: 1, from: 0, to: 1), axis: 2, from: 0, to: 1)
      result = try builder.multiply(
        result,
        builder.multiply(
          builder.reshape(sign, [rest.shape[0]]), builder.reshape(pivot, [rest.shape[0]])))
      if size == 1 { break }
      let isZero = try builder.apply(Equal(), pivot, builder.scalar(0, x.type), as: .bool)
      let divisor = try builder.choose(isZero, builder.scalar(1, x.type), pivot)
      let below = try builder.slice(rest, axis: 1, from: 1, to: size)
      let factors = try builder.divide(
        builder.slice(below, axis: 2, from: 0, to: 1), divisor)
      let top = try builder.slice(
        builder.slice(rest, axis: 1, from: 0, to: 1), axis: 2, from: 1, to: size)
      rest = try builder.subtract(
        builder.slice(below, axis: 2, from: 1, to: size), builder.multiply(factors, top))
    }
    return try builder.reshape(result, batch)
  }
}

extension Builder {
  func magnitude(_ x: Operand) throws -> Operand {
    try x.isReal ? apply(Abs(), x) : wrapped(apply(Max(), x, negate(x)))
  }

  /// What a function of reals makes of integers, without the fraction.
  func inReals(_ x: Operand, _ body: (Operand) throws -> Operand) throws -> Operand {
    try x.isReal ? body(x) : cast(body(cast(x, to: .double)), to: x.type)
  }

  /// `max + log Σ exp(x − max)`, which does not overflow; a max that is infinite stays out.
  func logSumExp(_ x: Operand, _ reducer: Reducer) throws -> Operand {
    let kept = Reducer(axes: reducer.axes, keepsAxes: true)
    let greatest = try apply(ReduceMax(kept), x)
    let isInfinite = try apply(IsInf(), greatest, as: .bool)
    let shift = try choose(isInfinite, scalar(0, x.type), greatest)
    // The greatest element itself makes the sum 1 at least, save where all are −∞.
    let sum = try apply(
      Max(ties: .first), apply(ReduceSum(kept), apply(Exp(), subtract(x, shift))), scalar(1, x.type)
    )
    let result = try add(apply(Log(), sum), greatest)
    if reducer.keepsAxes { return result }
    let axes = reducer.axes.isEmpty ? Array(0..<x.rank) : reducer.axes
    return try squeeze(result, axes)
  }
}
