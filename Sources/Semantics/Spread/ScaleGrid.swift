import Numbers

/// A fixed grid of standard normal z on which laws of logarithmic scales are kept.
///
/// A random scale is described by its quantile function: `quantiles[j]` is the value that the scale
/// takes where a standard normal variable takes `nodes[j]`. Pushing it through a monotone function
/// is then applying the function, whatever its shape.
enum ScaleGrid {
  static let count = 33
  static let step = 0.25
  static let range = 4.0
  static let nodes: [Double] = (0..<count).map { Double($0) * step - range }
  /// The trapezoidal rule for averages over z; exact to 1e-4 of the mass, which is normalised.
  static let weights: [Double] = {
    let density = nodes.map { SpecialFunctions.normalDensity($0) }
    let sum = density.reduce(0, +)
    return density.map { $0 / sum }
  }()
  static let zeros = [Double](repeating: 0, count: count)

  /// Normalised Hermite polynomials on the nodes, orders 0…8.
  static let hermite: [[Double]] = {
    var rows = [[Double](repeating: 1, count: count), nodes]
    for order in 1..<8 {
      let (k, next) = (Double(order).squareRoot(), Double(order + 1).squareRoot())
      rows.append(
        (0..<count).map { (nodes[$0] * rows[order][$0] - k * rows[order - 1][$0]) / next })
    }
    return rows
  }()

  /// Five-point Gauss–Hermite rule for a standard normal variable.
  static let normalNodes = [
    -2.8569700138728056, -1.3556261799742659, 0, 1.3556261799742659, 2.8569700138728056,
  ]
  static let normalWeights = [
    0.011257411327720691, 0.22207592200561266, 0.53333333333333333, 0.22207592200561266,
    0.011257411327720691,
  ]

  static func average(_ values: [Double]) -> Double {
    var sum = 0.0
    for j in 0..<count { sum += weights[j] * values[j] }
    return sum
  }

  static func average(_ value: (Int) -> Double) -> Double {
    var sum = 0.0
    for j in 0..<count { sum += weights[j] * value(j) }
    return sum
  }

  /// Coefficients of `values` in ``hermite``.
  static func coefficients(_ values: [Double]) -> [Double] {
    hermite.map { row in average { row[$0] * values[$0] } }
  }

  /// Covariance of `values(z)` and `values(z′)` for normal z, z′ of correlation `correlation`.
  static func covariance(_ values: [Double], correlation: Double) -> Double {
    var (power, sum) = (1.0, 0.0)
    for coefficient in coefficients(values).dropFirst() {
      power *= correlation
      sum += coefficient * coefficient * power
    }
    return sum
  }

  /// The slope d values / dz at each node.
  static func slopes(_ values: [Double]) -> [Double] {
    (0..<count).map { j in
      let (low, high) = (max(0, j - 1), min(count - 1, j + 1))
      return (values[high] - values[low]) / (Double(high - low) * step)
    }
  }

  /// `values` between the nodes; beyond them the last slope is kept, or the last value if `isFlat`.
  @inline(__always)
  static func interpolate(_ values: [Double], at z: Double, isFlatOutside isFlat: Bool = false)
    -> Double
  {
    let place = (z + range) / step
    guard place.isFinite else { return .nan }
    let index = min(max(Int(place.rounded(.down)), 0), count - 2)
    var share = place - Double(index)
    if isFlat { share = min(max(share, 0), 1) }
    return values[index] + (values[index + 1] - values[index]) * share
  }

  /// Where ascending `quantiles` take `value`, as z.
  static func place(of value: Double, in quantiles: [Double]) -> Double {
    var (low, high) = (0, count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if quantiles[middle] <= value { low = middle } else { high = middle }
    }
    let width = quantiles[high] - quantiles[low]
    return nodes[low] + (width > 0 ? (value - quantiles[low]) / width * step : 0)
  }

  /// Quantiles of `y + √variance(y) ε` for y with quantiles `quantiles` and a normal ε.
  ///
  /// Under a little noise of variance σ² ds quantiles T(z) flow as `dT/ds = ½(z − ∂z)(σ²/T′)`,
  /// the probability flow of the diffusion written in z. One step of the implicit midpoint rule
  /// for the slope w = T′, `w = T′₀ + ½(1 − L)(2σ²/(w + T′₀))` with the Ornstein–Uhlenbeck
  /// operator L = ∂z² − z∂z, is exact for normal laws, whatever the size of the noise. Mean and
  /// variance are then set to what they must be.
  static func addingNoise(_ variance: [Double], to quantiles: [Double]) -> [Double] {
    guard variance.contains(where: { $0 > 0 }) else { return quantiles }
    let panels = count - 1
    var (before, noise) = ([Double](), [Double]())
    for i in 0..<panels {
      before.append(max(1e-9, (quantiles[i + 1] - quantiles[i]) / step))
      noise.append((variance[i] + variance[i + 1]) / 2)
    }
    var slope = (0..<panels).map { (before[$0] * before[$0] + noise[$0]).squareRoot() }
    var (eliminated, residual) = (
      [Double](repeating: 0, count: panels), [Double](repeating: 0, count: panels)
    )
    var (flow, flowSlope) = (eliminated, eliminated)
    for _ in 0..<8 {
      for i in 0..<panels {
        let sum = slope[i] + before[i]
        flow[i] = 2 * noise[i] / sum
        flowSlope[i] = -flow[i] / sum
      }
      for i in 0..<panels {
        let (up, down) = diffusion[i]
        var diffused = flow[i]
        if i + 1 < panels { diffused -= up * (flow[i + 1] - flow[i]) }
        if i > 0 { diffused -= down * (flow[i - 1] - flow[i]) }
        var diagonal = 1 - (1 + up + down) * flowSlope[i] / 2
        let upper = i + 1 < panels ? up * flowSlope[i + 1] / 2 : 0
        var right = -(slope[i] - before[i] - diffused / 2)
        if i > 0 {
          let lower = down * flowSlope[i - 1] / 2
          diagonal -= lower * eliminated[i - 1]
          right -= lower * residual[i - 1]
        }
        eliminated[i] = upper / diagonal
        residual[i] = right / diagonal
      }
      var (change, largest) = (0.0, 0.0)
      for i in stride(from: panels - 1, through: 0, by: -1) {
        change = residual[i] - eliminated[i] * change
        largest = max(largest, abs(change) / slope[i])
        slope[i] = max(slope[i] + change, slope[i] / 5)
      }
      if largest < 1e-7 { break }
    }
    var result = [0.0]
    for width in slope { result.append(result[result.count - 1] + width * step) }
    let target = average(quantiles)
    let offset = average(result)
    let wanted = average { (quantiles[$0] - target) * (quantiles[$0] - target) + variance[$0] }
    let found = average { (result[$0] - offset) * (result[$0] - offset) }
    let scale = found > 0 ? (wanted / found).squareRoot() : 1
    return result.map { target + (($0 - offset) * scale) }
  }

  /// Off-diagonal entries, up and down, of the Ornstein–Uhlenbeck operator between the nodes.
  private static let diffusion: [(up: Double, down: Double)] = (0..<count - 1).map { i in
    let middle = nodes[i] + step / 2
    let density = { (z: Double) in SpecialFunctions.normalDensity(z) }
    let scale = density(middle) * step * step
    return (
      i + 2 < count ? density(nodes[i + 1]) / scale : 0, i > 0 ? density(nodes[i]) / scale : 0
    )
  }
}
