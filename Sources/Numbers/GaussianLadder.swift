import RealModule

/// A quadrature for averages over a normal variable: composite Gauss–Legendre on a ladder of panels.
///
/// Gauss–Hermite, the usual choice, is 8e-6 off for tanh at variance 1 with 50 nodes and never
/// converges for functions with kinks. Here panels end at the kinks, at the landmarks of the
/// function (geometrically spaced around its features) and at points spaced for the normal density,
/// so that each panel sees a smooth integrand. With 20 nodes per panel the relative error is below
/// 1e-11 for activations and variances from 1e-4 to 1e4.
public struct GaussianLadder: Sendable {
  /// Standard normal z at which functions are evaluated, in ascending order.
  public let nodes: [Double]
  /// Weights; they include the normal density and sum to 1.
  public let weights: [Double]

  /// Breakpoints `±2^k`, k = −1…20, and 0: where a function with features of width 1 is split.
  public static let standardLandmarks: [Double] =
    [0] + (-1...20).flatMap { k -> [Double] in [Double.pow(2, k), -Double.pow(2, k)] }

  /// Breakpoints in units of the standard deviation that the normal density asks for.
  ///
  /// Beyond 10 lies a mass of 1.5e-23.
  private static let densityBreakpoints: [Double] = [1, 2, 3, 4.5, 6, 8]
  static let range = 10.0

  /// Creates a ladder for functions of `x = mean + standardDeviation · z`.
  ///
  /// - Parameters:
  ///   - mean: The mean of x.
  ///   - standardDeviation: The standard deviation of x, at least 0.
  ///   - kinks: Where the function or a derivative jumps, as values of x.
  ///   - landmarks: Where a panel should end because the function changes its character, as x.
  ///   - period: The period of an oscillating function in x; panels are at most half as wide.
  ///   - rule: The rule on each panel.
  public init(
    mean: Double = 0, standardDeviation: Double, kinks: [Double] = [],
    landmarks: [Double] = standardLandmarks, period: Double? = nil, rule: GaussLegendre = .twenty
  ) {
    precondition(standardDeviation >= 0, "a standard deviation must not be negative")
    let toZ = { (x: Double) in (x - mean) / standardDeviation }
    var breakpoints = [0] + Self.densityBreakpoints + Self.densityBreakpoints.map { -$0 }
    if standardDeviation > 0 { breakpoints += landmarks.map(toZ) + kinks.map(toZ) }
    self.init(
      breakpoints: breakpoints, longestPanel: period.map { $0 / 2 / standardDeviation },
      rule: rule)
  }

  /// Creates a ladder for averages of `function`, its derivatives and their powers.
  public init(
    mean: Double = 0, standardDeviation: Double, for function: any ScalarFunction,
    rule: GaussLegendre = .twenty
  ) {
    self.init(
      mean: mean, standardDeviation: standardDeviation, kinks: function.kinks.map(\.position),
      landmarks: function.landmarks, period: function.period, rule: rule)
  }

  /// Creates a ladder whose panels end at `breakpoints`, which are values of z.
  ///
  /// Breakpoints beyond ±10 are left out; the ends at ±10 are added.
  init(breakpoints: [Double], longestPanel: Double? = nil, rule: GaussLegendre) {
    var ends = breakpoints.filter { abs($0) < Self.range } + [-Self.range, Self.range]
    ends.sort()
    if let longestPanel, longestPanel < Self.shortestPanel {
      self.init(ends: ends, period: 2 * longestPanel, rule: rule)
      return
    }
    var nodes: [Double] = []
    var weights: [Double] = []
    nodes.reserveCapacity(ends.count * rule.nodes.count)
    weights.reserveCapacity(ends.count * rule.nodes.count)
    for (start, end) in zip(ends, ends.dropFirst()) where end > start {
      let count = max(1, Int(((end - start) / (longestPanel ?? .infinity)).rounded(.up)))
      // Written so that panels on both sides of 0 are exact mirror images.
      let cut = { (index: Int) in
        (start * Double(count - index) + end * Double(index)) / Double(count)
      }
      for piece in 0..<count {
        let (a, b) = (cut(piece), cut(piece + 1))
        let (middle, half) = ((a + b) / 2, (b - a) / 2)
        for (node, weight) in zip(rule.nodes, rule.weights) {
          let z = middle + half * node
          nodes.append(z)
          weights.append(weight * half * Double.exp(-z * z / 2) * Self.densityFactor)
        }
      }
    }
    self.init(nodes: nodes, weights: weights)
  }

  /// Creates a ladder for a function that oscillates often across every panel.
  ///
  /// To exp(−2π² (σ/P)²), P its period in units of z, such a function's averages are those over one
  /// period, wherever the density is. So every node stands for the period that it lies in: at
  /// `phases` equal steps, which averages all harmonics below that number exactly.
  private init(ends: [Double], period: Double, rule: GaussLegendre) {
    let smooth = GaussianLadder(breakpoints: ends, rule: rule)
    let half = zip(smooth.nodes, smooth.weights).filter { $0.0 > 0 }
    let points = half.flatMap { node, weight in
      let start = (node / period).rounded(.down)
      return (0..<Self.phases).map { phase in
        let step = (Double(phase) + 0.5) / Double(Self.phases)
        return ((start + step) * period, weight / Double(Self.phases))
      }
    }
    let sorted = points.sorted { $0.0 < $1.0 }
    self.init(
      nodes: sorted.reversed().map { -$0.0 } + sorted.map(\.0),
      weights: sorted.reversed().map(\.1) + sorted.map(\.1))
  }

  private init(nodes: [Double], weights: [Double]) {
    self.nodes = nodes
    self.weights = weights
  }

  private static let phases = 16
  /// Panels shorter than this would be some 500 in number.
  private static let shortestPanel = 0.04

  /// 1/√(2π).
  private static let densityFactor = 0.398942280401432677939946059934

  /// E[f(z)] for z ~ N(0, 1), to the extent that `f` is smooth between this ladder's breakpoints.
  ///
  /// Terms are added in pairs from both ends, so that odd functions average to exactly 0.
  @inlinable
  public func average(_ f: (Double) -> Double) -> Double {
    var sum = 0.0
    var (low, high) = (0, nodes.count - 1)
    while low < high {
      sum += f(nodes[low]) * weights[low] + f(nodes[high]) * weights[high]
      low += 1
      high -= 1
    }
    return low == high ? sum + f(nodes[low]) * weights[low] : sum
  }
}

extension ScalarFunction {
  /// E[φ(x)] for x ~ N(mean, variance).
  public func average(mean: Double = 0, variance: Double) -> Double {
    let deviation = variance.squareRoot()
    return GaussianLadder(mean: mean, standardDeviation: deviation, for: self)
      .average { value(at: mean + deviation * $0) }
  }
}
