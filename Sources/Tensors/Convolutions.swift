import CProducts

/// The extents of a convolution of images `[batch, channels, height, width]` with weights
/// `[outputChannels, channels / groups, kernel height, kernel width]`.
public struct ConvolutionExtents: Hashable, Sendable {
  /// One spatial axis: input, output and kernel places, and how the kernel moves.
  public struct Axis: Hashable, Sendable {
    let input: Int
    let output: Int
    let kernel: Int
    let stride: Int
    let dilation: Int
    let begin: Int
    let end: Int

    public init(
      input: Int, output: Int, kernel: Int, stride: Int, dilation: Int, begin: Int, end: Int
    ) {
      self.input = input
      self.output = output
      self.kernel = kernel
      self.stride = stride
      self.dilation = dilation
      self.begin = begin
      self.end = end
    }
  }

  let batch: Int
  let channels: Int
  let outputChannels: Int
  let groups: Int
  let rows: Axis
  let columns: Axis

  public init(
    batch: Int, channels: Int, outputChannels: Int, groups: Int, rows: Axis, columns: Axis
  ) {
    self.batch = batch
    self.channels = channels
    self.outputChannels = outputChannels
    self.groups = groups
    self.rows = rows
    self.columns = columns
  }

  fileprivate var inputCount: Int { batch * channels * rows.input * columns.input }
  fileprivate var outputCount: Int { batch * outputChannels * rows.output * columns.output }
  fileprivate var weightCount: Int {
    outputChannels * (channels / groups) * rows.kernel * columns.kernel
  }

  fileprivate var shape: ek_convolution {
    func pair(_ value: KeyPath<Axis, Int>) -> (Int, Int) {
      (rows[keyPath: value], columns[keyPath: value])
    }
    var shape = ek_convolution()
    shape.batch = batch
    shape.channels = channels
    shape.out_channels = outputChannels
    shape.groups = groups
    (shape.height, shape.width) = (rows.input, columns.input)
    (shape.out_height, shape.out_width) = (rows.output, columns.output)
    shape.kernel = (rows.kernel, columns.kernel)
    shape.stride = (rows.stride, columns.stride)
    shape.dilation = (rows.dilation, columns.dilation)
    shape.begin = (rows.begin, columns.begin)
    shape.end = (rows.end, columns.end)
    return shape
  }
}

/// Convolutions of a library; each tells whether it was done.
///
/// Where it was not, since the library has no quick way for the extents or the type, nothing is
/// promised of the result, and the caller computes it otherwise. The bits depend on the extents and
/// on the kind of processor, not on the number of threads.
public enum Convolutions {
  /// `y = x ∗ w + bias`, with x and y as images and a bias for every output channel.
  public static func forward<T: Scalar>(
    _ extents: ConvolutionExtents, _ x: Elements<T>, _ w: Elements<T>, bias: Elements<T>?,
    into y: Elements<T>
  ) -> Bool {
    guard let x = x as? Elements<Float>, let w = w as? Elements<Float>,
      let y = y as? Elements<Float>
    else { return false }
    let bias = bias as? Elements<Float>
    check(extents, x: x, w: w, y: y)
    precondition(bias.map { $0.count == extents.outputChannels } ?? true, "extents do not fit")
    var shape = extents.shape
    return unsafe ek_convolve_f32(&shape, x.pointer, w.pointer, bias?.pointer, y.pointer) != 0
  }

  /// The cotangent of x from that of y.
  public static func inputGradient<T: Scalar>(
    _ extents: ConvolutionExtents, _ dy: Elements<T>, _ w: Elements<T>, into dx: Elements<T>
  ) -> Bool {
    guard let dy = dy as? Elements<Float>, let w = w as? Elements<Float>,
      let dx = dx as? Elements<Float>
    else { return false }
    check(extents, x: dx, w: w, y: dy)
    var shape = extents.shape
    return unsafe ek_convolve_input_gradient_f32(&shape, dy.pointer, w.pointer, dx.pointer) != 0
  }

  /// The cotangent of w from that of y.
  public static func weightGradient<T: Scalar>(
    _ extents: ConvolutionExtents, _ x: Elements<T>, _ dy: Elements<T>, into dw: Elements<T>
  ) -> Bool {
    guard let x = x as? Elements<Float>, let dy = dy as? Elements<Float>,
      let dw = dw as? Elements<Float>
    else { return false }
    check(extents, x: x, w: dw, y: dy)
    var shape = extents.shape
    return unsafe ek_convolve_weight_gradient_f32(&shape, x.pointer, dy.pointer, dw.pointer) != 0
  }

  private static func check(
    _ extents: ConvolutionExtents, x: Elements<Float>, w: Elements<Float>, y: Elements<Float>
  ) {
    precondition(
      x.count == extents.inputCount && w.count == extents.weightCount
        && y.count == extents.outputCount, "extents do not fit")
  }
}
