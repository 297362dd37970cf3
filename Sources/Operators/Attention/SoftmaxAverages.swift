import RealModule

/// Averages over probabilities p = softmax(l) of independent normal logits l.
///
/// With Z = Σ e^l, powers of 1/Z are integrals, `1/Zᵏ = ∫ tᵏ⁻¹ e^{−tZ} dt / (k−1)!`, in which the
/// logits separate: with φ(t) = E[e^{−t eˡ}] and A_k(t) = E[eᵏˡ e^{−t eˡ}],
/// `E[Σp²] = n ∫ t A₂ φⁿ⁻¹ dt`, and likewise for higher powers. Exact for any n but for the
/// trapezoidal rules in l and ln t, which leave less than 1e-3 of it.
struct SoftmaxAverages {
  /// The trapezoidal weight times tᵏ of each point of ln t, k = 2, 3 and 4, with A₂, A₃ and A₄.
  private struct Point {
    let logPhi: Double
    let phi: Double
    let second: Double
    let third: Double
    let fourth: Double
    let pair: Double
  }
  private var points: [Point] = []

  /// - Parameters:
  ///   - variance: that of a logit; beyond 60 one logit always wins.
  ///   - count: the greatest number of logits that will be asked for.
  init(variance: Double, count: Int) {
    let variance = min(max(variance, 0), 60)
    let deviation = variance.squareRoot()
    let (nodeStep, step) = (0.3, 0.5)
    let nodes = (-20...20).map { Double($0) * nodeStep }
    var weights = nodes.map { Double.exp(-$0 * $0 / 2) }
    let total = weights.reduce(0, +)
    for i in weights.indices { weights[i] /= total }
    let start = -(6 * deviation + variance / 2 + Double.log(Double(max(count, 1))) + 9)
    let end = 6 * deviation + 5
    for i in 0...Int((end - start) / step) {
      let logT = start + Double(i) * step
      var (phi, second, third, fourth) = (0.0, 0.0, 0.0, 0.0)
      for (z, weight) in zip(nodes, weights) {
        // t eˡ, to its powers: those of t are taken into A_k.
        let x = Double.exp(logT + deviation * z)
        let e = weight * Double.exp(-x)
        phi += e
        second += e * x * x
        third += e * x * x * x
        fourth += e * x * x * x * x
      }
      guard phi > 0 else { break }
      points.append(
        Point(
          logPhi: Double.log(phi), phi: phi, second: step * second, third: step * third / 2,
          fourth: step * fourth / 6, pair: step * second * second / 6))
    }
  }

  /// E[Σp²], and E[Σ p² (1 − p)² + …] = E[Σ (p (e_j − p))²] = E[Σp² − 2 Σp³ + (Σp²)²], of `count`
  /// logits.
  func averages(count: Int) -> (squares: Double, exchange: Double) {
    let n = Double(count)
    guard count > 1 else { return (1, 0) }
    var (squares, cubes, products) = (0.0, 0.0, 0.0)
    for point in points {
      let others = Double.exp((n - 1) * point.logPhi)
      squares += point.second * others
      cubes += point.third * others
      products += point.fourth * others + (n - 1) * point.pair * others / point.phi
    }
    (squares, cubes, products) = (n * squares, n * cubes, n * products)
    return (min(max(squares, 1 / n), 1), max(0, squares - 2 * cubes + products))
  }
}
