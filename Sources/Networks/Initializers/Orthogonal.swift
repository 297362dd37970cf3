public import Numbers
public import Semantics
public import Tensors

/// A matrix with orthonormal rows or columns times a gain, uniform among all such (Haar).
///
/// One element has variance gain²/max(rows, columns). With more outputs than inputs the norm of a
/// vector is kept, not the mean square of a unit. Kernels of a convolution are one long row each.
/// Source: Saxe, McClelland and Ganguli 2014.
public struct OrthogonalInitializer: Initializer {
  public let gain: Gain

  public init(gain: Gain = .factor(1)) { self.gain = gain }

  public static let forms = [
    NamedForm(
      "orthogonal", "Orthonormal rows or columns, times a gain.",
      keys: [Gain.key(default: "1")], shorthand: "gain")
  ]

  public init(_ fields: Fields) throws(NetworkError) {
    self.init(gain: try fields.gain() ?? .factor(1))
  }

  public var form: String { "orthogonal" }
  public var entries: [YAMLTree.Entry] {
    gain == .factor(1) ? [] : [YAMLTree.Entry("gain", gain.tree)]
  }

  public func refusal(for target: ParameterTarget) -> InitializerRefusal? {
    if let refusal = target.refusalUnlessMatrix { return refusal }
    let (rows, columns) = target.matrix
    // The decomposition takes rows · columns · min(rows, columns) products.
    guard min(rows, columns) <= Self.largestSide else {
      return InitializerRefusal(
        "is asked for a \(rows) by \(columns) matrix, and its smaller side may be at most "
          + "\(Self.largestSide.grouped)",
        cure: "use he_normal or lecun_normal")
    }
    return nil
  }

  private static let largestSide = 8192

  public func moments(for target: ParameterTarget) -> Moments {
    let (rows, columns) = target.matrix
    let gain = gain.factor(for: target)
    return .parameter(
      mean: 0, secondMoment: gain * gain / Double(max(rows, columns)), isOrthogonal: true)
  }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    let (rows, columns) = target.matrix
    let matrix = Tensor.orthonormal(rows: rows, columns: columns, from: stream)
      .elements(as: Double.self)
    let gain = gain.factor(for: target)
    tensor.setReals { gain * matrix[$0] }
  }
}
