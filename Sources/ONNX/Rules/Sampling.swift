import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Operators that read images at places which other inputs say.
  static let sampling: [String: Rule] = [
    "GridSample": one(gridSample),
    "AffineGrid": one(affineGrid),
    "DeformConv": one(deformableConvolution),
    "RoiAlign": one(roiAlign),
    "MaxRoiPool": one(maxRoiPool),
    "MaxUnpool": one(maxUnpool),
  ]

  private static func gridSample(_ context: NodeContext) throws -> Operand {
    let (builder, x, grid) = (context.builder, try context.input(0), try context.input(1))
    let rank = x.rank - 2
    guard rank >= 1, grid.rank == rank + 2, grid.shape[rank + 1] == rank,
      grid.shape[0] == x.shape[0]
    else { throw ModelError.invalid("the grid \(grid.shape) does not fit \(x.shape)") }
    let mode: Sampler.Mode
    switch try context.text("mode", default: context.opset < 20 ? "bilinear" : "linear") {
    case "bilinear", "linear": mode = .linear
    case "bicubic", "cubic": mode = .cubic
    case "nearest": mode = .nearest
    case let text:
      throw ModelError.invalid("attribute mode has the unknown value \(text.quotedName)")
    }
    let text = try context.text("padding_mode", default: "zeros")
    guard let padding = Sampler.Padding(rawValue: text) else {
      throw ModelError.invalid("attribute padding_mode has the unknown value \(text.quotedName)")
    }
    let aligns = try context.flag("align_corners")
    let sampler = Sampler(mode: mode, padding: padding, alignsCorners: aligns)
    let points = Array(grid.shape.extents[1...rank])
    let coordinates = try (0..<rank).map { axis -> Operand in
      // The last coordinate of the grid comes first.
      let own = try builder.place(rank - 1 - axis, ofAxis: rank + 1, in: grid)
      let flat = try builder.reshape(own, [x.shape[0], points.reduce(1, *)])
      let extent = Double(x.shape[axis + 2])
      // From [−1, 1] to centres of elements, or to their edges.
      return try aligns
        ? builder.multiply(builder.add(flat, 1), (extent - 1) / 2)
        : builder.multiply(
          builder.add(builder.multiply(builder.add(flat, 1), extent), -1), 0.5)
    }
    let samples = try sampler.sample(x, at: coordinates, builder)
    return try builder.reshape(samples, Array(x.shape.extents[..<2]) + points)
  }

  private static func affineGrid(_ context: NodeContext) throws -> Operand {
    let (builder, theta) = (context.builder, try context.input(0))
    let size = try context.extents(ofInput: 1)
    let rank = size.count - 2
    guard rank == 2 || rank == 3, theta.shape == [size[0], rank, rank + 1],
      size[2...].allSatisfy({ $0 > 0 })
    else { throw ModelError.invalid("the matrices \(theta.shape) do not fit the size \(size)") }
    let aligns = try context.flag("align_corners")
    let spatial = Shape(Array(size[2...]))
    _ = try Limits.shape([spatial.count, rank + 1], of: "the grid")
    try Limits.room(for: spatial.count, rank + 1, of: "the grid")
    var base: [Double] = []
    for place in 0..<spatial.count {
      for axis in (0..<rank).reversed() {
        let i = Double(place / spatial.strides[axis] % spatial[axis])
        let extent = Double(spatial[axis])
        if aligns {
          base.append(extent > 1 ? 2 * i / (extent - 1) - 1 : -1)
        } else {
          base.append((2 * i + 1) / extent - 1)
        }
      }
      base.append(1)
    }
    let points = builder.constant(base, theta.type, shape: [spatial.count, rank + 1])
    let product = try builder.apply(
      MatMul(isRightTransposed: true), points, theta, as: theta.type)
    return try builder.reshape(product, [size[0]] + spatial.extents + [rank])
  }

  /// A convolution whose taps are moved by offsets (Dai and others 2017) and weighted by a mask.
  private static func deformableConvolution(_ context: NodeContext) throws -> Operand {
    let (builder, x, weight) = (context.builder, try context.input(0), try context.input(1))
    let offset = try context.input(2)
    guard x.rank == 4, weight.rank == 4, offset.rank == 4 else {
      throw ModelError.unsupported("deformable convolutions of other than two spatial axes")
    }
    let kernel = Array(weight.shape.extents[2...])
    let window = try WindowRule(context, x, kernel: kernel)
    let (groups, offsetGroups) = try (
      context.integer("group", default: 1), context.integer("offset_group", default: 1)
    )
    let outputs = window.outputs
    try Limits.table(
      Shape.count(of: kernel), Shape.count(of: outputs), of: "the taps of all windows")
    let (taps, places) = (kernel.reduce(1, *), outputs.reduce(1, *))
    let (batch, channels, results) = (x.shape[0], x.shape[1], weight.shape[0])
    guard groups > 0, offsetGroups > 0, channels % offsetGroups == 0,
      weight.shape[1] * groups == channels, results % groups == 0,
      offset.shape == [batch, offsetGroups * taps * 2, outputs[0], outputs[1]]
    else { throw ModelError.invalid("offsets \(offset.shape) do not fit \(x.shape)") }
    // [N · groups, taps, 2, places].
    let moves = try builder.reshape(offset, [batch * offsetGroups, taps, 2, places])
    let coordinates = try (0..<2).map { axis -> Operand in
      let base = (0..<taps).flatMap { tap in
        (0..<places).map { place in
          let t = axis == 0 ? tap / kernel[1] : tap % kernel[1]
          let o = axis == 0 ? place / outputs[1] : place % outputs[1]
          return Double(o * window.strides[axis] - window.before[axis] + t * window.dilations[axis])
        }
      }
      let own = try builder.place(axis, ofAxis: 2, in: moves)
      let moved = try builder.add(
        own, builder.constant(base, x.type, shape: [1, taps, places]))
      return try builder.reshape(moved, [batch * offsetGroups, taps * places])
    }
    let images = try builder.reshape(
      x, [batch * offsetGroups, channels / offsetGroups, x.shape[2], x.shape[3]])
    var samples = try Sampler(mode: .linear, padding: .zeros, alignsCorners: true)
      .sample(images, at: coordinates, builder)
    if let mask = try context.optional(4) {
      samples = try builder.multiply(
        samples, builder.reshape(mask, [batch * offsetGroups, 1, taps * places]))
    }
    let columns = try builder.reshape(
      samples, [batch, groups, channels / groups * taps, places])
    let matrices = try builder.reshape(
      weight, [groups, results / groups, channels / groups * taps])
    var result = try builder.reshape(
      builder.product(matrices, columns), [batch, results] + outputs)
    if let bias = try context.optional(3) {
      result = try builder.add(result, builder.reshape(bias, [1, results, 1, 1]))
    }
    return result
  }

  // MARK: Regions

  /// Bilinear samples of regions, averaged or the greatest of them (He and others 2017).
  private static func roiAlign(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    guard let rois = try context.reals(ofInput: 1), let images = try context.integers(ofInput: 2),
      x.rank == 4, rois.count == 4 * images.count, rois.allSatisfy(\.isFinite),
      images.allSatisfy((0..<x.shape[0]).contains)
    else { throw ModelError.invalid("the regions do not fit \(x.shape)") }
    let (height, width) = try (
      context.integer("output_height", default: 1), context.integer("output_width", default: 1)
    )
    let ratio = try context.integer("sampling_ratio", default: 0)
    let scale = try context.real("spatial_scale", default: 1)
    let transformation = try context.text(
      "coordinate_transformation_mode",
      default: context.opset >= 16 ? "half_pixel" : "output_half_pixel")
    let isHalf = transformation == "half_pixel"
    let isMax = try context.text("mode", default: "avg") == "max"
    guard height > 0, width > 0, height * width <= 1 << 20, ratio >= 0, ratio <= 1 << 10 else {
      throw ModelError.invalid("output_height, output_width or sampling_ratio are out of range")
    }
    let (rows, columns) = (x.shape[2], x.shape[3])
    var bins: [[(place: Int, weight: Double)]] = []
    for number in images.indices {
      let shift = isHalf ? 0.5 : 0
      let box = rois[(4 * number)..<(4 * number + 4)].map { $0 * scale - shift }
      var (w, h) = (box[2] - box[0], box[3] - box[1])
      if !isHalf { (w, h) = (max(w, 1), max(h, 1)) }
      func samples(_ extent: Double, _ count: Int) -> Int {
        ratio > 0 ? ratio : min(max(Int(within: (extent / Double(count)).rounded(.up)), 0), 1 << 10)
      }
      let (down, across) = (samples(h, height), samples(w, width))
      try Limits.table(
        images.count, height * width, 4 * down * across, of: "the samples of all regions")
      for row in 0..<height {
        for column in 0..<width {
          var bin: [(place: Int, weight: Double)] = []
          for i in 0..<down {
            for j in 0..<across {
              let y =
                box[1] + (Double(row) + (Double(i) + 0.5) / Double(down)) * h / Double(height)
              let x =
                box[0] + (Double(column) + (Double(j) + 0.5) / Double(across)) * w / Double(width)
              bin += corners(y, x, rows, columns)
            }
          }
          let count = isMax ? 1 : Double(max(down * across, 1))
          bins.append(bin.map { ($0.place, $0.weight / count) })
        }
      }
    }
    return try regions(
      x, images, bins, [height, width], isMax: isMax, builder)
  }

  /// The four elements around a point, with their shares.
  private static func corners(
    _ y: Double, _ x: Double, _ rows: Int, _ columns: Int
  ) -> [(place: Int, weight: Double)] {
    if y < -1 || y > Double(rows) || x < -1 || x > Double(columns) {
      return [(0, 0), (0, 0), (0, 0), (0, 0)]
    }
    func split(_ at: Double, _ extent: Int) -> (low: Int, high: Int, rest: Double) {
      let at = max(at, 0)
      let low = Int(within: at)
      return low >= extent - 1 ? (extent - 1, extent - 1, 0) : (low, low + 1, at - Double(low))
    }
    let (v, u) = (split(y, rows), split(x, columns))
    return [
      (v.low * columns + u.low, (1 - v.rest) * (1 - u.rest)),
      (v.low * columns + u.high, (1 - v.rest) * u.rest),
      (v.high * columns + u.low, v.rest * (1 - u.rest)),
      (v.high * columns + u.high, v.rest * u.rest),
    ]
  }

  /// Weighted elements of every bin of every region, summed or the greatest.
  private static func regions(
    _ x: Operand, _ images: [Int], _ bins: [[(place: Int, weight: Double)]], _ extents: [Int],
    isMax: Bool, _ builder: Builder
  ) throws -> Operand {
    let (channels, plane) = (x.shape[1], x.shape[2] * x.shape[3])
    let count = images.count
    let perRegion = extents.reduce(1, *)
    let taps = max(1, bins.map(\.count).max() ?? 1)
    _ = try Limits.shape([count, channels, perRegion, taps], of: "the samples of all regions")
    try Limits.table(count, perRegion, taps, of: "the samples of all regions")
    var places: [Int] = []
    var weights: [Double] = []
    for (number, bin) in bins.enumerated() {
      let start = images[number / perRegion] * channels * plane
      for tap in 0..<taps {
        // Missing taps count nothing, or repeat the first.
        let first = bin.first.flatMap { isMax ? $0 : nil }
        let own = tap < bin.count ? bin[tap] : first ?? (place: 0, weight: 0)
        places.append(start + own.place)
        weights.append(own.weight)
      }
    }
    let table = try builder.add(
      builder.integers(places, shape: [count, 1, perRegion, taps]),
      builder.places(channels, shape: [1, channels, 1, 1]) { $0 * plane })
    let values = try builder.multiply(
      builder.take(x, table),
      builder.constant(weights, x.type, shape: [count, 1, perRegion, taps]))
    let result =
      try
      (isMax
      ? builder.apply(ReduceMax(axes: [3], keepsAxes: false), values)
      : builder.sum(values, [3], keepsAxes: false))
    return try builder.reshape(result, [count, channels] + extents)
  }

  /// The greatest element of every bin of regions with whole corners (Girshick 2015).
  private static func maxRoiPool(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    guard let rois = try context.reals(ofInput: 1), x.rank == 4, rois.count % 5 == 0,
      let extents = try context.integers("pooled_shape"), extents.count == 2,
      extents.allSatisfy({ $0 > 0 && $0 <= 1 << 10 }),
      rois.allSatisfy({ abs($0) < 0x1p24 })
    else { throw ModelError.invalid("the regions do not fit \(x.shape)") }
    let scale = try context.real("spatial_scale", default: 1)
    let (rows, columns) = (x.shape[2], x.shape[3])
    try Limits.table(
      rois.count / 5, Shape.count(of: extents) + rows * columns,
      of: "the bins of all regions")
    var images: [Int] = []
    var bins: [[(place: Int, weight: Double)]] = []
    for number in 0..<rois.count / 5 {
      let roi = rois[(5 * number)..<(5 * number + 5)].map { $0 }
      images.append(Int(within: roi[0]))
      guard (0..<x.shape[0]).contains(images[number]) else {
        throw ModelError.invalid("region \(number) is of sample \(images[number])")
      }
      let corner = roi[1...].map { Int(within: ($0 * scale).rounded()) }
      let (h, w) = (max(corner[3] - corner[1] + 1, 1), max(corner[2] - corner[0] + 1, 1))
      func range(_ place: Int, _ bins: Int, _ size: Int, _ start: Int, _ limit: Int) -> Range<Int> {
        let bin = Double(size) / Double(bins)
        let low = min(max(Int(within: (Double(place) * bin).rounded(.down)) + start, 0), limit)
        let high = min(max(Int(within: (Double(place + 1) * bin).rounded(.up)) + start, 0), limit)
        return low..<max(low, high)
      }
      for row in 0..<extents[0] {
        for column in 0..<extents[1] {
          let across = range(column, extents[1], w, corner[0], columns)
          bins.append(
            range(row, extents[0], h, corner[1], rows).flatMap { y in
              across.map { (y * columns + $0, 1) }
            })
        }
      }
    }
    return try regions(x, images, bins, extents, isMax: true, builder)
  }

  /// Elements back at the places that MaxPool took them from.
  private static func maxUnpool(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let kernel = try context.integers("kernel_shape") ?? []
    let rank = x.rank - 2
    let strides = try context.integers("strides") ?? [Int](repeating: 1, count: rank)
    let pads = try context.integers("pads") ?? (2 * rank).zeros
    guard rank > 0, kernel.count == rank, strides.count == rank, pads.count == 2 * rank,
      (kernel + strides + pads).allSatisfy({ (0...(1 << 24)).contains($0) })
    else { throw ModelError.invalid("kernel_shape, strides or pads do not fit \(x.shape)") }
    let extents = (0..<rank).map {
      (x.shape[$0 + 2] - 1) * strides[$0] - pads[$0] - pads[$0 + rank] + kernel[$0]
    }
    let shape = try Limits.shape(Array(x.shape.extents[..<2]) + extents, of: "the result")
    let zeros = try builder.expand(builder.scalar(0, x.type), [shape.count])
    let flat = try builder.apply(
      Put(), zeros, builder.reshape(context.input(1), [x.count]), builder.reshape(x, [x.count]),
      as: x.type)
    let result = try builder.reshape(flat, shape.extents)
    guard let wanted = try context.integers(ofInput: 2) else { return result }
    guard wanted.count == x.rank, zip(wanted, shape.extents).allSatisfy({ $0 >= $1 }) else {
      throw ModelError.invalid("output_shape \(wanted) does not hold \(shape)")
    }
    return try builder.padded(
      result, before: x.rank.zeros, after: zip(wanted, shape.extents).map { $0 - $1 })
  }
}

/// Images read between their elements.
struct Sampler {
  enum Mode { case nearest, linear, cubic }
  enum Padding: String { case zeros, border, reflection }

  let mode: Mode
  let padding: Padding
  let alignsCorners: Bool

  /// [N, C, P] of images [N, C, …] at P points, whose coordinates along each spatial axis are
  /// [N, P], counted in elements.
  func sample(
    _ x: Operand, at coordinates: [Operand], _ builder: Builder
  ) throws -> Operand {
    let (batch, channels) = (x.shape[0], x.shape[1])
    let spatial = Shape(Array(x.shape.extents[2...]))
    let points = coordinates[0].shape[1]
    guard spatial.count > 0 else { throw ModelError.invalid("the images are empty") }
    let axes = try coordinates.enumerated().map {
      try taps($1, extent: spatial[$0], builder)
    }
    let planes = try builder.places(batch * channels, shape: [batch, channels, 1]) {
      $0 * spatial.count
    }
    var sum: Operand?
    var choice = axes.map { _ in 0 }
    while true {
      var place: Operand?
      var weight: Operand?
      for (axis, tap) in choice.enumerated() {
        let own = axes[axis][tap]
        let step = try builder.multiply(own.index, Double(spatial.strides[axis]))
        place = try place.map { try builder.add($0, step) } ?? step
        if let factor = own.weight {
          weight = try weight.map { try builder.multiply($0, factor) } ?? factor
        }
      }
      guard let place else { break }
      var term = try builder.take(x, builder.add(builder.unsqueeze(place, [1]), planes))
      if let weight { term = try builder.multiply(term, builder.unsqueeze(weight, [1])) }
      sum = try sum.map { try builder.add($0, term) } ?? term
      // The next combination of taps.
      var axis = 0
      while axis < choice.count {
        choice[axis] += 1
        if choice[axis] < axes[axis].count { break }
        choice[axis] = 0
        axis += 1
      }
      if axis == choice.count { break }
    }
    return sum ?? builder.empty(x.type, [batch, channels, points])
  }

  /// Places along an axis that a coordinate reads, and their shares.
  private func taps(
    _ given: Operand, extent: Int, _ builder: Builder
  ) throws -> [(index: Operand, weight: Operand?)] {
    let coordinate = try within(
      mode == .nearest ? builder.apply(Round(), given) : given, extent: extent, builder)
    let first = try builder.apply(Floor(), coordinate)
    let rest = try builder.subtract(coordinate, first)
    let index = try builder.cast(first, to: .int64)
    let weights: [(offset: Int, weight: Operand?)]
    switch mode {
    case .nearest: weights = [(0, nil)]
    case .linear:
      weights = [(0, try builder.subtract(builder.scalar(1, rest.type), rest)), (1, rest)]
    case .cubic:
      weights = try (-1...2).map { ($0, try cubic(rest, $0, builder)) }
    }
    return try weights.map { offset, weight in
      let place = try builder.add(index, Double(offset))
      let (last, zero) = (builder.scalar(Double(extent - 1), .int64), builder.scalar(0, .int64))
      var weight = weight
      switch padding {
      case .zeros:
        let isInside = try builder.apply(
          And(), builder.apply(GreaterOrEqual(), place, zero, as: .bool),
          builder.apply(LessOrEqual(), place, last, as: .bool), as: .bool)
        let factor = try builder.cast(isInside, to: given.type)
        weight = try weight.map { try builder.multiply($0, factor) } ?? factor
        return (try builder.apply(Min(), builder.apply(Max(), place, zero), last), weight)
      case .border:
        return (try builder.apply(Min(), builder.apply(Max(), place, zero), last), weight)
      case .reflection:
        let period = alignsCorners ? 2 * (extent - 1) : 2 * extent
        guard period > 0 else { return (try builder.multiply(place, 0), weight) }
        let rest = try builder.apply(
          Mod(isFmod: false), place, builder.scalar(Double(period), .int64))
        let top = builder.scalar(Double(alignsCorners ? period : period - 1), .int64)
        return (try builder.apply(Min(), rest, builder.subtract(top, rest)), weight)
      }
    }
  }

  /// The kernel of Keys (1981) with −3/4, by the distance of a tap.
  private func cubic(_ rest: Operand, _ offset: Int, _ builder: Builder) throws -> Operand {
    let a = -0.75
    let near: Bool = offset == 0 || offset == 1
    let d =
      try offset <= 0
      ? builder.add(rest, Double(-offset))
      : builder.subtract(builder.scalar(Double(offset), rest.type), rest)
    func polynomial(_ coefficients: [Double]) throws -> Operand {
      var result = builder.scalar(coefficients[0], rest.type)
      for coefficient in coefficients.dropFirst() {
        result = try builder.add(builder.multiply(result, d), coefficient)
      }
      return result
    }
    return try near
      ? polynomial([a + 2, -(a + 3), 0, 1]) : polynomial([a, -5 * a, 8 * a, -4 * a])
  }

  /// A coordinate outside of the image brought to its edge, or reflected there.
  private func within(_ x: Operand, extent: Int, _ builder: Builder) throws -> Operand {
    guard padding != .zeros else { return x }
    let (low, high) = alignsCorners ? (0.0, Double(extent - 1)) : (-0.5, Double(extent) - 0.5)
    let isOutside = try builder.apply(
      Or(), builder.apply(Less(), x, builder.scalar(low, x.type), as: .bool),
      builder.apply(Greater(), x, builder.scalar(high, x.type), as: .bool), as: .bool)
    if padding == .border {
      return try builder.choose(isOutside, builder.clip(x, 0, Double(extent - 1)), x)
    }
    guard high > low else { return try builder.multiply(x, 0) }
    let period = 2 * (high - low)
    let shifted = try builder.add(x, -low)
    let turns = try builder.apply(Floor(), builder.multiply(shifted, 1 / period))
    let rest = try builder.subtract(shifted, builder.multiply(turns, period))
    let mirrored = try builder.apply(
      Min(), rest, builder.subtract(builder.scalar(period, x.type), rest))
    return try builder.choose(isOutside, builder.add(mirrored, low), x)
  }
}
