/// Collects the layers of a network written in Swift.
///
/// ```swift
/// let network = NetworkDescription(input: [784]) {
///   for _ in 0..<50 {
///     DenseLayer(256)
///     ActivationLayer("tanh")
///   }
///   DenseLayer(10)
/// }
/// ```
@resultBuilder
public enum LayersBuilder {
  public static func buildExpression(_ kind: any LayerKind) -> [LayerDescription] {
    [LayerDescription(kind)]
  }
  public static func buildExpression(_ layer: LayerDescription) -> [LayerDescription] { [layer] }
  public static func buildExpression(_ layers: [LayerDescription]) -> [LayerDescription] { layers }
  public static func buildBlock(_ parts: [LayerDescription]...) -> [LayerDescription] {
    parts.flatMap { $0 }
  }
  public static func buildOptional(_ part: [LayerDescription]?) -> [LayerDescription] {
    part ?? []
  }
  public static func buildEither(first part: [LayerDescription]) -> [LayerDescription] { part }
  public static func buildEither(second part: [LayerDescription]) -> [LayerDescription] { part }
  public static func buildArray(_ parts: [[LayerDescription]]) -> [LayerDescription] {
    parts.flatMap { $0 }
  }
}

extension NetworkDescription {
  /// A network whose layers are listed in Swift.
  public init(
    input: [Int], initialization: Initialization = Initialization(),
    loss: LossDescription? = nil, @LayersBuilder layers: () -> [LayerDescription]
  ) {
    self.init(input: input, initialization: initialization, layers: layers(), loss: loss)
  }
}

extension LayerKind {
  /// The layer under a name by which reports speak of it.
  public func named(_ name: String) -> LayerDescription { LayerDescription(self, name: name) }
}
