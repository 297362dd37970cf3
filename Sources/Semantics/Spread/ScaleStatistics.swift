import Numbers
import RealModule
import Synchronization

/// What one function does to the scale of its normal operand, at one scale.
///
/// The operand is x = e^{y/2}(m + √(1−m²) z): y is the logarithm of its second moment and m its mean
/// relative to the root of that. "Gate" is the derivative that the backward pass multiplies by.
final class ScaleStatistics: Sendable {
  /// Averages that depend smoothly on y, and are interpolated between scales.
  struct Smooth {
    /// ln E[φ²] and ln E[gate²].
    var value = 0.0, gate = 0.0
    /// Relative variance and third cumulant of φ² of one element.
    var valueSpread = 0.0, valueThird = 0.0
    /// The same of (g·gate)² with a standard normal cotangent g.
    var gateSpread = 0.0, gateThird = 0.0
    /// Relative covariance of φ² and gate².
    var cross = 0.0
    /// d ln E[φ²] / dy and K² (d²/dK²) E[φ²] / E[φ²] with K = eʸ; the same of the gate.
    var response = 0.0, bend = 0.0, gateResponse = 0.0, gateBend = 0.0
  }

  let smooth: Smooth
  /// Coefficients of cᵏ, c the correlation of two operands' centred parts.
  ///
  /// They are those of E[φφ′]/E[φ²], of the relative covariances of φ² and φ′², of gate² and gate′²,
  /// of φ² and gate′², and of E[gate gate′]/E[gate²]; a prime marks the second operand. The last
  /// coefficient is what is left of the value at c = 1.
  let values, squares, gateSquares, crossSquares, gates: [Double]

  /// The number of Hermite coefficients.
  static let order = 32

  init(of function: any ScalarFunction, gate order: Int, logScale y: Double, relativeMean m: Double)
  {
    let scale = Double.exp(y / 2)
    let mean = scale * m
    let deviation = scale * (1 - m * m).squareRoot()
    let ladder = GaussianLadder(
      mean: mean, standardDeviation: deviation, for: function, rule: .twelve)
    // Hermite coefficients of φ, φ², gate, gate², then the moments that no coefficient gives.
    let (phi, phi2, gate, gate2) = (0, Self.order, 2 * Self.order, 3 * Self.order)
    var coefficients = [Double](repeating: 0, count: 4 * Self.order)
    var (phi4, phi6, gate4, gate6, both) = (0.0, 0.0, 0.0, 0.0, 0.0)
    var (unit, unitGate) = (0.0, 0.0)
    // Fourth and sixth powers overflow long before the ratios that matter: work in units of the
    // largest value.
    for z in [-8.0, -4, -2, -1, -0.5, 0.5, 1, 2, 4, 8] {
      let x = mean + deviation * z
      unit = max(unit, abs(function.value(at: x)))
      unitGate = max(unitGate, abs(Self.gate(of: function, order, at: x)))
    }
    if !(unit > 0 && unit.isFinite) { unit = 1 }
    if !(unitGate > 0 && unitGate.isFinite) { unitGate = 1 }
    let (ratios, inverses) = (Self.ratios, Self.inverseRoots)
    var sums = coefficients.mutableSpan
    for (z, weight) in zip(ladder.nodes, ladder.weights) {
      let x = mean + deviation * z
      let f = function.value(at: x) / unit
      let g = Self.gate(of: function, order, at: x) / unitGate
      let (f2, g2) = (f * f, g * g)
      phi4 += weight * f2 * f2
      phi6 += weight * f2 * f2 * f2
      gate4 += weight * g2 * g2
      gate6 += weight * g2 * g2 * g2
      both += weight * f2 * g2
      var (before, hermite) = (0.0, weight)
      for k in 0..<Self.order {
        sums[phi + k] += hermite * f
        sums[phi2 + k] += hermite * f2
        sums[gate + k] += hermite * g
        sums[gate2 + k] += hermite * g2
        (before, hermite) = (hermite, z * inverses[k] * hermite - ratios[k] * before)
      }
    }
    let (q, s) = (coefficients[phi2], coefficients[gate2])
    let (f4, g4) = (q > 0 ? phi4 / q / q : 1, s > 0 ? 3 * gate4 / s / s : 3)
    let (f6, g6) = (q > 0 ? phi6 / q / q / q : 1, s > 0 ? 15 * gate6 / s / s / s : 15)
    let cross = q > 0 && s > 0 ? both / q / s - 1 : 0
    // Changing the second moment at a fixed ratio to the mean moves mean and deviation together:
    // d/dy of an average is ½E[x ∂ₓ], which in Hermite coefficients of the centred part is
    // E[f (z² − 1 + z m/√(1−m²))]/2.
    let tilt = m == 0 ? 0 : m / (1 - m * m).squareRoot()
    let first = { (c: Int) in
      coefficients[c] > 0
        ? (Double.sqrt(2) * coefficients[c + 2] + tilt * coefficients[c + 1]) / coefficients[c] / 2
        : 1
    }
    let second = { (c: Int) in
      coefficients[c] > 0 ? Double.sqrt(1.5) * coefficients[c + 4] / coefficients[c] : 0
    }
    smooth = Smooth(
      value: Double.log(q) + 2 * Double.log(unit), gate: Double.log(s) + 2 * Double.log(unitGate),
      valueSpread: max(0, f4 - 1), valueThird: f6 - 3 * f4 + 2, gateSpread: max(0, g4 - 1),
      gateThird: g6 - 3 * g4 + 2, cross: cross, response: first(phi2), bend: second(phi2),
      gateResponse: first(gate2), gateBend: second(gate2))
    let part = { coefficients[$0..<$0 + Self.order] }
    values = Self.series(part(phi), part(phi), total: 1, norm: q, withMean: true)
    gates = Self.series(part(gate), part(gate), total: 1, norm: s, withMean: true)
    squares = Self.series(part(phi2), part(phi2), total: f4 - 1, norm: q * q, withMean: false)
    gateSquares = Self.series(
      part(gate2), part(gate2), total: g4 / 3 - 1, norm: s * s, withMean: false)
    crossSquares = Self.series(part(phi2), part(gate2), total: cross, norm: q * s, withMean: false)
  }

  /// √(k/(k + 1)) and 1/√(k + 1), of the recurrence of normalized Hermite polynomials.
  private static let (ratios, inverseRoots) = (
    (0..<order).map { (Double($0) / Double($0 + 1)).squareRoot() },
    (0..<order).map { 1 / Double($0 + 1).squareRoot() }
  )

  private static func gate(of function: any ScalarFunction, _ order: Int, at x: Double) -> Double {
    order == 1 ? function.slope(at: x) : function.curvature(at: x)
  }

  /// The products of two sets of coefficients over a norm, and what they leave of the total.
  private static func series(
    _ a: ArraySlice<Double>, _ b: ArraySlice<Double>, total: Double, norm: Double, withMean: Bool
  ) -> [Double] {
    guard norm > 0 else { return [0] }
    var terms = zip(a, b).map { $0 * $1 / norm }
    if !withMean { terms[0] = 0 }
    terms.append(total - terms.reduce(0, +))
    return terms
  }

  /// A polynomial with the coefficients of `series` at `c`, and its first two derivatives.
  static func evaluate(_ series: [Double], at c: Double) -> (
    value: Double, slope: Double, bend: Double
  ) {
    var (value, slope, bend) = (0.0, 0.0, 0.0)
    for coefficient in series.reversed() {
      bend = bend * c + 2 * slope
      slope = slope * c + value
      value = value * c + coefficient
    }
    return (value, slope, bend)
  }
}

/// ``ScaleStatistics`` of one function at any scale, between those on a grid of y.
///
/// Grid points are kept for the life of the process, by the function's name: they are pure numbers
/// that each layer of a deep network asks for again. Of operands with a mean, whose grids are as
/// many as their means, so many are kept as fit the memo.
struct ScaleTable {
  let function: any ScalarFunction
  let gateOrder: Int
  let relativeMean: Double
  private var nodes: [Int: ScaleStatistics] = [:]

  static let step = 0.25
  /// Beyond e^{±40} every function here is a power of its operand.
  static let limit = 160

  private struct Key: Hashable {
    let name: String
    let gateOrder: Int
    let relativeMean: Double
    let place: Int
  }
  /// Points of operands with a mean that the memo takes, about a kilobyte each.
  private static let mostKept = 1 << 14
  private static let memo = Mutex<[Key: ScaleStatistics]>([:])

  init(_ function: any ScalarFunction, gateOrder: Int = 1, relativeMean: Double = 0) {
    self.function = function
    self.gateOrder = gateOrder
    self.relativeMean = relativeMean
  }

  /// The statistics at y = `place`·step.
  private mutating func node(_ place: Int) -> ScaleStatistics {
    if let known = nodes[place] { return known }
    let key = Key(
      name: function.name, gateOrder: gateOrder, relativeMean: relativeMean, place: place)
    if let known = Self.memo.withLock({ $0[key] }) {
      nodes[place] = known
      return known
    }
    let made = ScaleStatistics(
      of: function, gate: gateOrder, logScale: Double(place) * Self.step,
      relativeMean: relativeMean)
    Self.memo.withLock { memo in
      if relativeMean == 0 || memo.count < Self.mostKept { memo[key] = made }
    }
    nodes[place] = made
    return made
  }

  /// The smooth averages at `y`, by the cubic through the four grid points around it.
  ///
  /// Where `y` is not a number, neither is the value.
  mutating func smooth(at y: Double) -> ScaleStatistics.Smooth {
    guard !y.isNaN else {
      var nothing = ScaleStatistics.Smooth()
      nothing.value = .nan
      return nothing
    }
    let bound = Double(Self.limit) * Self.step
    let inside = min(max(y, -bound), bound)
    let place = inside / Self.step
    let index = min(max(Int(place.rounded(.down)), -Self.limit + 1), Self.limit - 2)
    let t = place - Double(index)
    let weights = [
      -t * (t - 1) * (t - 2) / 6, (t + 1) * (t - 1) * (t - 2) / 2, -(t + 1) * t * (t - 2) / 2,
      (t + 1) * t * (t - 1) / 6,
    ]
    var result = ScaleStatistics.Smooth()
    for (offset, weight) in weights.enumerated() where weight != 0 {
      result.add(node(index - 1 + offset).smooth, times: weight)
    }
    result.value += result.response * (y - inside)
    result.gate += result.gateResponse * (y - inside)
    result.valueSpread = max(0, result.valueSpread)
    result.gateSpread = max(0, result.gateSpread)
    return result
  }

  /// A series of ``ScaleStatistics`` and its first two derivatives at correlation `c`, linear
  /// between the grid points around `y`.
  mutating func evaluate(
    _ series: KeyPath<ScaleStatistics, [Double]>, at c: Double, logScale y: Double
  ) -> (value: Double, slope: Double, bend: Double) {
    guard !y.isNaN else { return (.nan, .nan, .nan) }
    let bound = Double(Self.limit)
    let place = min(max(y / Self.step, -bound), bound)
    let index = min(Int(place.rounded(.down)), Self.limit - 1)
    let share = place - Double(index)
    let low = ScaleStatistics.evaluate(node(index)[keyPath: series], at: c)
    if share < 1e-9 { return low }
    let high = ScaleStatistics.evaluate(node(index + 1)[keyPath: series], at: c)
    return (
      low.value + share * (high.value - low.value), low.slope + share * (high.slope - low.slope),
      low.bend + share * (high.bend - low.bend)
    )
  }
}

extension ScaleStatistics.Smooth {
  mutating func add(_ other: Self, times weight: Double) {
    value += weight * other.value
    gate += weight * other.gate
    valueSpread += weight * other.valueSpread
    valueThird += weight * other.valueThird
    gateSpread += weight * other.gateSpread
    gateThird += weight * other.gateThird
    cross += weight * other.cross
    response += weight * other.response
    bend += weight * other.bend
    gateResponse += weight * other.gateResponse
    gateBend += weight * other.gateBend
  }
}
