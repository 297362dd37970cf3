import Numbers
import RealModule
import Semantics

extension Moments {
  /// The greatest of `count` of these elements, which are at different positions of a sample.
  ///
  /// Where they are values of a function, the law of its operand is better known than theirs.
  func greatest(of count: Int, units: Int, positions: Int) -> Moments {
    var (operand, function): (Moments, (any ScalarFunction)?) = (self, nil)
    if let origin, origin.describes(self), origin.operand.variance > 0 {
      (operand, function) = (origin.operand, origin.function)
    }
    let variance = operand.variance
    let shared = operand.positionCorrelation * operand.secondMoment - operand.mean * operand.mean
    let rho = variance > 0 ? min(max(shared / variance, 0), 1) : 1
    let law = GreatestOfValues(count, correlation: rho)
    // The scale of the result follows that of the operand.
    var source = self
    source.fluctuation = operand.fluctuation
    var result = source.mapped(units: units, positions: positions) { shift in
      let scale = Double.exp(shift / 2)
      return law.averages { z in
        let x = scale * (operand.mean + variance.squareRoot() * z)
        return function?.value(at: x) ?? x
      }
    }
    result.basis = max(basis, .firstOrder)
    result.note = note ?? "elements of a window taken as equally correlated"
    return result
  }
}

/// The greatest of the values that a function has at some standard normal numbers, any two of the
/// same correlation.
///
/// Given what all numbers share they are independent: the greatest value is at most v with the
/// probability that one is, to the power of their number, whatever the function.
struct GreatestOfValues {
  private let count: Double
  private let own: Double
  /// What all numbers share, with its weights.
  private let shared: [(z: Double, weight: Double)]
  /// Standard normal numbers and weights, by the trapezoidal rule, which is exact to rounding here.
  private static let numbers: [(z: Double, weight: Double)] = normal(reach: 9, step: 0.0625)

  init(_ count: Int, correlation: Double) {
    self.count = Double(count)
    own = max(0, 1 - correlation).squareRoot()
    let common = correlation.squareRoot()
    shared =
      common > 1e-3
      ? Self.normal(reach: 6, step: 0.25).map { (common * $0.z, $0.weight) } : [(0, 1)]
  }

  private static func normal(reach: Double, step: Double) -> [(z: Double, weight: Double)] {
    let half = Int(reach / step)
    let points = (-half...half).map { number -> (z: Double, weight: Double) in
      let z = Double(number) * step
      return (z, SpecialFunctions.normalDensity(z))
    }
    let sum = points.reduce(0) { $0 + $1.weight }
    return points.map { ($0.z, $0.weight / sum) }
  }

  /// E[y], E[y²] and E[y⁴] of the greatest value y of `f`.
  func averages(_ f: (Double) -> Double) -> (mean: Double, square: Double, fourth: Double) {
    var (mean, square, fourth) = (0.0, 0.0, 0.0)
    for outer in shared {
      let values = Self.numbers.map { (value: f(outer.z + own * $0.z), weight: $0.weight) }
        .sorted { $0.value < $1.value }
      var (below, before) = (0.0, 0.0)
      for (value, weight) in values {
        below += weight
        let middle = Double.pow(min(1, below), count)
        let share = outer.weight * (middle - before)
        before = middle
        let two = value * value
        mean += share * value
        square += share * two
        fourth += share * two * two
      }
    }
    return (mean, square, fourth)
  }
}
