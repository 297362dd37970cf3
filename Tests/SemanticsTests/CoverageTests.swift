import Numbers
import RealModule
import Testing

@testable import Semantics

/// Small networks are drawn, run forward and backward in plain loops, and compared with the bands.
@Suite struct CoverageTests {
  static let width = 32
  static let depth = 12
  static let samples = 16
  static let draws = 150

  @Test(arguments: [
    (Function.relu, 2.0, 0.0), (.tanh, 1, 0), (.tanh, 1.395584 * 1.395584, 0.09),
    (.gelu, 1, 0), (.scaledSigmoid, 2, 0),
  ])
  func measuredMeanSquaresLieInTheirBands(function: Function, weight: Double, bias: Double) {
    let (width, depth) = (Self.width, Self.depth)
    let net = predict(function, width: width, weight: weight, bias: bias, depth: depth)
    let bands = (net.forward + net.backward).map {
      $0.band(samples: Self.samples, units: width)
    }
    var inside = [Int](repeating: 0, count: 2)
    var random = NormalNumbers(seed: 7)
    for _ in 0..<Self.draws {
      let measured = Self.measure(function, weight: weight, bias: bias, from: &random)
      for (t, value) in measured.enumerated() where bands[t]?.contains(value) == true {
        inside[t / depth] += 1
      }
    }
    // 150 draws of a few independent layers each leave a deviation of 1 to 1.5 %.
    for (count, direction) in zip(inside, ["forward", "backward"]) {
      let coverage = Double(count) / Double(Self.draws * depth)
      #expect(
        coverage > 0.905 && coverage < 0.99, "\(function.name) \(direction): \(coverage)")
    }
  }

  /// Mean squares of h^t, then of ∂ℓ/∂h^t, t = 1…depth.
  static func measure(
    _ function: Function, weight: Double, bias: Double, from random: inout NormalNumbers
  ) -> [Double] {
    let n = width
    let deviation = (weight / Double(n)).squareRoot()
    var h = random.normals(n * samples, deviation: 1)
    var (weights, operands, result) = ([[Double]](), [[Double]](), [Double]())
    for _ in 0..<depth {
      let w = random.normals(n * n, deviation: deviation)
      let b = random.normals(n, deviation: bias.squareRoot())
      var a = [Double](repeating: 0, count: n * samples)
      for s in 0..<samples {
        for i in 0..<n {
          var sum = b[i]
          for k in 0..<n { sum += w[i * n + k] * h[s * n + k] }
          a[s * n + i] = sum
        }
      }
      h = a.map { function.value(at: $0) }
      weights.append(w)
      operands.append(a)
      result.append(meanSquare(h))
    }
    var g = random.normals(n * samples, deviation: 1)
    var backward = [meanSquare(g)]
    for t in stride(from: depth - 1, to: 0, by: -1) {
      var below = [Double](repeating: 0, count: n * samples)
      for s in 0..<samples {
        for i in 0..<n {
          let delta = g[s * n + i] * function.slope(at: operands[t][s * n + i])
          for k in 0..<n { below[s * n + k] += weights[t][i * n + k] * delta }
        }
      }
      g = below
      backward.append(meanSquare(g))
    }
    return result + backward.reversed()
  }

  static func meanSquare(_ values: [Double]) -> Double {
    values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
  }
}

/// Normal numbers by Box and Muller's method from SplitMix64.
struct NormalNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  private mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    return (Double(z >> 11) + 0.5) / 9_007_199_254_740_992
  }

  mutating func normals(_ count: Int, deviation: Double) -> [Double] {
    (0..<count).map { _ in
      let radius = (-2 * Double.log(uniform())).squareRoot()
      return deviation * radius * Double.cos(2 * .pi * uniform())
    }
  }
}
