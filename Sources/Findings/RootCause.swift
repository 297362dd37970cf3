/// What a failure of training comes from in the end.
public enum RootCause: String, Hashable, Sendable, CaseIterable {
  case initialization, activation
  case learningRate = "learning_rate"
  /// Depth without residual connections or normalisation.
  case depth
  case numberFormat = "number_format"
  case lossFormulation = "loss_formulation"
  case data
  case missingEpsilon = "missing_epsilon"
  /// Clipping that is set wrongly.
  case clipping

  /// The cause as a phrase for people.
  public var phrase: String {
    switch self {
    case .initialization: "the initialisation"
    case .activation: "the activation"
    case .learningRate: "the learning rate"
    case .depth: "the depth without residual connections or normalisation"
    case .numberFormat: "the number format"
    case .lossFormulation: "the formulation of the loss"
    case .data: "the data"
    case .missingEpsilon: "a missing epsilon"
    case .clipping: "the clipping"
    }
  }
}
