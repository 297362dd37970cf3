public import Numbers
public import Semantics
public import Tensors

/// Elements uniform between −bound and bound: variance bound²/3.
public struct UniformInitializer: Initializer {
  public let bound: Double

  public init(bound: Double) { self.bound = bound }

  public static let forms = [
    NamedForm(
      "uniform", "Independent elements, uniform between -bound and bound.",
      keys: [Key("bound", .number(0...1e30), isRequired: true, "The largest element.")],
      shorthand: "bound", example: "{uniform: 0.1}")
  ]

  public init(_ fields: Fields) throws(NetworkError) {
    self.init(bound: try fields.number("bound"))
  }

  public var form: String { "uniform" }
  public var entries: [YAMLTree.Entry] { [YAMLTree.Entry("bound", .number(bound))] }

  public func moments(for target: ParameterTarget) -> Moments {
    .parameter(mean: 0, secondMoment: bound * bound / 3)
  }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    tensor.setUniform(bound: bound, from: stream)
  }
}
