import RealModule

/// Nodes and weights of Gauss–Legendre quadrature on [−1, 1].
///
/// `n` nodes integrate polynomials of degree 2n − 1 exactly.
public struct GaussLegendre: Sendable {
  public let nodes: [Double]
  public let weights: [Double]

  /// Computes the rule with `count` nodes by Newton's method on the Legendre polynomial.
  ///
  /// Nodes and weights are exactly symmetric about 0, so odd integrands give exactly 0.
  public init(count: Int) {
    precondition(count >= 1, "a quadrature rule needs a node")
    var nodes = [Double](repeating: 0, count: count)
    var weights = [Double](repeating: 0, count: count)
    for i in 0..<((count + 1) / 2) {
      var x = Double.cos(.pi * (Double(i) + 0.75) / (Double(count) + 0.5))
      if 2 * i + 1 == count { x = 0 }
      for _ in 0..<100 {
        let (value, slope) = Self.legendre(count, at: x)
        let step = value / slope
        x -= step
        if abs(step) < 1e-17 { break }
      }
      let slope = Self.legendre(count, at: x).slope
      let weight = 2 / ((1 - x * x) * slope * slope)
      nodes[i] = -x
      nodes[count - 1 - i] = x
      weights[i] = weight
      weights[count - 1 - i] = weight
    }
    self.nodes = nodes
    self.weights = weights
  }

  /// The rule that the Gaussian ladder uses in one dimension.
  public static let twenty = GaussLegendre(count: 20)
  /// The rule that the Gaussian ladder uses in each of two dimensions.
  public static let twelve = GaussLegendre(count: 12)

  /// P_n(x) and P_n′(x) by the three-term recurrence.
  private static func legendre(_ n: Int, at x: Double) -> (value: Double, slope: Double) {
    var (previous, current) = (1.0, x)
    for k in 1..<max(n, 1) {
      let k = Double(k)
      (previous, current) = (current, ((2 * k + 1) * x * current - k * previous) / (k + 1))
    }
    return (current, Double(n) * (x * current - previous) / (x * x - 1))
  }
}
