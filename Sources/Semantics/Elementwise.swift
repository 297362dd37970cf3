import Tensors

/// An operator of which element i of every result depends on element i of the operands alone,
/// where these have the shape of the results.
///
/// An execution may then compute a node in pieces: given the same part of every operand, without
/// the rest and under any shape, the value rule computes that part of the results. An operand of
/// one element goes with every part.
public protocol Elementwise: Operator {}

/// A function of one real, element by element.
public protocol FunctionOfOne: Elementwise {
  /// Whether the function is constant around x because it selects something else there.
  ///
  /// Nothing flows back then, whatever the cotangent is: an infinity behind the side that is not
  /// taken does not pass, as frameworks have it, where the chain rule would make NaN of 0 · ∞.
  func isFlat(at x: Double) -> Bool
}

extension Elementwise {
  /// Whether a node of these types can be computed in pieces.
  public func worksInPieces(in signature: Signature) -> Bool {
    guard let shape = signature.results.first?.shape, shape.count > 1 else { return false }
    return signature.results.allSatisfy { $0.shape == shape }
      && signature.operands.contains { $0.shape == shape }
      && signature.operands.allSatisfy { $0.shape == shape || $0.shape.count == 1 }
      && workspace(for: signature) == 0
  }
}
