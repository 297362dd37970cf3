import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Images made larger, smaller, or of other parts.
  static let images: [String: Rule] = [
    "Resize": one { try ResizeRule($0).apply() },
    "Upsample": one { try ResizeRule(upsample: $0).apply() },
    "DepthToSpace": one(depthToSpace),
    "SpaceToDepth": one(spaceToDepth),
    "CenterCropPad": one(centerCropPad),
    "Col2Im": one(columnsToImage),
  ]

  private static func depthToSpace(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let block = try context.integer("blocksize")
    guard x.rank == 4, block > 0, x.shape[1] % (block * block) == 0 else {
      throw ModelError.invalid("blocks of \(block) do not divide the channels of \(x.shape)")
    }
    let (n, c, h, w) = (x.shape[0], x.shape[1] / (block * block), x.shape[2], x.shape[3])
    let moved: Operand
    switch try context.text("mode", default: "DCR") {
    case "DCR":
      moved = try builder.transpose(
        builder.reshape(x, [n, block, block, c, h, w]), [0, 3, 4, 1, 5, 2])
    case "CRD":
      moved = try builder.transpose(
        builder.reshape(x, [n, c, block, block, h, w]), [0, 1, 4, 2, 5, 3])
    case let text:
      throw ModelError.invalid("attribute mode has the unknown value \(text.quotedName)")
    }
    return try builder.reshape(moved, [n, c, h * block, w * block])
  }

  private static func spaceToDepth(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let block = try context.integer("blocksize")
    guard x.rank == 4, block > 0, x.shape[2] % block == 0, x.shape[3] % block == 0 else {
      throw ModelError.invalid("blocks of \(block) do not divide \(x.shape)")
    }
    let (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2] / block, x.shape[3] / block)
    let blocks = try builder.reshape(x, [n, c, h, block, w, block])
    let order =
      try context.text("mode", default: "DCR") == "CRD"
      ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]
    return try builder.reshape(
      builder.transpose(blocks, order), [n, c * block * block, h, w])
  }

  private static func centerCropPad(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let extents = try context.extents(ofInput: 1)
    let axes = try context.axes(
      context.integers("axes") ?? Array(0..<x.rank), rank: x.rank)
    guard axes.count == extents.count else {
      throw ModelError.invalid("\(extents.count) extents do not fit \(axes.count) axes")
    }
    var result = x
    for (axis, extent) in zip(axes, extents) {
      let have = result.shape[axis]
      if extent <= have {
        let from = (have - extent) / 2
        result = try builder.slice(result, axis: axis, from: from, to: from + extent)
      } else {
        var (before, after) = (x.rank.zeros, x.rank.zeros)
        before[axis] = (extent - have) / 2
        after[axis] = extent - have - before[axis]
        result = try builder.padded(result, before: before, after: after)
      }
    }
    return result
  }

  /// Columns of blocks added up where they lie in the image.
  private static func columnsToImage(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let image = try context.extents(ofInput: 1)
    let block = try context.extents(ofInput: 2)
    let rank = image.count
    let ones = [Int](repeating: 1, count: rank)
    let strides = try context.integers("strides") ?? ones
    let dilations = try context.integers("dilations") ?? ones
    let pads = try context.integers("pads") ?? rank.zeros + rank.zeros
    let taps = try Limits.shape(block, of: "the block")
    guard rank > 0, block.count == rank, strides.count == rank, dilations.count == rank,
      pads.count == 2 * rank, (strides + dilations).allSatisfy({ $0 > 0 && $0 <= 1 << 24 }),
      pads.allSatisfy({ (0...(1 << 24)).contains($0) }), x.rank == 3, taps.count > 0,
      x.shape[1] % taps.count == 0
    else { throw ModelError.invalid("blocks \(block) do not fit \(x.shape) and image \(image)") }
    let counts = (0..<rank).map { axis -> Int in
      let reach = dilations[axis] * (block[axis] - 1) + 1
      let padded = image[axis] + pads[axis] + pads[axis + rank]
      return max(0, padded - reach + strides[axis]) / strides[axis]
    }
    let blocks = try Limits.shape(counts, of: "the blocks")
    guard blocks.count == x.shape[2] else {
      throw ModelError.invalid("\(x.shape[2]) columns do not cover the image \(image)")
    }
    try Limits.room(for: x.count, of: "the places of all columns")
    let channels = x.shape[1] / taps.count
    let whole = Shape(image)
    var places: [Int] = []
    for tap in 0..<taps.count {
      for number in 0..<blocks.count {
        var place: Int? = 0
        for axis in 0..<rank {
          let t = tap / taps.strides[axis] % taps[axis]
          let b = number / blocks.strides[axis] % blocks[axis]
          let at = b * strides[axis] - pads[axis] + t * dilations[axis]
          place = (0..<image[axis]).contains(at) ? place.map { $0 + at * whole.strides[axis] } : nil
        }
        places.append(place ?? -1)
      }
    }
    // Places of other samples and channels; what lies in the padding stays outside.
    let own = x.shape[0] * channels
    let all = (0..<own).flatMap { plane in
      places.map { $0 < 0 ? -1 : $0 + plane * whole.count }
    }
    let values = try builder.reshape(x, [own * taps.count * blocks.count])
    let put = PutAdd(into: [own * whole.count])
    return try builder.reshape(
      builder.apply(put, values, builder.integers(all)), [x.shape[0], channels] + image)
  }
}

/// Resizing: along every axis a matrix of weights, or a choice of places.
private struct ResizeRule {
  private let context: NodeContext
  private let x: Operand
  private let mode: String
  private let transformation: String
  private let rounding: String
  private let cubic: Double
  private let excludesOutside: Bool
  private let antialiases: Bool
  private let extrapolation: Double
  private let axes: [Int]
  private var scales: [Double]
  private var extents: [Int]
  private let regions: [Double]?

  private var builder: Builder { context.builder }

  /// Upsample is a resizing of its own coordinates.
  init(upsample context: NodeContext) throws {
    self.context = context
    x = try context.input(0)
    mode = try context.text("mode", default: "nearest")
    (transformation, rounding, cubic) = ("asymmetric", "floor", -0.75)
    (excludesOutside, antialiases, extrapolation, regions) = (false, false, 0, nil)
    axes = Array(0..<x.rank)
    if context.opset < 7 {
      guard x.rank == 4 else { throw ModelError.invalid("takes [N, C, H, W], not \(x.shape)") }
      scales = [
        1, 1, try context.decimal("height_scale", default: 1),
        try context.decimal("width_scale", default: 1),
      ]
    } else {
      scales = try context.reals("scales") ?? context.reals(ofInput: 1) ?? []
    }
    extents = []
    try setExtents(sizes: nil, policy: "stretch")
  }

  init(_ context: NodeContext) throws {
    self.context = context
    x = try context.input(0)
    mode = try context.text("mode", default: "nearest")
    let isFirst = context.opset < 11
    transformation = try context.text(
      "coordinate_transformation_mode", default: isFirst ? "asymmetric" : "half_pixel")
    rounding = try context.text(
      "nearest_mode", default: isFirst ? "floor" : "round_prefer_floor")
    cubic = try context.real("cubic_coeff_a", default: -0.75)
    excludesOutside = try context.flag("exclude_outside")
    antialiases = try context.flag("antialias")
    extrapolation = try context.real("extrapolation_value", default: 0)
    axes = try context.axes(
      context.integers("axes") ?? Array(0..<x.rank), rank: x.rank)
    regions =
      transformation == "tf_crop_and_resize" ? try context.reals(ofInput: 1) : nil
    scales = try context.reals(ofInput: isFirst ? 1 : 2) ?? []
    extents = []
    let sizes = try isFirst ? nil : context.integers(ofInput: 3)
    try setExtents(
      sizes: sizes.flatMap { $0.isEmpty ? nil : $0 },
      policy: context.text("keep_aspect_ratio_policy", default: "stretch"))
    guard regions.map({ $0.count == 2 * axes.count }) ?? true else {
      throw ModelError.invalid("roi does not fit \(axes.count) axes")
    }
  }

  private mutating func setExtents(sizes: [Int]?, policy: String) throws {
    let inputs = axes.map { x.shape[$0] }
    if let sizes {
      guard sizes.count == axes.count, inputs.allSatisfy({ $0 > 0 }) else {
        throw ModelError.invalid("\(sizes.count) sizes do not fit \(axes.count) axes of \(x.shape)")
      }
      scales = zip(sizes, inputs).map { Double($0) / Double($1) }
      extents = sizes
      if policy != "stretch" {
        let common = (policy == "not_larger" ? scales.min() : scales.max()) ?? 1
        scales = scales.map { _ in common }
        extents = inputs.map { Int(within: (common * Double($0) + 0.5).rounded(.down)) }
      }
    } else {
      guard scales.count == axes.count else {
        throw ModelError.invalid(
          "\(scales.count) scales do not fit \(axes.count) axes of \(x.shape)")
      }
      if let odd = scales.first(where: { !($0 > 0 && $0 < 0x1p24) }) {
        throw ModelError.invalid("a scale is \(odd); scales lie between 0 and 2^24")
      }
      extents = zip(scales, inputs).map { Int(within: ($0 * Double($1)).rounded(.down)) }
    }
    var whole = x.shape.extents
    for (axis, extent) in zip(axes, extents) { whole[axis] = extent }
    _ = try Limits.shape(whole, of: "the result")
  }

  func apply() throws -> Operand {
    var result = x
    let isWhole = mode != "nearest" && !x.isReal
    if isWhole { result = try builder.cast(x, to: .float) }
    for (number, axis) in axes.enumerated().reversed() {
      let (extent, input) = (extents[number], x.shape[axis])
      guard input > 0 else { throw ModelError.invalid("an axis without places is resized") }
      // Every place of the result has a row of weights, and as many taps as it is made smaller by.
      let taps = mode == "nearest" ? 1 : max(input, antialiases ? 4 * (input / max(extent, 1)) : 4)
      try Limits.table(extent, taps, of: "the weights of a resized axis")
      let positions = try (0..<extent).map { try position($0, number) }
      if extent == input, positions.enumerated().allSatisfy({ Double($0) == $1 }) { continue }
      switch mode {
      case "nearest":
        result = try builder.select(
          result, axis: axis,
          positions.map { min(max(Int(within: try nearest($0)), 0), input - 1) })
      case "linear", "cubic":
        let rows = positions.flatMap { weights($0, input: input, scale: scales[number]) }
        let matrix = builder.constant(rows, result.type, shape: [extent, input])
        result = try builder.product(matrix, alongAxis: axis, of: result)
      default: throw ModelError.invalid("attribute mode has the unknown value \(mode.quotedName)")
      }
      if regions != nil {
        let isInside = positions.map { $0 >= 0 && $0 <= Double(input - 1) }
        guard isInside.contains(false) else { continue }
        var shape = [Int](repeating: 1, count: x.rank)
        shape[axis] = extent
        result = try builder.choose(
          builder.constant(Tensor(isInside, shape: Shape(shape)), .bool), result,
          builder.scalar(extrapolation, result.type))
      }
    }
    return isWhole ? try builder.cast(builder.apply(Round(), result), to: x.type) : result
  }

  /// Where in the input a place of the output lies.
  private func position(_ place: Int, _ number: Int) throws -> Double {
    let (y, scale) = (Double(place), scales[number])
    let input = Double(x.shape[axes[number]])
    let output = scale * input
    switch transformation {
    case "align_corners": return output == 1 ? 0 : y * (input - 1) / (output - 1)
    case "asymmetric": return y / scale
    case "half_pixel": return (y + 0.5) / scale - 0.5
    case "pytorch_half_pixel": return output == 1 ? -0.5 : (y + 0.5) / scale - 0.5
    case "half_pixel_symmetric":
      let adjustment = Double(extents[number]) / output
      return input / 2 * (1 - adjustment) + (y + 0.5) / scale - 0.5
    case "tf_crop_and_resize":
      guard let regions else { throw ModelError.invalid("has no roi") }
      let (start, end) = (regions[number], regions[number + axes.count])
      let first =
        output == 1
        ? (end - start) * (input - 1) / 2 : y * (end - start) * (input - 1) / (output - 1)
      return first + start * (input - 1)
    default:
      throw ModelError.invalid(
        "attribute coordinate_transformation_mode has the unknown value "
          + transformation.quotedName)
    }
  }

  private func nearest(_ position: Double) throws -> Double {
    let bounded = min(max(position, -0x1p31), 0x1p31)
    switch rounding {
    case "round_prefer_floor": return (bounded - 0.5).rounded(.up)
    case "round_prefer_ceil": return (bounded + 0.5).rounded(.down)
    case "floor": return bounded.rounded(.down)
    case "ceil": return bounded.rounded(.up)
    default:
      throw ModelError.invalid(
        "attribute nearest_mode has the unknown value \(rounding.quotedName)")
    }
  }

  /// The share of every input in an output at a position; what lies outside repeats the edge.
  private func weights(_ position: Double, input: Int, scale: Double) -> [Double] {
    let bounded = min(max(position, -0x1p31), 0x1p31)
    let isWhole = bounded == bounded.rounded()
    let first = Int(within: bounded.rounded(.down)) - (isWhole ? 1 : 0)
    let ratio = bounded - Double(first)
    let narrow = antialiases ? min(scale, 1) : 1
    let reach = mode == "linear" ? 1.0 : 2.0
    let start = Int(within: (-reach / narrow).rounded(.down)) + 1
    var taps = (start...(1 - start)).map { offset -> (place: Int, weight: Double) in
      (first + offset, kernel((Double(offset) - ratio) * narrow))
    }
    if excludesOutside { taps.removeAll { !(0..<input).contains($0.place) } }
    let sum = antialiases || excludesOutside ? taps.reduce(0) { $0 + $1.weight } : 1
    var row = [Double](repeating: 0, count: input)
    for tap in taps { row[min(max(tap.place, 0), input - 1)] += tap.weight / sum }
    return row
  }

  /// A triangle, or the cubic kernel of Keys (1981).
  private func kernel(_ distance: Double) -> Double {
    let d = abs(distance)
    if mode == "linear" { return max(0, 1 - d) }
    if d <= 1 { return ((cubic + 2) * d - (cubic + 3)) * d * d + 1 }
    return d < 2 ? ((cubic * d - 5 * cubic) * d + 8 * cubic) * d - 4 * cubic : 0
  }
}
