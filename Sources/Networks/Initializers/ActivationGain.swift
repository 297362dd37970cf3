import Foundation
import Numbers

extension Gain {
  /// 1/√E[φ(z)²] forward, 1/√E[φ′(z)²] backward, for z ~ N(0, 1).
  static func gain(of function: any ScalarFunction, _ direction: Direction) -> Double {
    let average = GaussianAverage(function)
    let second =
      switch direction {
      case .forward: average.of { function.value(at: $0) * function.value(at: $0) }
      case .backward: average.of { function.slope(at: $0) * function.slope(at: $0) }
      }
    return 1 / second.squareRoot()
  }
}

/// Averages over a standard normal variable, exact at the kinks of a function.
struct GaussianAverage {
  private let breakpoints: [Double]

  init(_ function: any ScalarFunction) {
    var points = Set(function.kinks.map(\.position).filter { abs($0) < 10 })
    for half in -20...20 { points.insert(Double(half) / 2) }
    breakpoints = points.sorted()
  }

  /// E[f(z)] by Gauss–Legendre panels between the breakpoints.
  func of(_ f: (Double) -> Double) -> Double {
    let rule = Self.legendre
    var sum = 0.0
    for (low, high) in zip(breakpoints, breakpoints.dropFirst()) {
      let (middle, half) = ((low + high) / 2, (high - low) / 2)
      for (node, weight) in rule {
        let z = middle + half * node
        sum += weight * half * exp(-z * z / 2) * f(z)
      }
    }
    return sum / (2 * Double.pi).squareRoot()
  }

  /// Nodes and weights of 16 points on [−1, 1], by Newton's method on the Legendre polynomial.
  private static let legendre: [(Double, Double)] = (1...16).map { number in
    let count = 16.0
    var x = cos(Double.pi * (Double(number) - 0.25) / (count + 0.5))
    var slope = 0.0
    for _ in 0..<100 {
      var (previous, current) = (1.0, x)
      for degree in 2...16 {
        let k = Double(degree)
        (previous, current) = (current, ((2 * k - 1) * x * current - (k - 1) * previous) / k)
      }
      slope = count * (x * current - previous) / (x * x - 1)
      let step = current / slope
      x -= step
      if abs(step) < 1e-16 { break }
    }
    return (x, 2 / ((1 - x * x) * slope * slope))
  }
}
