public import Numbers
public import Semantics
public import Tensors

/// What PyTorch and Keras do when nothing is said.
///
/// - `pytorch`: weights and biases of `Linear`, `Conv` and the recurrent layers are uniform with
///   bound 1/√fan, fan the products per output (for recurrent layers the number of units);
///   `Embedding` is N(0, 1).
/// - `keras`: `glorot_uniform` for weights, orthogonal for recurrent ones, biases 0, embeddings
///   uniform with bound 0.05. The fans are the true ones, which for strided and grouped
///   convolutions differ from those that Keras counts.
public struct FrameworkInitializer: Initializer {
  public enum Framework: String, Hashable, Sendable { case pytorch, keras }

  public let framework: Framework

  public init(_ framework: Framework) { self.framework = framework }

  public static let forms = [
    NamedForm("pytorch", "PyTorch's defaults: weights and biases uniform, bound 1/sqrt(fan_in)."),
    NamedForm(
      "keras", "Keras' defaults: glorot_uniform weights, orthogonal recurrent ones, zero biases."),
  ]

  public init(_ fields: Fields) throws(NetworkError) {
    self.init(fields.form.name == "keras" ? .keras : .pytorch)
  }

  public var form: String { framework.rawValue }

  /// The rule that this stands for.
  func rule(for target: ParameterTarget) -> any Initializer {
    switch (framework, target.role) {
    case (.pytorch, .embedding): NormalInitializer(std: 1)
    case (.pytorch, _): UniformInitializer(bound: 1 / target.defaultFan.squareRoot())
    case (.keras, .weight): VarianceScaling(.xavier, .uniform)
    case (.keras, .recurrent): OrthogonalInitializer()
    case (.keras, .bias): ConstantInitializer(0)
    case (.keras, .embedding): UniformInitializer(bound: 0.05)
    }
  }

  public func refusal(for target: ParameterTarget) -> InitializerRefusal? {
    rule(for: target).refusal(for: target)
  }

  public func moments(for target: ParameterTarget) -> Moments {
    rule(for: target).moments(for: target)
  }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    rule(for: target).fill(tensor, for: target, from: stream)
  }
}
