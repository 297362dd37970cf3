import CKernels
import Foundation
import RealModule
import Tensors
import Testing

@Suite(.serialized) struct VectorKernelsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let kernel: UnaryKernel
    let value: @Sendable (Double) -> Double
    let slope: @Sendable (Double) -> Double
    /// The greatest errors of values and slopes, in units in the last place.
    var bounds = (value: 0.51, slope: 0.51)
    /// Where the slope is 0: up to half a unit away an error of 2⁻²⁵ is allowed as well, for there a
    /// slope is the difference of numbers that are themselves rounded.
    var root: Double?
    /// Whether the kernel approximates, so that all numbers are worth looking at.
    var isApproximate = true
    var testDescription: String { "\(kernel)" }
  }

  static let root = 2.0.squareRoot()
  @Sendable static func sigmoid(_ x: Double) -> Double { 1 / (1 + Double.exp(-x)) }
  /// σ(x)σ(−x).
  @Sendable static func bell(_ x: Double) -> Double { sigmoid(x) * sigmoid(-x) }
  @Sendable static func normal(_ x: Double) -> Double { Double.erfc(-x / root) / 2 }
  @Sendable static func density(_ x: Double) -> Double {
    Double.exp(-x * x / 2) / (2 * Double.pi).squareRoot()
  }
  /// x·g, with the limit 0 where g vanishes faster than x grows.
  @Sendable static func gated(_ x: Double, _ g: Double) -> Double { g == 0 ? 0 : x * g }
  @Sendable static func argument(_ x: Double) -> Double {
    2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
  }
  @Sendable static func slopeOfArgument(_ x: Double) -> Double {
    2 * (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
  }
  /// tanh(softplus(x)) and its slope.
  @Sendable static func gate(_ x: Double) -> Double {
    Double.tanh(Double.log(onePlus: Double.exp(x)))
  }
  @Sendable static func slopeOfGate(_ x: Double) -> Double {
    let cosh = Double.cosh(Double.log(onePlus: Double.exp(x)))
    return sigmoid(x) / (cosh * cosh)
  }

  /// The definitions, in terms of the mathematical library.
  static let cases: [Case] = [
    Case(
      kernel: .exp, value: { Double.exp($0) }, slope: { Double.exp($0) }, bounds: (1.1, 1.1)),
    Case(kernel: .log, value: { Double.log($0) }, slope: { 1 / $0 }, bounds: (0.9, 0.501)),
    Case(
      kernel: .tanh, value: { Double.tanh($0) }, slope: { 4 * bell(2 * $0) }, bounds: (1.5, 1.7)),
    Case(kernel: .sigmoid, value: sigmoid, slope: bell, bounds: (1.6, 1.7)),
    Case(
      kernel: .scaledSigmoid, value: { 2 * Double.tanh($0 / 2) }, slope: { 4 * bell($0) },
      bounds: (1.5, 1.7)),
    Case(
      kernel: .erf, value: { Double.erf($0) },
      slope: { 2 / Double.pi.squareRoot() * Double.exp(-$0 * $0) }, bounds: (1.2, 0.9)),
    Case(
      kernel: .gelu, value: { gated($0, normal($0)) },
      slope: { normal($0) + gated($0, density($0)) }, bounds: (1.7, 2), root: -0.7518),
    Case(
      kernel: .geluTanh, value: { gated($0, sigmoid(argument($0))) },
      slope: {
        abs($0) > 1000
          ? ($0 > 0 ? 1 : 0)
          : sigmoid(argument($0)) + gated($0 * slopeOfArgument($0), bell(argument($0)))
      }, bounds: (1.1, 2), root: -0.7525),
    Case(
      kernel: .silu, value: { gated($0, sigmoid($0)) },
      slope: { sigmoid($0) + gated($0, bell($0)) }, bounds: (1.1, 2), root: -1.2785),
    Case(
      kernel: .softplus,
      value: { max($0, 0) + Double.log(onePlus: Double.exp(-abs($0))) }, slope: sigmoid,
      bounds: (1.7, 1.6)),
    Case(
      kernel: .mish, value: { $0 > 40 ? $0 : gated($0, gate($0)) },
      slope: { $0 > 40 ? 1 : gate($0) + gated($0, slopeOfGate($0)) }, bounds: (1, 2),
      root: -1.1924),
    Case(
      kernel: .softsign,
      value: { $0.isInfinite ? ($0 > 0 ? 1 : -1) : $0 / (1 + abs($0)) },
      slope: { 1 / ((1 + abs($0)) * (1 + abs($0))) }, bounds: (1.51, 1.01)),
    Case(
      kernel: .relu, value: { $0 < 0 ? 0 : $0 }, slope: { $0 > 0 ? 1 : 0 }, isApproximate: false),
    Case(
      kernel: .leakyRelu(alpha: 0.1), value: { $0 < 0 ? 0.1 * $0 : $0 },
      slope: { $0 > 0 ? 1 : 0.1 }, isApproximate: false),
    Case(
      kernel: .elu(alpha: 0.7), value: { $0 > 0 ? $0 : 0.7 * Double.expMinusOne($0) },
      slope: { $0 > 0 ? 1 : 0.7 * Double.exp($0) }, bounds: (1.9, 1.9)),
    Case(
      kernel: .selu(alpha: 1.67, gamma: 1.05),
      value: { 1.05 * ($0 > 0 ? $0 : 1.67 * Double.expMinusOne($0)) },
      slope: { 1.05 * ($0 > 0 ? 1 : 1.67 * Double.exp($0)) }, bounds: (1.9, 1.9)),
    Case(
      kernel: .celu(alpha: 3), value: { $0 > 0 ? $0 : 3 * Double.expMinusOne($0 / 3) },
      slope: { $0 > 0 ? 1 : Double.exp($0 / 3) }, bounds: (2, 1.9)),
    Case(
      kernel: .hardSigmoid(alpha: 0.25, beta: 0.5),
      value: { min(max(0.25 * $0 + 0.5, 0), 1) }, slope: { abs($0) < 2 ? 0.25 : 0 },
      isApproximate: false),
    Case(
      kernel: .hardSwish, value: { $0 <= -3 ? 0 : $0 >= 3 ? $0 : $0 * ($0 + 3) / 6 },
      slope: { $0 <= -3 ? 0 : $0 > 3 ? 1 : $0 / 3 + 0.5 }, isApproximate: false),
    Case(
      kernel: .hardTanh, value: { min(max($0, -1), 1) }, slope: { abs($0) < 1 ? 1 : 0 },
      isApproximate: false),
  ]

  /// A lattice over all bit patterns, the part of the line where the functions bend, and what lies
  /// around numbers at which kernels change their ways.
  static let sample: [Float] = {
    let lattice = (0..<UInt32(2_000_000)).map { Float(bitPattern: $0 &* 2_147) }
    let middle = (0..<150_000).map { Float($0 - 75_000) * 0.0016 }
    let edges: [Float] = [
      0.55, 1, 2, 3, 4, 10.4, 10.92, 14.6, 18, 20, 40, 87.33655, 88.72283, 89, 103.27893, 103.97208,
      110, 0.70710677, 1.4142135, 0.34657359, 1.0397208, .leastNormalMagnitude, 0x1p24, 0x1p62,
    ]
    let around = edges.flatMap { edge in
      (-20...20).flatMap { step in
        let near = Float(bitPattern: UInt32(Int(edge.bitPattern) + step))
        return [near, -near]
      }
    }
    let special: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, -.leastNonzeroMagnitude,
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
    ]
    return lattice + middle + around + special
  }()

  /// The greatest error in units in the last place of fp32, which for subnormal numbers is 2⁻¹⁴⁹;
  /// beside a root only in so far as it is above 2⁻²⁵.
  static func worst(
    _ results: Elements<Float>, at arguments: Elements<Float>, _ exact: (Double) -> Double,
    root: Double? = nil
  ) -> (error: Double, at: Float) {
    var worst = (error: 0.0, at: Float(0))
    for index in arguments.indices {
      let x = arguments[index]
      let (y, expected) = (results[index], exact(Double(x)))
      let error: Double
      if expected.isNaN || !Float(expected).isFinite || !y.isFinite {
        let isSame = y == Float(expected) || (y.isNaN && expected.isNaN)
        error = isSame ? 0 : .infinity
      } else if let root, abs(Double(x) - root) < 0.5, abs(Double(y) - expected) <= 0x1p-25 {
        error = 0
      } else {
        error = abs(Double(y) - expected) / Double(Float(expected).ulp)
      }
      if error > worst.error { worst = (error, x) }
    }
    return worst
  }

  @Test(arguments: cases)
  func valuesAndSlopesErrByNoMoreThanIsStated(of item: Case) {
    let x = elements(Self.sample)
    let ones = elements([Float](repeating: 1, count: x.count))
    let result = elements([Float](repeating: 0, count: x.count))
    VectorKernels.apply(item.kernel, x, into: result)
    let value = Self.worst(result, at: x, item.value)
    #expect(value.error < item.bounds.value, "\(item.kernel) at \(value.at)")
    VectorKernels.applyDerivative(item.kernel, ones, x, into: result)
    let slope = Self.worst(result, at: x, item.slope, root: item.root)
    #expect(slope.error < item.bounds.slope, "slope of \(item.kernel) at \(slope.at)")
  }

  /// Pieces of any length at any place, of vectors of any width.
  @Test(arguments: cases)
  func bytesDependOnTheArgumentAlone(of item: Case) {
    let x = elements(Self.sample.enumerated().filter { $0.offset % 43 == 0 }.map(\.element))
    let cotangent = elements(x.indices.map { Float($0 % 7) - 2.5 })
    let zeros = [Float](repeating: 0, count: x.count)
    let (values, slopes, result) = (elements(zeros), elements(zeros), elements(zeros))
    VectorKernels.apply(item.kernel, x, into: values)
    VectorKernels.applyDerivative(item.kernel, cotangent, x, into: slopes)
    let best = ek_vector_level()
    defer { ek_limit_vector_level(best) }
    for level in 0...best {
      ek_limit_vector_level(level)
      for (whole, isSlope) in [(values, false), (slopes, true)] {
        var (start, length) = (0, 1)
        while start < x.count {
          let range = start..<min(start + length, x.count)
          if isSlope {
            VectorKernels.applyDerivative(
              item.kernel, cotangent[range], x[range], into: result[range])
          } else {
            VectorKernels.apply(item.kernel, x[range], into: result[range])
          }
          (start, length) = (range.upperBound, length % 97 + 1)
        }
        let difference = x.indices.first { index in
          let (a, b) = (result[index], whole[index])
          return a.bitPattern != b.bitPattern && !(a.isNaN && b.isNaN)
        }
        #expect(difference == nil, "\(item.kernel) at \(x[difference ?? 0]), level \(level)")
      }
    }
  }

  /// Zeros keep their signs where the function passes through 0 rising.
  @Test(arguments: [
    UnaryKernel.tanh, .scaledSigmoid, .erf, .gelu, .geluTanh, .silu, .mish, .softsign, .relu,
    .elu(alpha: 0.7), .selu(alpha: 1.67, gamma: 1.05), .celu(alpha: 3), .hardTanh,
  ])
  func zerosKeepTheirSigns(of kernel: UnaryKernel) {
    let x = elements([0, -0.0] as [Float])
    VectorKernels.apply(kernel, x, into: x)
    #expect(x[0].bitPattern == Float(0).bitPattern && x[1].bitPattern == Float(-0.0).bitPattern)
  }

  @Test(arguments: cases)
  func notANumberStaysNotANumber(of item: Case) {
    let x = elements([Float](repeating: .nan, count: 19))
    VectorKernels.apply(item.kernel, x, into: x)
    #expect(x.indices.allSatisfy { x[$0].isNaN })
  }

  @Test func theCotangentMultipliesTheRoundedSlope() {
    let x = elements([0.3, -2, 1, 5, 0] as [Float])
    let dy = elements([2, -1, 0.5, .infinity, 3] as [Float])
    let ones = elements([1, 1, 1, 1, 1] as [Float])
    let slope = elements([0, 0, 0, 0, 0] as [Float])
    VectorKernels.applyDerivative(.tanh, ones, x, into: slope)
    let product = (0..<5).map { dy[$0] * slope[$0] }
    VectorKernels.applyDerivative(.tanh, dy, x, into: dy)
    #expect((0..<5).map { dy[$0] } == product)
  }

  @Test func arithmeticIsThatOfTheProcessor() {
    let count = 1003
    let a = elements((0..<count).map { Float($0) * 0.37 - 100 })
    let b = elements((0..<count).map { Float($0) * -0.011 + 3 })
    let result = elements([Float](repeating: 0, count: count))
    let operations:
      [((Elements<Float>, Elements<Float>, Elements<Float>) -> Void, (Float, Float) -> Float)] = [
        ({ VectorKernels.add($0, $1, into: $2) }, { $0 + $1 }),
        ({ VectorKernels.subtract($0, $1, into: $2) }, { $0 - $1 }),
        ({ VectorKernels.multiply($0, $1, into: $2) }, { $0 * $1 }),
        ({ VectorKernels.divide($0, $1, into: $2) }, { $0 / $1 }),
        ({ a, _, result in VectorKernels.scale(a, by: 0.3, into: result) }, { a, _ in 0.3 * a }),
      ]
    for (kernel, expected) in operations {
      kernel(a, b, result)
      #expect(result.indices.allSatisfy { result[$0] == expected(a[$0], b[$0]) })
    }
    let sum = elements((0..<count).map { b[$0] })
    VectorKernels.accumulate(a, times: 0.3, into: sum)
    #expect(sum.indices.allSatisfy { sum[$0] == b[$0] + 0.3 * a[$0] })
  }
}

/// All numbers of fp32.
@Suite struct EveryArgumentTests {
  @Test(
    .enabled(if: ProcessInfo.processInfo.environment["EVENKEEL_EXHAUSTIVE"] != nil),
    arguments: VectorKernelsTests.cases.filter(\.isApproximate))
  func errorsAreBoundedExhaustively(of item: VectorKernelsTests.Case) {
    let count = 1 << 16
    let x = Tensor(zeros: [count], .float32).elements(as: Float.self)
    let ones = elements([Float](repeating: 1, count: count))
    let result = Tensor(zeros: [count], .float32).elements(as: Float.self)
    var (value, slope) = (0.0, 0.0)
    for block in 0..<UInt32(1 << 16) {
      for i in 0..<count { x[i] = Float(bitPattern: block << 16 | UInt32(i)) }
      VectorKernels.apply(item.kernel, x, into: result)
      value = max(value, VectorKernelsTests.worst(result, at: x, item.value).error)
      VectorKernels.applyDerivative(item.kernel, ones, x, into: result)
      slope = max(
        slope, VectorKernelsTests.worst(result, at: x, item.slope, root: item.root).error)
    }
    print("\(item.kernel): value \(value) ulp, slope \(slope) ulp")
    #expect(value < item.bounds.value && slope < item.bounds.slope)
  }
}
