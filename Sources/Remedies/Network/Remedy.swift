public import Findings
public import Networks

/// One kind of change to a network that may cure a finding: one remedy, one file.
public protocol Remedy: Sendable {
  /// The name that users read, such as `xavier_init`.
  var name: String { get }

  /// The rules whose findings it may cure.
  var answers: Set<RuleName> { get }

  /// The changed network, and the change in one sentence; nil where there is nothing to change.
  func change(_ network: NetworkDescription) -> NetworkChange?
}

/// A network that a remedy has rewritten.
public struct NetworkChange: Sendable {
  /// What was changed, as one sentence that a person can follow by hand.
  public let sentence: String
  public let network: NetworkDescription

  /// A change, or nil where the rewritten network is the old one.
  public init?(_ sentence: String, from old: NetworkDescription, to new: NetworkDescription) {
    guard new != old else { return nil }
    self.sentence = sentence
    network = new
  }
}

/// Every remedy, in the order in which equals are told.
public enum RemedyCatalogue {
  public static let all: [any Remedy] = [
    HeInit(), XavierInit(), ActivationGainInit(), ScaledSigmoidActivation(), ResidualScale(),
    ResidualBlocks(), LayerNormInsertion(), LogSoftmaxFusion(), ForgetBias(),
    OrthogonalRecurrence(),
  ]
}

extension Set<RuleName> {
  /// Everything about how second moments change with depth.
  static let growth: Set<RuleName> = [
    .explodingGradient, .vanishingGradient, .explodingActivation, .vanishingActivation, .overflow,
    .underflow,
  ]
}
