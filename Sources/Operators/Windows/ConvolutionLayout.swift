import Semantics
import Tensors

/// Shapes of a convolution: of its input [N, C, …], weight [D, C/g, k…] and output [N, D, …].
struct ConvolutionLayout: Hashable {
  let batch: Int
  let channels: Int
  let outputChannels: Int
  let groups: Int
  let plane: WindowPlane

  init(input: Shape, weight: Shape, window: Window, groups: Int) {
    let rank = input.rank - 2
    batch = input.extents[0]
    channels = input.extents[1]
    outputChannels = weight.extents[0]
    self.groups = groups
    plane = window.plane(
      (rank == 2 ? input.extents[2] : 1, input.extents[input.rank - 1]),
      kernel: (rank == 2 ? weight.extents[2] : 1, weight.extents[weight.rank - 1]), rank: rank)
  }

  /// Input channels of a group.
  var groupChannels: Int { channels / groups }
  /// Output channels of a group.
  var groupOutputs: Int { outputChannels / groups }
  /// Terms of one output inside the input: the forward fan.
  var fan: Int { groupChannels * plane.taps }

  /// The same as a library takes it.
  var extents: ConvolutionExtents {
    ConvolutionExtents(
      batch: batch, channels: channels, outputChannels: outputChannels, groups: groups,
      rows: plane.rows.extents, columns: plane.columns.extents)
  }

  /// Elements of one image's columns of one group.
  var columnCount: Int { plane.isIdentity ? 0 : fan * plane.outputs }

  /// Parts that a loop over images and groups is split into for threads: fixed by the shapes.
  var parts: Int { min(batch * groups, 8) }

  /// The images and groups of one part, numbered image · groups + group.
  func jobs(_ part: Int) -> Range<Int> {
    let jobs = batch * groups
    return jobs * part / parts..<jobs * (part + 1) / parts
  }

  /// The room of one part for its columns.
  func room<T>(_ workspace: Elements<T>, _ part: Int) -> Elements<T> {
    workspace[part * columnCount..<(part + 1) * columnCount]
  }

  func inputs<T>(_ x: Elements<T>, _ image: Int, _ group: Int) -> Elements<T> {
    let start = (image * channels + group * groupChannels) * plane.inputs
    return x[start..<start + groupChannels * plane.inputs]
  }

  func outputs<T>(_ y: Elements<T>, _ image: Int, _ group: Int) -> Elements<T> {
    let start = (image * outputChannels + group * groupOutputs) * plane.outputs
    return y[start..<start + groupOutputs * plane.outputs]
  }

  /// The weights of a group as [outputs, channels · taps].
  func weights<T: Scalar>(_ w: Elements<T>, _ group: Int, isTransposed: Bool = false)
    -> Matrix<T>
  {
    let size = groupOutputs * fan
    return Matrix(
      w[group * size..<(group + 1) * size], rows: isTransposed ? fan : groupOutputs,
      columns: isTransposed ? groupOutputs : fan, isTransposed: isTransposed)
  }

  /// Writes the input that each tap reads for each output: [channels · taps, outputs].
  ///
  /// Returns the image itself where taps and places agree.
  @specialized(where T == Float)
  @specialized(where T == Double)
  func columns<T: Scalar>(_ image: Elements<T>, into columns: Elements<T>) -> Elements<T> {
    if plane.isIdentity { return image }
    let (rows, across) = (plane.rows, plane.columns)
    let width = across.outputs
    precondition(image.count >= groupChannels * plane.inputs && columns.count >= columnCount)
    let source = unsafe image.pointer
    var target = unsafe columns.pointer
    for channel in 0..<groupChannels {
      let base = unsafe source + channel * plane.inputs
      for i in 0..<rows.kernel {
        for j in 0..<across.kernel {
          let inside = across.outputs(inside: j)
          let first = across.input(inside.lowerBound, j)
          for row in 0..<rows.outputs {
            let y = rows.input(row, i)
            if y < 0 || y >= rows.extent || inside.isEmpty {
              unsafe target.update(repeating: 0, count: width)
            } else {
              let line = unsafe base + y * across.extent + first
              unsafe target.update(repeating: 0, count: inside.lowerBound)
              if across.stride == 1 {
                unsafe (target + inside.lowerBound).update(from: line, count: inside.count)
              } else {
                for k in 0..<inside.count {
                  unsafe target[inside.lowerBound + k] = line[k * across.stride]
                }
              }
              unsafe (target + inside.upperBound).update(
                repeating: 0, count: width - inside.upperBound)
            }
            unsafe target += width
          }
        }
      }
    }
    return columns
  }

  /// Adds columns to the places that their taps read: the transpose of ``columns(_:into:)``.
  @specialized(where T == Float)
  @specialized(where T == Double)
  func add<T: Scalar>(columns: Elements<T>, to image: Elements<T>) {
    let (rows, across) = (plane.rows, plane.columns)
    let width = across.outputs
    precondition(image.count >= groupChannels * plane.inputs && columns.count >= columnCount)
    let target = unsafe image.pointer
    var source = unsafe columns.pointer
    for channel in 0..<groupChannels {
      let base = unsafe target + channel * plane.inputs
      for i in 0..<rows.kernel {
        for j in 0..<across.kernel {
          let inside = across.outputs(inside: j)
          let first = across.input(inside.lowerBound, j)
          for row in 0..<rows.outputs {
            let y = rows.input(row, i)
            if y >= 0, y < rows.extent, !inside.isEmpty {
              let line = unsafe base + y * across.extent + first
              let from = unsafe source + inside.lowerBound
              if across.stride == 1 {
                for k in 0..<inside.count { unsafe line[k] += from[k] }
              } else {
                for k in 0..<inside.count { unsafe line[k * across.stride] += from[k] }
              }
            }
            unsafe source += width
          }
        }
      }
    }
  }
}

extension WindowAxis {
  fileprivate var extents: ConvolutionExtents.Axis {
    ConvolutionExtents.Axis(
      input: extent, output: outputs, kernel: kernel, stride: stride, dilation: dilation,
      begin: begin, end: end)
  }
}

extension ConvolutionLayout {
  /// Moments of sums over `terms` products of which only a share meets the other operand.
  ///
  /// With padding the share of taps inside differs between places, so that it is first order.
  func contraction(
    _ a: Moments, _ b: Moments, terms: Int, share: Double, units: Int,
    positions: Int
  ) -> Moments {
    var result = Moments.contraction(
      a, b, terms: terms, units: units, positions: positions)
    if a.isParameter || b.isParameter {
      result.seeThrough(taps: plane.taps, of: a.isParameter ? b : a)
      result.positionCorrelation *= plane.commonTaps(places: positions)
    }
    result.mean *= share
    result.secondMoment *= share
    if plane.insidePairs != plane.outputs * plane.taps {
      result.basis = max(result.basis, .firstOrder)
      result.note = result.note ?? "padding taken as uniform"
    }
    return result
  }
}
