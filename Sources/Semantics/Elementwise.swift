import Tensors

/// An operator of which element i of every result depends on element i of the operands alone,
/// where these have the shape of the results.
///
/// An execution may then compute a node in pieces: given the same part of every operand, without
/// the rest and under any shape, the value rule computes that part of the results. An operand of
/// one element goes with every part.
public protocol Elementwise: Operator {}

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
