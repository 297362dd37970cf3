public import Numbers
public import Semantics
public import Tensors

/// A matrix with `gain` on its diagonal, and zeros elsewhere.
///
/// For a convolution the diagonal lies at the centre of the kernel.
public struct IdentityInitializer: Initializer {
  public let gain: Double

  public init(gain: Double = 1) { self.gain = gain }

  public static let forms = [
    NamedForm(
      "identity", "The gain on the diagonal, zeros elsewhere.",
      keys: [Key("gain", .number(-1e30...1e30), default: "1", "The elements of the diagonal.")],
      shorthand: "gain")
  ]

  public init(_ fields: Fields) throws(NetworkError) {
    self.init(gain: try fields.number("gain"))
  }

  public var form: String { "identity" }
  public var entries: [YAMLTree.Entry] {
    gain == 1 ? [] : [YAMLTree.Entry("gain", .number(gain))]
  }

  public func refusal(for target: ParameterTarget) -> InitializerRefusal? {
    target.refusalUnlessMatrix
  }

  public func moments(for target: ParameterTarget) -> Moments {
    let matrix = target.matrix
    let share =
      Double(target.diagonalCount) / (Double(matrix.rows) * Double(matrix.columns))
    return .parameter(
      mean: gain * share, secondMoment: gain * gain * share, isOrthogonal: true)
  }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    let (columns, taps) = (target.shape[1], target.taps)
    tensor.setReals { index in
      let place = index / taps
      return index % taps == target.centre && place / columns == place % columns ? gain : 0
    }
  }
}

extension ParameterTarget {
  /// The number of elements on the diagonal of outputs and inputs.
  var diagonalCount: Int { min(shape[0], shape[1]) }

  var refusalUnlessMatrix: InitializerRefusal? {
    shape.rank >= 2
      ? nil
      : InitializerRefusal("starts matrices, not vectors", cure: "start the bias with a number")
  }
}
