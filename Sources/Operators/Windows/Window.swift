import Semantics
import Tensors

/// How a kernel moves over one or two spatial axes: the attributes that convolution and pooling
/// share.
///
/// Pads are given as ONNX gives them: the beginnings of all axes, then their ends. Empty lists mean
/// strides and dilations of 1 and no padding.
public struct Window: Hashable, Sendable {
  public let strides: [Int]
  public let pads: [Int]
  public let dilations: [Int]

  public init(strides: [Int] = [], pads: [Int] = [], dilations: [Int] = []) {
    self.strides = strides
    self.pads = pads
    self.dilations = dilations
  }

  init(attributes: Attributes, in owner: String) throws(OperatorError) {
    strides = try attributes.integers("strides", default: [], in: owner)
    pads = try attributes.integers("pads", default: [], in: owner)
    dilations = try attributes.integers("dilations", default: [], in: owner)
    guard strides.allSatisfy({ $0 > 0 }), dilations.allSatisfy({ $0 > 0 }),
      pads.allSatisfy({ $0 >= 0 })
    else {
      throw OperatorError(
        .invalidAttribute, in: owner,
        "strides and dilations must be positive and pads not negative")
    }
  }

  /// The attributes that are stated.
  var attributes: Attributes {
    var attributes: Attributes = [:]
    if !strides.isEmpty { attributes["strides"] = .integers(strides) }
    if !pads.isEmpty { attributes["pads"] = .integers(pads) }
    if !dilations.isEmpty { attributes["dilations"] = .integers(dilations) }
    return attributes
  }

  /// One spatial axis of an input of `extent` places under a kernel of `kernel` taps.
  func axis(_ axis: Int, of rank: Int, extent: Int, kernel: Int) -> WindowAxis {
    WindowAxis(
      extent: extent, kernel: kernel, stride: strides.isEmpty ? 1 : strides[axis],
      dilation: dilations.isEmpty ? 1 : dilations[axis], begin: pads.isEmpty ? 0 : pads[axis],
      end: pads.isEmpty ? 0 : pads[axis + rank])
  }

  /// The two spatial axes; a single one becomes the second under a first of one place.
  func plane(_ extents: (Int, Int), kernel: (Int, Int), rank: Int) -> WindowPlane {
    let rows =
      rank == 1
      ? WindowAxis(extent: 1, kernel: 1, stride: 1, dilation: 1, begin: 0, end: 0)
      : axis(0, of: rank, extent: extents.0, kernel: kernel.0)
    return WindowPlane(
      rows: rows, columns: axis(rank - 1, of: rank, extent: extents.1, kernel: kernel.1))
  }

  /// Throws unless the lists fit `rank` spatial axes.
  func check(rank: Int, in owner: String) throws(OperatorError) {
    guard strides.isEmpty || strides.count == rank, dilations.isEmpty || dilations.count == rank,
      pads.isEmpty || pads.count == 2 * rank
    else {
      throw OperatorError(
        .invalidAttribute, in: owner,
        "strides \(strides), pads \(pads) and dilations \(dilations) do not fit \(rank) axes")
    }
    guard (strides + pads + dilations).allSatisfy({ $0 <= Self.greatest }) else {
      throw OperatorError(
        .invalidAttribute, in: owner,
        "strides \(strides), pads \(pads) and dilations \(dilations) go beyond \(Self.greatest)")
    }
  }

  /// The greatest stride, pad or dilation, whose products with extents are numbers that fit.
  static let greatest = 1 << 24
}

/// A kernel along one axis.
struct WindowAxis: Hashable {
  let extent: Int
  let kernel: Int
  let stride: Int
  let dilation: Int
  let begin: Int
  let end: Int

  /// Places of the output; 0 or less when the kernel does not fit.
  var outputs: Int {
    let room = extent + begin + end - dilation * (kernel - 1) - 1
    return room < 0 ? 0 : room / stride + 1
  }

  /// Where tap `tap` of output `output` reads; outside 0 ..< extent it reads padding.
  @inline(__always)
  func input(_ output: Int, _ tap: Int) -> Int { output * stride - begin + tap * dilation }

  /// The output that reads `input` with `tap`, or nil.
  @inline(__always)
  func output(_ input: Int, _ tap: Int) -> Int? {
    let distance = input + begin - tap * dilation
    guard distance >= 0, distance % stride == 0, distance / stride < outputs else { return nil }
    return distance / stride
  }

  /// The outputs for which `tap` reads inside the input.
  @inline(__always)
  func outputs(inside tap: Int) -> Range<Int> {
    let first = begin - tap * dilation
    let low = first <= 0 ? 0 : (first + stride - 1) / stride
    let room = extent - 1 + first
    let high = room < 0 ? 0 : min(room / stride + 1, outputs)
    return low < high ? low..<high : 0..<0
  }

  /// The taps of `output` that read inside the input.
  ///
  /// Kernels of files may be far greater than what they are moved over.
  @inline(__always)
  func taps(of output: Int) -> Range<Int> {
    let first = begin - output * stride
    let low = first <= 0 ? 0 : (first + dilation - 1) / dilation
    let room = extent - 1 + first
    let high = room < 0 ? 0 : min(room / dilation + 1, kernel)
    return low < high ? low..<high : 0..<0
  }

  /// The taps with which some output may read `input`: those outside of it never do.
  @inline(__always)
  func taps(reading input: Int) -> Range<Int> {
    let farthest = input + begin
    let least = farthest - (outputs - 1) * stride
    let low = least <= 0 ? 0 : (least + dilation - 1) / dilation
    let high = min(farthest / dilation + 1, kernel)
    return low < high ? low..<high : 0..<0
  }

  /// Σ cₜ² over the taps, cₜ being the number of outputs for which tap t reads inside the input.
  var squaredPairs: Double {
    let used = (0..<outputs).lazy.map(taps(of:)).filter { !$0.isEmpty }
    guard let first = used.map(\.lowerBound).min(), let end = used.map(\.upperBound).max() else {
      return 0
    }
    return (first..<end).reduce(0.0) { sum, tap in
      let count = Double(outputs(inside: tap).count)
      return sum + count * count
    }
  }

  /// Pairs of an output and a tap that read inside the input.
  var insidePairs: Int { (0..<outputs).reduce(0) { $0 + taps(of: $1).count } }
}

/// A kernel over two axes.
struct WindowPlane: Hashable {
  let rows: WindowAxis
  let columns: WindowAxis

  var inputs: Int { rows.extent * columns.extent }
  var outputs: Int { rows.outputs * columns.outputs }
  var taps: Int { rows.kernel * columns.kernel }

  /// Pairs of an output and a tap that read inside the input.
  var insidePairs: Int { rows.insidePairs * columns.insidePairs }

  /// How many taps two of `places` outputs (or inputs) have in common, relative to those of one.
  ///
  /// 1 without padding and strides: places at a border lack taps that others have.
  func commonTaps(places: Int) -> Double {
    let pairs = Double(rows.insidePairs) * Double(columns.insidePairs)
    guard places > 1, pairs > 0 else { return 1 }
    let squares = rows.squaredPairs * columns.squaredPairs
    return min(1, max(0, (squares - pairs) / (Double(places - 1) * pairs)))
  }

  /// Whether every output reads the one input at its place.
  var isIdentity: Bool {
    taps == 1 && rows.extent == rows.outputs && columns.extent == columns.outputs
      && rows.stride == 1 && columns.stride == 1 && rows.begin == 0 && columns.begin == 0
  }

  /// Calls `body` with each tap of an output that reads inside the input, and what it reads.
  @inline(__always)
  func forEachInput(of output: Int, _ body: (_ tap: Int, _ input: Int) -> Void) {
    let (row, column) = (output / columns.outputs, output % columns.outputs)
    let across = columns.taps(of: column)
    for i in rows.taps(of: row) {
      let y = rows.input(row, i)
      for j in across {
        body(i * columns.kernel + j, y * columns.extent + columns.input(column, j))
      }
    }
  }

  /// Calls `body` with each tap of an output and what it reads, nil for padding.
  func forEachTap(of output: Int, _ body: (_ tap: Int, _ input: Int?) -> Void) {
    let (row, column) = (output / columns.outputs, output % columns.outputs)
    for i in 0..<rows.kernel {
      for j in 0..<columns.kernel {
        let (y, x) = (rows.input(row, i), columns.input(column, j))
        let isInside = (0..<rows.extent).contains(y) && (0..<columns.extent).contains(x)
        body(i * columns.kernel + j, isInside ? y * columns.extent + x : nil)
      }
    }
  }

  /// Calls `body` with each tap and output that read an input.
  @inline(__always)
  func forEachOutput(of input: Int, _ body: (_ tap: Int, _ output: Int) -> Void) {
    let (y, x) = (input / columns.extent, input % columns.extent)
    let across = columns.taps(reading: x)
    for i in rows.taps(reading: y) {
      guard let row = rows.output(y, i) else { continue }
      for j in across {
        guard let column = columns.output(x, j) else { continue }
        body(i * columns.kernel + j, row * columns.outputs + column)
      }
    }
  }
}
