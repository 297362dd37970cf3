import Operators
import RealModule
import Semantics
import Tensors

extension OperatorRules {
  /// Fourier transforms, and windows.
  static let signals: [String: Rule] = [
    "DFT": one(fourierTransform),
    "STFT": one(shortFourierTransform),
    "HannWindow": window { 0.5 - 0.5 * Double.cos(2 * .pi * $0) },
    "HammingWindow": window { 25.0 / 46 - 21.0 / 46 * Double.cos(2 * .pi * $0) },
    "BlackmanWindow": window {
      0.42 - 0.5 * Double.cos(2 * .pi * $0) + 0.08 * Double.cos(4 * .pi * $0)
    },
    "MelWeightMatrix": one(melWeights),
  ]

  /// A window by the share of its length that is past.
  private static func window(_ value: @escaping @Sendable (Double) -> Double) -> Rule {
    one { context in
      guard let size = try context.integers(ofInput: 0)?.first, size >= 0 else {
        throw ModelError.invalid("the size must not be negative")
      }
      _ = try Limits.shape([size], of: "the window")
      try Limits.room(for: size, of: "the window")
      let length = try context.flag("periodic", default: true) ? size : size - 1
      let type = try context.dataType("output_datatype", default: .float)
      let numbers = (0..<size).map { value(length > 0 ? Double($0) / Double(length) : 0) }
      return context.builder.constant(numbers, type)
    }
  }

  private static func fourierTransform(_ context: NodeContext) throws -> Operand {
    let x = try context.input(0)
    let number =
      try context.opset >= 20
      ? context.integers(ofInput: 2)?.first ?? -2 : context.integer("axis", default: 1)
    let axis = try context.axis(number, rank: x.rank)
    let length = try context.integers(ofInput: 1)?.first
    return try context.builder.fourierTransform(
      x, axis: axis, length: length, isInverse: context.flag("inverse"),
      isOneSided: context.flag("onesided"))
  }

  private static func shortFourierTransform(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let window = try context.optional(2)
    guard x.rank == 3, let step = try context.integers(ofInput: 1)?.first, step > 0,
      let length = try context.integers(ofInput: 3)?.first ?? window?.count, length > 0,
      length <= x.shape[1], window.map({ $0.count == length }) ?? true
    else { throw ModelError.invalid("frames do not fit a signal \(x.shape)") }
    let frames = 1 + (x.shape[1] - length) / step
    try Limits.room(for: frames, length, of: "the places of all frames")
    let places = (0..<frames).flatMap { frame in (0..<length).map { frame * step + $0 } }
    var cut = try builder.gather(
      x, axis: 1, builder.integers(places, shape: [frames, length]))
    if let window {
      cut = try builder.multiply(cut, builder.reshape(window, [1, 1, length, 1]))
    }
    return try builder.fourierTransform(
      cut, axis: 2, length: nil, isInverse: false,
      isOneSided: context.flag("onesided", default: true))
  }

  /// Triangles that are even in the mel scale, 2595 log10(1 + f / 700).
  private static func melWeights(_ context: NodeContext) throws -> Operand {
    guard let bins = try context.integers(ofInput: 0)?.first,
      let length = try context.integers(ofInput: 1)?.first,
      let rate = try context.integers(ofInput: 2)?.first,
      let low = try context.reals(ofInput: 3)?.first,
      let high = try context.reals(ofInput: 4)?.first, bins > 0, length > 0, rate > 0, low >= 0,
      high >= low, high <= Double(rate)
    else { throw ModelError.invalid("bins, length, rate or edges are out of range") }
    let rows = length / 2 + 1
    let shape = try Limits.shape([rows, bins], of: "the matrix")
    try Limits.room(for: rows, bins, of: "the matrix")
    func mel(_ hertz: Double) -> Double { 2595 * Double.log(onePlus: hertz / 700) / Double.log(10) }
    let step = (mel(high) - mel(low)) / Double(bins + 2)
    let edges = (0..<bins + 2).map { number -> Int in
      let hertz =
        700
        * Double.expMinusOne(
          (mel(low) + Double(number) * step) / 2595 * Double.log(10))
      return min(
        max(Int(within: (Double(length + 1) * hertz / Double(rate)).rounded(.down)), 0), rows - 1)
    }
    var matrix = [Double](repeating: 0, count: shape.count)
    for bin in 0..<bins {
      let (left, centre, right) = (edges[bin], edges[bin + 1], edges[bin + 2])
      if centre == left {
        matrix[centre * bins + bin] = 1
      } else {
        for row in left...centre {
          matrix[row * bins + bin] = Double(row - left) / Double(centre - left)
        }
      }
      for row in centre..<max(centre, right) {
        matrix[row * bins + bin] = Double(right - row) / Double(right - centre)
      }
    }
    return context.builder.constant(
      matrix, try context.dataType("output_datatype", default: .float), shape: shape)
  }
}

extension Builder {
  /// The discrete Fourier transform along an axis of [.., 1] reals or [.., 2] complex numbers.
  ///
  /// One-sided it gives the first half of the frequencies; one-sided and inverse it takes them, and
  /// gives reals.
  func fourierTransform(
    _ given: Operand, axis: Int, length: Int?, isInverse: Bool, isOneSided: Bool
  ) throws -> Operand {
    let last = given.rank - 1
    guard last > axis, let width = given.shape.extents.last, width == 1 || width == 2 else {
      throw ModelError.invalid("takes […, 1] or […, 2], not \(given.shape), and another axis")
    }
    let toReals = isInverse && isOneSided
    let length =
      length ?? (toReals ? 2 * (given.shape[axis] - 1) : given.shape[axis])
    guard length > 0, length <= 1 << 20 else {
      throw ModelError(
        .limitExceeded, "a transform of \(length) places", cure: "use at most 2^20 places")
    }
    let inputs = toReals ? length / 2 + 1 : length
    var x = given
    if x.shape[axis] > inputs { x = try slice(x, axis: axis, from: 0, to: inputs) }
    if x.shape[axis] < inputs {
      var after = x.rank.zeros
      after[axis] = inputs - x.shape[axis]
      x = try padded(x, before: x.rank.zeros, after: after)
    }
    if width == 1 {
      var after = x.rank.zeros
      after[last] = 1
      x = try padded(x, before: x.rank.zeros, after: after)
    }
    if toReals, length > inputs {
      // The second half is the first, conjugate and backwards.
      x = try gather(
        x, axis: axis, integers((0..<length).map { $0 < inputs ? $0 : length - $0 }))
      var extents = [Int](repeating: 1, count: x.rank)
      (extents[axis], extents[last]) = (length, 2)
      let signs = (0..<2 * length).map { $0 % 2 == 0 || $0 / 2 < inputs ? 1.0 : -1 }
      x = try multiply(x, constant(signs, x.type, shape: Shape(extents)))
    }
    let op = FourierTransform(
      axis: axis, length: length, isInverse: isInverse, isNormalized: isInverse)
    let whole = try apply(op, x)
    if toReals { return try slice(whole, axis: last, from: 0, to: 1) }
    return try slice(whole, axis: axis, from: 0, to: isOneSided ? length / 2 + 1 : length)
  }
}
