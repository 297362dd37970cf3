import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Convolutions and pooling.
  static let windows: [String: Rule] = [
    "Conv": one(convolution),
    "ConvTranspose": one(transposedConvolution),
    "MaxPool": { try maxPool($0).map(Item.tensor) },
    "AveragePool": one { context in
      let x = try context.input(0)
      let window = try WindowRule(context, x)
      return try window.averagePool(
        x, countsPadding: context.flag("count_include_pad"), context.builder)
    },
    "LpPool": one(lpPool),
    "GlobalAveragePool": global { try $0.builder.mean($1, $2) },
    "GlobalMaxPool": global { try $0.builder.apply(ReduceMax(axes: $2), $1) },
    "GlobalLpPool": global { context, x, axes in
      let builder = context.builder
      let p = try context.power
      return try builder.power(builder.sum(builder.power(builder.magnitude(x), p), axes), 1 / p)
    },
  ]

  private static func global(
    _ body: @escaping @Sendable (NodeContext, Operand, [Int]) throws -> Operand
  ) -> Rule {
    one { context in
      let x = try context.input(0)
      guard x.rank > 2 else { throw ModelError.invalid("takes [N, C, …], not \(x.shape)") }
      return try body(context, x, Array(2..<x.rank))
    }
  }

  private static func convolution(_ context: NodeContext) throws -> Operand {
    let (x, weight) = try (context.input(0), context.input(1))
    let window = try WindowRule(context, x, kernel: Array(weight.shape.extents.dropFirst(2)))
    let groups = try context.integer("group", default: 1)
    return try context.builder.convolve(x, weight, context.optional(2), window, groups: groups)
  }

  private static func transposedConvolution(_ context: NodeContext) throws -> Operand {
    let (builder, x, weight) = (context.builder, try context.input(0), try context.input(1))
    let kernel = Array(weight.shape.extents.dropFirst(2))
    let window = try WindowRule(context, x, kernel: kernel, isTransposed: true)
    let groups = try context.integer("group", default: 1)
    guard groups > 0, weight.rank == x.rank, weight.shape[0] == x.shape[1],
      x.shape[1] % groups == 0
    else {
      throw ModelError.invalid("kernels \(weight.shape) do not fit \(x.shape) in \(groups) groups")
    }
    let (extents, pads) = try window.transposedExtents(context, x)
    var result = try builder.convolveTransposed(
      x, weight, window, extents: extents, pads: pads, groups: groups)
    if let bias = try context.optional(2) {
      result = try builder.add(
        result,
        builder.reshape(bias, [1, bias.count] + kernel.map { _ in 1 }))
    }
    return result
  }

  /// The greatest of every window and, if asked, where it lies.
  private static func maxPool(_ context: NodeContext) throws -> [Operand] {
    let (builder, x) = (context.builder, try context.input(0))
    let window = try WindowRule(context, x)
    let wantsPlaces = context.wantsOutput(1)
    if !wantsPlaces, x.isReal { return [try window.maxPool(x, builder)] }
    if !wantsPlaces {
      return [try builder.cast(window.maxPool(builder.cast(x, to: .float), builder), to: x.type)]
    }
    let places = try window.greatestPlaces(x, builder)
    let values = try builder.take(x, places)
    guard try context.flag("storage_order") else { return [values, places] }
    // Columns first: places are counted as if the spatial axes were the other way round.
    let shape = x.shape
    let columns = Shape(shape.extents[..<2] + shape.extents[2...].reversed())
    let strides = columns.strides
    let byAxis = strides[..<2] + strides[2...].reversed()
    let numbers = builder.integers(shape.places(strides: Array(byAxis)))
    return [values, try builder.take(numbers, places)]
  }

  private static func lpPool(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let window = try WindowRule(context, x)
    let p = try context.power
    let powers = try builder.power(builder.magnitude(x), p)
    return try builder.power(window.sumPool(powers, builder), 1 / p)
  }
}

extension NodeContext {
  /// The p of a norm, a real number in version 1.
  fileprivate var power: Double {
    get throws { try opset < 2 ? real("p", default: 2) : Double(integer("p", default: 2)) }
  }
}

/// The window of one node over the spatial axes of [N, C, …], with all attributes resolved.
struct WindowRule {
  var kernel: [Int]
  var strides: [Int]
  var dilations: [Int]
  /// Places before and after each axis.
  var before: [Int]
  var after: [Int]
  /// Whether the last window may lie partly beyond the padding.
  let roundsUp: Bool
  /// Places added after each axis only because windows are rounded up.
  var overhang: [Int]
  var input: [Int]

  init(
    _ context: NodeContext, _ x: Operand, kernel given: [Int]? = nil, isTransposed: Bool = false
  ) throws {
    guard x.rank > 2 else { throw ModelError.invalid("takes [N, C, …], not \(x.shape)") }
    input = Array(x.shape.extents[2...])
    let rank = input.count
    let stated = try context.integers("kernel_shape")
    kernel = given ?? stated ?? []
    strides = try context.integers("strides") ?? []
    dilations = try context.integers("dilations") ?? []
    if strides.isEmpty { strides = [Int](repeating: 1, count: rank) }
    if dilations.isEmpty { dilations = [Int](repeating: 1, count: rank) }
    guard kernel.count == rank, strides.count == rank, dilations.count == rank,
      given == nil || stated == nil || stated == given,
      (kernel + strides + dilations).allSatisfy({ $0 > 0 && $0 <= 1 << 24 })
    else {
      throw ModelError.invalid(
        "kernel \(kernel), strides \(strides) and dilations \(dilations) do not fit \(x.shape)")
    }
    roundsUp = try context.flag("ceil_mode")
    before = [Int](repeating: 0, count: rank)
    after = before
    overhang = before
    let mode = try context.text("auto_pad", default: "NOTSET")
    switch mode {
    case "NOTSET":
      let pads = try context.integers("pads") ?? []
      guard pads.isEmpty || pads.count == 2 * rank, pads.allSatisfy({ abs($0) <= 1 << 24 })
      else { throw ModelError.invalid("\(pads.count) pads do not fit \(x.shape)") }
      if !pads.isEmpty { (before, after) = (Array(pads[..<rank]), Array(pads[rank...])) }
    case "VALID": break
    case "SAME_UPPER", "SAME_LOWER":
      guard !isTransposed else { break }
      for axis in 0..<rank {
        let outputs = (input[axis] + strides[axis] - 1) / strides[axis]
        let total = max(0, (outputs - 1) * strides[axis] + reach(axis) - input[axis])
        before[axis] = mode == "SAME_UPPER" ? total / 2 : total - total / 2
        after[axis] = total - before[axis]
      }
    default:
      throw ModelError.invalid("attribute auto_pad has the unknown value \(mode.quotedName)")
    }
    guard !isTransposed else { return }
    for axis in 0..<rank {
      let room = input[axis] + before[axis] + after[axis] - reach(axis)
      guard room >= 0 || (roundsUp && room > -strides[axis]) else {
        throw ModelError.invalid("a kernel \(kernel) does not fit into \(x.shape)")
      }
      if roundsUp, room % strides[axis] != 0 {
        // A window that begins in the padding after the input is left out.
        let last = (room + strides[axis] - 1) / strides[axis]
        if last * strides[axis] < input[axis] + before[axis] {
          overhang[axis] = last * strides[axis] - room
        }
      }
    }
  }

  /// Places from the first to the last tap.
  func reach(_ axis: Int) -> Int { (kernel[axis] - 1) * dilations[axis] + 1 }

  func outputs(_ axis: Int) -> Int {
    (input[axis] + before[axis] + after[axis] + overhang[axis] - reach(axis)) / strides[axis] + 1
  }

  var outputs: [Int] { input.indices.map { outputs($0) } }

  /// Whether the window operators take these pads as they are.
  private func isPlain(_ axes: Range<Int>) -> Bool {
    axes.allSatisfy {
      before[$0] >= 0 && after[$0] >= 0 && before[$0] < kernel[$0]
        && after[$0] + overhang[$0] < kernel[$0]
    }
  }

  private func pooling(_ axes: Range<Int>) -> Pooling {
    Pooling(
      Array(kernel[axes]),
      Window(
        strides: Array(strides[axes]),
        pads: Array(before[axes]) + axes.map { after[$0] + overhang[$0] },
        dilations: Array(dilations[axes])))
  }

  // MARK: Pooling

  func maxPool(_ x: Operand, _ builder: Builder) throws -> Operand {
    guard isPlain(kernel.indices) else { return try builder.take(x, greatestPlaces(x, builder)) }
    return try pooled(x, builder) { try builder.apply(MaxPool(pooling($1)), $0) }
  }

  /// Pooling that can be done axis by axis: the last two together, those before one at a time.
  private func pooled(
    _ x: Operand, _ builder: Builder, _ pool: (Operand, Range<Int>) throws -> Operand
  ) throws -> Operand {
    let rank = kernel.count
    if rank <= 2 { return try pool(x, 0..<rank) }
    let lead = Array(x.shape.extents.dropLast(2))
    let plane = Array(x.shape.extents.suffix(2))
    var result = try pool(
      builder.reshape(x, [1, lead.reduce(1, *)] + plane), rank - 2..<rank)
    var extents = lead + outputs.suffix(2)
    for axis in (0..<rank - 2).reversed() {
      // The axis alone, with all before as channels and all after moved to the front.
      let (before, after) = (
        extents[..<(axis + 2)].reduce(1, *), extents[(axis + 3)...].reduce(1, *)
      )
      let flat = try builder.reshape(result, [before, extents[axis + 2], after])
      let moved = try builder.transpose(flat, [0, 2, 1])
      let part = try pool(
        builder.reshape(moved, [1, before * after, extents[axis + 2]]), axis..<axis + 1)
      extents[axis + 2] = outputs(axis)
      result = try builder.transpose(
        builder.reshape(part, [before, after, outputs(axis)]), [0, 2, 1])
    }
    return try builder.reshape(result, extents)
  }

  func averagePool(
    _ x: Operand, countsPadding: Bool, _ builder: Builder
  ) throws -> Operand {
    let isSimple = isPlain(kernel.indices) && (!countsPadding || overhang.allSatisfy { $0 == 0 })
    if isSimple {
      return try pooled(x, builder) {
        try builder.apply(AveragePool(pooling($1), countsPadding: countsPadding), $0)
      }
    }
    return try weighted(x, builder) { taps, counted in
      1 / Double(max(1, countsPadding ? counted : taps))
    }
  }

  /// The sum of every window.
  func sumPool(_ x: Operand, _ builder: Builder) throws -> Operand {
    if isPlain(kernel.indices) {
      let mean = try pooled(x, builder) {
        try builder.apply(AveragePool(pooling($1), countsPadding: true), $0)
      }
      return try builder.multiply(mean, kernel.reduce(1) { $0 * Double($1) })
    }
    return try weighted(x, builder) { _, _ in 1 }
  }

  /// A matrix of weights along every axis; those of an output depend on how many of its taps read
  /// the input, and how many the input or its padding.
  private func weighted(
    _ x: Operand, _ builder: Builder, weight: (Int, Int) -> Double
  ) throws -> Operand {
    var result = x
    for axis in kernel.indices {
      try Limits.table(
        outputs(axis), max(input[axis], kernel[axis]), of: "the taps of all windows")
      var matrix = [Double](repeating: 0, count: outputs(axis) * input[axis])
      for output in 0..<outputs(axis) {
        let (start, step) = (output * strides[axis] - before[axis], dilations[axis])
        /// Taps that read a place below a limit.
        func taps(below limit: Int) -> Int {
          limit <= start ? 0 : min(kernel[axis], (limit - start - 1) / step + 1)
        }
        let first = start >= 0 ? 0 : (step - 1 - start) / step
        let inside = first..<max(first, taps(below: input[axis]))
        let share = weight(inside.count, taps(below: input[axis] + after[axis]))
        for tap in inside { matrix[output * input[axis] + start + tap * step] += share }
      }
      let weights = builder.constant(matrix, x.type, shape: [outputs(axis), input[axis]])
      result = try builder.product(weights, alongAxis: axis + 2, of: result)
    }
    return result
  }

  /// The flat place of the greatest element of every window, the first one of equals.
  func greatestPlaces(_ x: Operand, _ builder: Builder) throws -> Operand {
    let spatial = Array(input)
    let strides = Shape(spatial).strides
    let outputShape = Shape(outputs)
    let tapShape = Shape(kernel)
    try Limits.table(outputShape.count, tapShape.count, of: "the taps of all windows")
    var places: [Int] = []
    places.reserveCapacity(outputShape.count * tapShape.count)
    for output in 0..<outputShape.count {
      for tap in 0..<tapShape.count {
        var place: Int? = 0
        for axis in kernel.indices {
          let o = output / outputShape.strides[axis] % outputShape[axis]
          let t = tap / tapShape.strides[axis] % tapShape[axis]
          let at = o * self.strides[axis] - before[axis] + t * dilations[axis]
          place = (0..<spatial[axis]).contains(at) ? place.map { $0 + at * strides[axis] } : nil
        }
        places.append(place ?? -1)
      }
    }
    // Padding repeats the first tap that reads the input, which it cannot beat.
    let count = tapShape.count
    for output in 0..<outputShape.count {
      let own = places[output * count..<(output + 1) * count]
      let first = own.first { $0 >= 0 } ?? 0
      for tap in own.indices where places[tap] < 0 { places[tap] = first }
    }
    let planes = x.shape[0] * x.shape[1]
    let plane = spatial.reduce(1, *)
    let table = builder.integers(places, shape: [1, outputShape.count, count])
    let starts = try builder.places(planes, shape: [planes, 1, 1]) { $0 * plane }
    let all = try builder.add(starts, table)
    let best = try builder.apply(
      ArgMax(axis: 2, selectLast: false), builder.take(x, all), as: .int64)
    let chosen = try builder.take(all, builder.flatPlaces(of: best, along: 2, in: all.shape))
    return try builder.reshape(chosen, Array(x.shape.extents[..<2]) + outputs)
  }

  // MARK: Transposed convolution

  /// The extents of the result, and pads before and after each axis.
  func transposedExtents(
    _ context: NodeContext, _ x: Operand
  ) throws -> (extents: [Int], pads: (before: [Int], after: [Int])) {
    let rank = kernel.count
    let extra = try context.integers("output_padding") ?? []
    let wanted = try context.integers("output_shape") ?? []
    let mode = try context.text("auto_pad", default: "NOTSET")
    guard extra.isEmpty || extra.count == rank, extra.allSatisfy({ (0...(1 << 24)).contains($0) }),
      wanted.isEmpty || wanted.count >= rank
    else { throw ModelError.invalid("output_padding or output_shape do not fit \(x.shape)") }
    var (before, after) = (self.before, self.after)
    var extents: [Int] = []
    for axis in 0..<rank {
      let full =
        strides[axis] * (input[axis] - 1) + (extra.isEmpty ? 0 : extra[axis]) + reach(axis)
      var target = full - before[axis] - after[axis]
      if !wanted.isEmpty {
        target = wanted[wanted.count - rank + axis]
      } else if mode.hasPrefix("SAME") {
        target = input[axis] * strides[axis]
      }
      if !wanted.isEmpty || mode.hasPrefix("SAME") {
        let total = full - target
        // A result that is larger than all taps reach gets zeros at its end.
        let half = max(total, 0) / 2
        before[axis] = mode == "SAME_UPPER" ? half : max(total, 0) - half
        after[axis] = total - before[axis]
      }
      guard target > 0, target <= 1 << 31 else {
        throw ModelError.invalid("the result has \(target) places along an axis")
      }
      extents.append(target)
    }
    return (extents, (before, after))
  }
}

extension Builder {
  /// `weights` [out, in] times the places of an axis.
  func product(_ weights: Operand, alongAxis axis: Int, of x: Operand) throws -> Operand {
    let before = x.shape.extents[..<axis].reduce(1, *)
    let after = x.shape.extents[(axis + 1)...].reduce(1, *)
    var extents = x.shape.extents
    extents[axis] = weights.shape[0]
    if after == 1 {
      let rows = try reshape(x, [before, x.shape[axis]])
      let op = MatMul(isLeftTransposed: false, isRightTransposed: true)
      return try reshape(apply(op, rows, weights), extents)
    }
    let columns = try reshape(x, [before, x.shape[axis], after])
    return try reshape(apply(MatMul(), weights, columns, as: x.type), extents)
  }

  /// A convolution of any number of spatial axes: all but the last two become channels.
  func convolve(
    _ x: Operand, _ weight: Operand, _ bias: Operand?, _ window: WindowRule, groups: Int
  ) throws -> Operand {
    guard groups > 0, weight.rank == x.rank, weight.shape[1] * groups == x.shape[1],
      weight.shape[0] % groups == 0
    else {
      throw ModelError.invalid("kernels \(weight.shape) do not fit \(x.shape) in \(groups) groups")
    }
    let rank = window.kernel.count
    let before = window.before
    let after = (0..<rank).map { window.after[$0] + window.overhang[$0] }
    if rank <= 2 {
      var (input, pads) = (x, before + after)
      if pads.contains(where: { $0 < 0 }) {
        input = try cropped(x, before: [0, 0] + before, after: [0, 0] + after)
        pads = pads.map { max($0, 0) }
      }
      let op = Conv(
        Window(strides: window.strides, pads: pads, dilations: window.dilations), groups: groups)
      return try append(op, to: [input, weight] + (bias.map { [$0] } ?? []))[0]
    }
    // The taps of the first spatial axis become channels, its places samples.
    var edges = x.rank.zeros
    edges[2] = max(0, before[0])
    var ends = x.rank.zeros
    ends[2] = max(0, after[0])
    let padded = try cropped(
      padded(x, before: edges, after: ends), before: [0, 0, before[0]], after: [0, 0, after[0]])
    let outputs = window.outputs(0)
    let taps = try (0..<window.kernel[0]).map { tap in
      let from = tap * window.dilations[0]
      return try slice(
        padded, axis: 2, from: from, to: from + (outputs - 1) * window.strides[0] + 1,
        step: window.strides[0])
    }
    // [N, C, taps, outputs, …] to [N · outputs, C · taps, …].
    let stacked = try stack(taps, axis: 2)
    let moved = try transpose(stacked, [0, 3, 1, 2] + Array(4..<stacked.rank))
    let rest = Array(x.shape.extents[3...])
    let images = try reshape(
      moved, [x.shape[0] * outputs, x.shape[1] * window.kernel[0]] + rest)
    let kernels = try reshape(
      weight,
      [weight.shape[0], weight.shape[1] * window.kernel[0]] + weight.shape.extents[3...])
    let inner = window.dropping(input: rest)
    let result = try convolve(images, kernels, bias, inner, groups: groups)
    let split = try reshape(
      result, [x.shape[0], outputs] + result.shape.extents[1...])
    return try transpose(split, [0, 2, 1] + Array(3..<split.rank))
  }

  /// Without the places that negative pads cut off.
  private func cropped(_ x: Operand, before: [Int], after: [Int]) throws -> Operand {
    var result = x
    for axis in before.indices where before[axis] < 0 || after[axis] < 0 {
      let (from, to) = (max(0, -before[axis]), x.shape[axis] - max(0, -after[axis]))
      guard from < to else { throw ModelError.invalid("pads cut off more than there is") }
      result = try slice(result, axis: axis, from: from, to: to)
    }
    return result
  }

  /// The cotangent of a convolution's input; of more than two axes, a convolution of what is
  /// spread out by the strides.
  func convolveTransposed(
    _ x: Operand, _ weight: Operand, _ window: WindowRule, extents: [Int],
    pads: (before: [Int], after: [Int]), groups: Int
  ) throws -> Operand {
    let rank = window.kernel.count
    let channels = weight.shape[1] * groups
    if rank <= 2 {
      let isDirect = (0..<rank).allSatisfy { axis in
        let room = extents[axis] + pads.before[axis] + pads.after[axis] - window.reach(axis)
        return pads.before[axis] >= 0 && pads.after[axis] >= 0 && room >= 0
          && room / window.strides[axis] + 1 == window.input[axis]
      }
      let full = (0..<rank).map {
        window.strides[$0] * (window.input[$0] - 1) + window.reach($0)
      }
      let op = ConvInputGradient(
        Window(
          strides: window.strides, pads: isDirect ? pads.before + pads.after : [],
          dilations: window.dilations), groups: groups,
        input: [x.shape[0], channels] + (isDirect ? extents : full))
      let result = try apply(op, x, weight)
      return try isDirect ? result : fitted(result, from: pads.before, to: extents)
    }
    // Zeros between the places, the kernel turned round, its channels exchanged.
    var spread = x
    for axis in 0..<rank where window.strides[axis] > 1 {
      let place = axis + 2
      let extent = spread.shape[place]
      let apart = try unsqueeze(spread, [place + 1])
      var after = apart.rank.zeros
      after[place + 1] = window.strides[axis] - 1
      var shape = spread.shape.extents
      shape[place] = extent * window.strides[axis]
      spread = try slice(
        reshape(padded(apart, before: apart.rank.zeros, after: after), shape), axis: place, from: 0,
        to: (extent - 1) * window.strides[axis] + 1)
    }
    let (inputs, outputs) = (x.shape[1] / groups, weight.shape[1])
    var kernels = try reshape(weight, [groups, inputs, outputs] + window.kernel)
    kernels = try transpose(kernels, [0, 2, 1] + Array(3..<kernels.rank))
    kernels = try reshape(kernels, [groups * outputs, inputs] + window.kernel)
    for axis in 0..<rank { kernels = try reversed(kernels, axis: axis + 2) }
    var plain = window
    plain.strides = [Int](repeating: 1, count: rank)
    let margin = (0..<rank).map { window.reach($0) - 1 }
    let full = try convolve(
      spread, kernels, nil,
      plain.moved(input: Array(spread.shape.extents[2...]), before: margin, after: margin),
      groups: groups)
    return try fitted(full, from: pads.before, to: extents)
  }

  /// Places from a start on, with zeros where there are none.
  private func fitted(_ x: Operand, from start: [Int], to extents: [Int]) throws -> Operand {
    var result = x
    for (number, extent) in extents.enumerated() {
      let axis = number + 2
      let have = x.shape[axis]
      let (from, to) = (start[number], start[number] + extent)
      result = try slice(
        result, axis: axis, from: min(max(0, from), have), to: min(max(to, 0), have))
      var (before, after) = (x.rank.zeros, x.rank.zeros)
      before[axis] = min(extent, max(0, -from))
      after[axis] = extent - before[axis] - result.shape[axis]
      result = try padded(result, before: before, after: after)
    }
    return result
  }
}

extension WindowRule {
  /// The window over all spatial axes but the first.
  func dropping(input: [Int]) -> WindowRule {
    var result = self
    result.kernel.removeFirst()
    result.strides.removeFirst()
    result.dilations.removeFirst()
    result.overhang.removeFirst()
    return result.moved(
      input: input, before: Array(before.dropFirst()), after: Array(after.dropFirst()))
  }

  /// The window over another input with other padding.
  func moved(input: [Int], before: [Int], after: [Int]) -> WindowRule {
    var result = self
    (result.input, result.before, result.after) = (input, before, after)
    return result
  }
}

extension Int {
  /// As many zeros.
  var zeros: [Int] { [Int](repeating: 0, count: self) }
}
