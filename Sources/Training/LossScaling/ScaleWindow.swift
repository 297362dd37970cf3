public import Numbers
import RealModule
public import Tensors

/// Which loss scales keep every cotangent and gradient within a number format.
///
/// A scale moves all of them by the same factor: it must be so small that the greatest element of
/// each stays finite, and so great that of each no more than a share of its elements becomes 0.
public struct ScaleWindow: Hashable, Sendable {
  /// The least scale that no tensor asks to exceed, and the tensor that asks for it; nil when none
  /// asks.
  public let least: Limit?
  /// The greatest scale with which all are finite, and the tensor that sets it.
  public let greatest: Limit?

  /// A scale and the tensor that it is for.
  public struct Limit: Hashable, Sendable {
    public let scale: Double
    public let tensor: String
  }

  /// Looks at tensors as they are without a scale.
  ///
  /// - Parameters:
  ///   - tensors: cotangents and gradients, unscaled, in single precision.
  ///   - format: what they are rounded to.
  ///   - share: the share of elements other than 0 of one tensor that may become 0.
  public init(
    of tensors: [(name: String, summary: Summary)], in format: NumberFormat,
    losing share: Double = 0.01
  ) {
    var (least, greatest): (Limit?, Limit?) = (nil, nil)
    for (name, summary) in tensors where summary.finiteCount > summary.zeros {
      // Below the threshold of overflow, by a hair.
      let most = format.overflowThreshold / summary.greatestMagnitude * (1 - 0x1p-40)
      if most < greatest?.scale ?? .infinity { greatest = Limit(scale: most, tensor: name) }
      // The exponent below which no more than the share lies.
      let allowed = share * Double(summary.finiteCount - summary.zeros)
      var below = 0
      var exponent = Summary.exponents.lowerBound
      while Double(below + summary.count(exponent: exponent)) <= allowed {
        below += summary.count(exponent: exponent)
        exponent += 1
      }
      // All numbers of at least 2^exponent stay above half the least number.
      let needed = format.leastSubnormal / 2 / Double.exp2(Double(exponent)) * (1 + 0x1p-40)
      if needed > least?.scale ?? 0 { least = Limit(scale: needed, tensor: name) }
    }
    (self.least, self.greatest) = (least, greatest)
  }

  /// Whether some scale serves all.
  public var isPossible: Bool { (least?.scale ?? 0) <= (greatest?.scale ?? .infinity) }

  /// A power of two that serves all.
  ///
  /// - Parameter headroom: a factor left to the greatest scale, for steps to come, where it can be.
  /// - Returns: nil where no scale serves.
  public func scale(headroom: Double = 16) -> Double? {
    guard isPossible, let greatest else { return isPossible ? 1 : nil }
    let most = Double.exp2(Double.log2(greatest.scale).rounded(.down))
    let wished = most / Double.exp2(Double.log2(headroom).rounded(.up))
    return wished >= (least?.scale ?? 0) ? wished : most >= (least?.scale ?? 0) ? most : nil
  }

  /// Why no scale serves, as one sentence; nil where one does.
  public var refusal: String? {
    guard !isPossible, let least, let greatest else { return nil }
    return "no loss scale works here, because \(least.tensor) needs at least "
      + "\(Self.text(least.scale)) and \(greatest.tensor) at most \(Self.text(greatest.scale))"
  }

  private static func text(_ scale: Double) -> String {
    "2^\((Double.log2(scale) * 10).rounded() / 10)"
  }
}
