public import Numbers
public import Semantics
public import Tensors

/// A square normal matrix whose spectral radius tends to `radius` as it grows: variance radius²/n.
///
/// By the circular law the eigenvalues fill a disc of that radius; its largest singular value tends
/// to twice as much (Girko 1984; Ginibre 1965).
public struct SpectralInitializer: Initializer {
  public let radius: Double

  public init(radius: Double) { self.radius = radius }

  public static let forms = [
    NamedForm(
      "spectral_radius",
      "A square normal matrix with this spectral radius in the wide limit: variance radius^2/n.",
      keys: [Key("radius", .number(0...1e15), isRequired: true, "The spectral radius.")],
      shorthand: "radius", example: "{spectral_radius: 1}")
  ]

  public init(_ fields: Fields) throws(NetworkError) {
    self.init(radius: try fields.number("radius"))
  }

  public var form: String { "spectral_radius" }
  public var entries: [YAMLTree.Entry] { [YAMLTree.Entry("radius", .number(radius))] }

  public func refusal(for target: ParameterTarget) -> InitializerRefusal? {
    guard target.shape.rank == 2, target.shape[0] == target.shape[1] else {
      return InitializerRefusal(
        "starts square matrices, and this one is \(target.shape)",
        cure: "use it for 'recurrent', or for layers that keep their width")
    }
    return nil
  }

  public func moments(for target: ParameterTarget) -> Moments {
    .parameter(mean: 0, secondMoment: radius * radius / Double(target.shape[0]))
  }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    tensor.setNormal(std: radius / Double(target.shape[0]).squareRoot(), from: stream)
  }
}
