public import Numbers
public import Semantics
public import Tensors

/// A convolution kernel that is zero except at its centre, which is a gain times a matrix with
/// orthonormal columns.
///
/// With stride 1 and same padding it keeps the norm exactly, for every spatial frequency alike.
/// Source: Xiao et al. 2018.
public struct DeltaOrthogonalInitializer: Initializer {
  public let gain: Gain

  public init(gain: Gain = .factor(1)) { self.gain = gain }

  public static let forms = [
    NamedForm(
      "delta_orthogonal", "A convolution that is an orthogonal matrix at its centre tap.",
      keys: [Gain.key(default: "1")], shorthand: "gain")
  ]

  public init(_ fields: Fields) throws(NetworkError) {
    self.init(gain: try fields.gain() ?? .factor(1))
  }

  public var form: String { "delta_orthogonal" }
  public var entries: [YAMLTree.Entry] {
    gain == .factor(1) ? [] : [YAMLTree.Entry("gain", gain.tree)]
  }

  public func refusal(for target: ParameterTarget) -> InitializerRefusal? {
    guard target.shape.rank >= 3 else {
      return InitializerRefusal("starts convolutions only", cure: "use orthogonal")
    }
    guard target.shape[1] <= target.shape[0] else {
      return InitializerRefusal(
        "needs at least as many channels out as in, not \(target.shape[0]) and \(target.shape[1])",
        cure: "use orthogonal, or more channels")
    }
    guard target.shape.extents.dropFirst(2).allSatisfy({ $0 % 2 == 1 }) else {
      return InitializerRefusal(
        "needs a kernel with a centre, so an odd one", cure: "use an odd kernel")
    }
    return nil
  }

  public func moments(for target: ParameterTarget) -> Moments {
    let gain = gain.factor(for: target)
    return .parameter(
      mean: 0, secondMoment: gain * gain / (Double(target.shape[0]) * Double(target.taps)),
      isOrthogonal: true)
  }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    let matrix = Tensor.orthonormal(
      rows: target.shape[0], columns: target.shape[1], from: stream
    ).elements(as: Double.self)
    let (gain, taps) = (gain.factor(for: target), target.taps)
    tensor.setReals { $0 % taps == target.centre ? gain * matrix[$0 / taps] : 0 }
  }
}
