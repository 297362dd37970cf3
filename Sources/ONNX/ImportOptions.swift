public import Numbers
public import Tensors

/// What the user says about a model that its file leaves open.
public struct ImportOptions: Sendable {
  /// What an input is given.
  public enum Given: Sendable {
    case tensor(Tensor)
    case sequence([Tensor])
    case nothing
  }

  /// Shapes of inputs by name.
  public var shapes: [String: [Int]] = [:]
  /// Extents by the symbol that the file has for them.
  public var dimensions: [String: Int] = [:]
  /// The extent of open first axes that nothing else decides.
  public var batch = 1
  /// The extent of other open axes.
  public var open = 8
  /// Whether BatchNormalization and Dropout behave as in training.
  public var isTraining = false
  /// The format that the model is computed in, where it is not that of the file.
  ///
  /// Programs write masks with the least number of the format that they are exported in: such a number
  /// is then the least of this one.
  public var format: NumberFormat?
  /// Contents of inputs; their shapes win over those above.
  public var given: [String: Given] = [:]

  public init() {}
}
