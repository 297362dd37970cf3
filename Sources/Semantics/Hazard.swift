public import Tensors

/// A numerical failure that an operator can produce for some admissible operands.
public struct Hazard: Sendable {
  public enum Kind: String, Hashable, Sendable {
    /// A finite exact result, or one beyond the format, becomes infinite.
    case overflow
    /// A result that is not 0 becomes 0.
    case underflow
    /// The result keeps no correct digit, or loses what distinguished the operands.
    case cancellation
    /// An infinite result at a pole, such as log 0 or 1/0.
    case pole
    /// NaN: outside the domain, 0/0, ∞ − ∞, 0 · ∞.
    case undefined
  }

  public let kind: Kind
  /// What happens and when, as one sentence.
  public let summary: String
  /// Operands, as doubles, on which the value rule in the format shows the failure.
  public let witness: [Tensor]

  public init(_ kind: Kind, _ summary: String, witness: [Tensor]) {
    self.kind = kind
    self.summary = summary
    self.witness = witness
  }
}
