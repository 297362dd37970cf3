import Numbers
import RealModule

/// Solves shaping conditions by Newton's method, led from a nearly linear activation to the target.
///
/// For a small nonlinearity the conditions expand in α, which gives where β must lie; from there the
/// target is raised in steps, each started from the last solution. That finds the same branch at
/// any depth. Where no expansion exists (elu, say), a grid of starts is tried.
struct ShapingSolver {
  let conditions: any ShapingConditions
  /// ψ − 1 or τ/L.
  let target: Double

  static func exp(_ x: Double) -> Double { Double.exp(x) }
  static func log(_ x: Double) -> Double { Double.log(x) }

  /// The first solution found, α > 0; nil where there is none.
  func solve() -> Shape? {
    solve(conditions)
  }

  private func solve(_ conditions: some ShapingConditions) -> Shape? {
    for branch in conditions.branchFactors.indices {
      for start in starts(branch: branch, conditions: conditions) {
        if let solution = follow(conditions, from: start, branch: branch) { return solution }
      }
    }
    for alpha in [1, 0.5, 2, 0.2, 0.1, 4] {
      for beta in [0.25, -0.25, 0.75, -0.75, 1.5, -1.5] {
        let extra = conditions.branchFactors.count > 1 ? [0.2] : []
        let start = [Double.log(alpha), beta] + extra
        if let unknowns = newton(conditions, target: target, from: start),
          let shape = accepted(conditions.shape(at: unknowns))
        {
          return shape
        }
      }
    }
    return nil
  }

  /// A point β of the activation where the expansion's condition holds.
  private struct Start {
    let beta: Double
    let slope: Double
    let curvature: Double
  }

  /// The points β of [−5, 5] at which `factor·φ″² + φ′φ‴ = 0`, nearest to 0 first, positive first.
  private func starts(branch: Int, conditions: some ShapingConditions) -> [Start] {
    let function = conditions.activation
    let factor = conditions.branchFactors[branch]
    let spacing = 1e-4
    let condition = { (beta: Double) in
      let third =
        (function.curvature(at: beta + spacing) - function.curvature(at: beta - spacing))
        / (2 * spacing)
      let curvature = function.curvature(at: beta)
      return factor * curvature * curvature + function.slope(at: beta) * third
    }
    let kinks = function.kinks.map(\.position)
    var found: [Start] = []
    // The offset keeps the points of symmetry, where a root may lie, off the grid.
    let grid = (0...1000).map { -5.003 + 0.01 * Double($0) }
    for (low, high) in zip(grid, grid.dropFirst()) {
      let (first, last) = (condition(low), condition(high))
      let crossesKink = kinks.contains { $0 > low - spacing && $0 < high + spacing }
      guard first.sign != last.sign, first != 0, !crossesKink else { continue }
      let beta = RootFinding.root(between: low, and: high, tolerance: 1e-9, of: condition)
      let (slope, curvature) = (function.slope(at: beta), function.curvature(at: beta))
      guard abs(slope) > 1e-6, abs(curvature) > 1e-6 else { continue }
      found.append(Start(beta: beta, slope: slope, curvature: curvature))
    }
    return found.sorted {
      let (a, b) = ($0.beta, $1.beta)
      return abs(abs(a) - abs(b)) > 1e-6 ? abs(a) < abs(b) : a > b
    }
  }

  /// Follows one branch from a small target to the wanted one.
  private func follow(
    _ conditions: some ShapingConditions, from start: Start, branch: Int
  ) -> Shape? {
    var current = min(target, 1e-3)
    var unknowns = conditions.start(
      beta: start.beta, slope: start.slope, curvature: start.curvature, branch: branch,
      target: current)
    var factor = 2.0
    guard let first = newton(conditions, target: current, from: unknowns) else { return nil }
    unknowns = first
    while current < target {
      let next = min(target, current * factor)
      // α grows as the root of the target.
      var guess = unknowns
      guess[0] += Double.log(next / current) / 2
      if let solution = newton(conditions, target: next, from: guess) {
        (unknowns, current) = (solution, next)
      } else {
        factor = factor.squareRoot()
        if factor < 1.01 { return nil }
      }
    }
    return accepted(conditions.shape(at: unknowns))
  }

  /// Refuses tailored solutions with αγ ≥ 2, on which the length map has a second, bad fixed point.
  ///
  /// The bound is for functions whose steepest slope is about 1; others are measured by theirs.
  private func accepted(_ shape: Shape) -> Shape? {
    if conditions is KernelConditions { return shape }
    let slopes = (-100...100).map { abs(conditions.activation.slope(at: Double($0) / 20)) }
    return shape.alpha * shape.gamma * (slopes.max() ?? 1) < 2 ? shape : nil
  }

  /// Newton's method with halved steps; nil unless the conditions are met.
  private func newton(
    _ conditions: some ShapingConditions, target: Double, from start: [Double]
  ) -> [Double]? {
    let conditions = conditions.with(target: target)
    let size = { (unknowns: [Double]) in
      let largest = conditions.residuals(at: unknowns).map(abs).max() ?? .nan
      return largest.isFinite ? largest : .infinity
    }
    var unknowns = start
    var error = size(unknowns)
    guard error.isFinite else { return nil }
    for _ in 0..<60 {
      guard let step = step(conditions, at: unknowns) else { return nil }
      var scale = min(1, 0.5 / (step.map(abs).max() ?? 1))
      var moved = false
      while scale > 1e-4 {
        let trial = zip(unknowns, step).map { $0 - scale * $1 }
        let trialError = size(trial)
        if trialError < error {
          (unknowns, error, moved) = (trial, trialError, true)
          break
        }
        scale /= 2
      }
      if !moved { break }
    }
    // Rounding leaves about 1e-16 divided by α, the share of the signal in φ(αz + β).
    return error <= min(1e-9, 1e-6 * target) ? unknowns : nil
  }

  /// The Newton step J⁻¹·residuals, with J by central differences.
  private func step(_ conditions: some ShapingConditions, at unknowns: [Double]) -> [Double]? {
    let spacing = 1e-4
    let n = unknowns.count
    var rows = conditions.residuals(at: unknowns).map { [$0] }
    for column in 0..<n {
      var (above, below) = (unknowns, unknowns)
      above[column] += spacing
      below[column] -= spacing
      let (high, low) = (conditions.residuals(at: above), conditions.residuals(at: below))
      for row in 0..<n { rows[row].append((high[row] - low[row]) / (2 * spacing)) }
    }
    return Self.solve(rows)
  }

  /// Gaussian elimination with pivoting of rows `[right side, coefficients…]`.
  private static func solve(_ system: [[Double]]) -> [Double]? {
    var rows = system
    let n = rows.count
    for column in 1...n {
      let candidates = (column - 1)..<n
      guard let pivot = candidates.max(by: { abs(rows[$0][column]) < abs(rows[$1][column]) }),
        abs(rows[pivot][column]) > 0, rows[pivot][column].isFinite
      else { return nil }
      rows.swapAt(pivot, column - 1)
      for row in 0..<n where row != column - 1 {
        let factor = rows[row][column] / rows[column - 1][column]
        for entry in 0...n { rows[row][entry] -= factor * rows[column - 1][entry] }
      }
    }
    return (0..<n).map { rows[$0][0] / rows[$0][$0 + 1] }
  }
}
