import Foundation
import Networks
import Numbers
import Semantics
import Tensors
import Testing

@Suite struct InitializerTests {
  static func dense(_ units: Int, _ inputs: Int) -> ParameterTarget {
    ParameterTarget(
      [units, inputs], role: .weight, fanIn: Double(inputs), fanOut: Double(units))
  }

  /// A convolution of 32 channels in 4 groups with a kernel of 3 by 3 and stride 2.
  static let convolution = ParameterTarget(
    [32, 8, 3, 3], role: .weight, fanIn: 72, fanOut: 18)

  static func rule(_ text: String) throws -> any Initializer {
    let network = try Fixtures.network("[{dense: {units: 4, init: {weights: \(text)}}}]")
    let dense = try #require(network.layers[0].kind as? DenseLayer)
    return try #require(dense.initialization.weights).rule
  }

  /// Rule, and its variance for 64 units on 256 inputs by the table of the papers.
  static let variances: [(rule: String, variance: Double)] = [
    ("{normal: 0.01}", 1e-4), ("{uniform: 0.3}", 0.03), ("zeros", 0), ("0", 0),
    ("xavier_normal", 2.0 / 320), ("glorot_uniform", 2.0 / 320), ("{xavier_uniform: 2}", 8.0 / 320),
    ("he_normal", 2.0 / 256), ("{he_uniform: {mode: fan_out}}", 2.0 / 64),
    ("{kaiming_normal: {mode: fan_avg}}", 2.0 / 160), ("{he_normal: {slope: 0.2}}", 2 / 1.04 / 256),
    ("{he_normal: 1}", 1.0 / 256), ("lecun_normal", 1.0 / 256),
    ("{lecun_uniform: {mode: fan_out}}", 1.0 / 64), ("{truncated_normal: 0.02}", 4e-4),
    ("{truncated_normal: {std: 0.02, cut: 1}}", 4e-4), ("orthogonal", 1.0 / 256),
    ("{orthogonal: 2}", 4.0 / 256), ("pytorch", 1.0 / 768), ("keras", 2.0 / 320),
    ("{sparse: {density: 0.1, std: 2}}", 4.0 * 26 / 256), ("identity", 1.0 / 256 - 1.0 / 65536),
  ]

  @Test(arguments: variances)
  func theVarianceIsThatOfTheLiterature(rule: String, variance: Double) throws {
    let moments = try Self.rule(rule).moments(for: Self.dense(64, 256))
    #expect(abs(moments.variance - variance) <= 1e-14 * max(variance, 1e-4))
  }

  @Test(arguments: variances)
  func whatIsDrawnHasTheStatedMoments(rule: String, variance: Double) throws {
    let rule = try Self.rule(rule)
    let target = Self.dense(64, 256)
    let moments = rule.moments(for: target)
    let tensor = Tensor(zeros: target.shape, .float64)
    rule.fill(tensor, for: target, from: RandomStream(seed: 1, name: "w"))
    let drawn = tensor.doubles
    let mean = drawn.reduce(0, +) / Double(drawn.count)
    let square = drawn.reduce(0) { $0 + $1 * $1 } / Double(drawn.count)
    // 16384 independent elements: the mean is within 5 standard errors, and the mean square, whose
    // relative standard error is at most sqrt(2/16384 · 10) for the sparse rule, within 5 of them.
    let spread = (moments.variance / Double(drawn.count)).squareRoot()
    #expect(abs(mean - moments.mean) <= 5 * spread)
    #expect(abs(square - moments.secondMoment) <= 0.175 * moments.secondMoment)
    if !rule.form.hasPrefix("sparse") {
      #expect(abs(square - moments.secondMoment) <= 0.056 * moments.secondMoment)
    }
  }

  @Test func bothPrecisionsHoldTheSameNumbers() throws {
    let target = Self.dense(16, 32)
    for text in ["he_normal", "orthogonal", "pytorch", "{truncated_normal: 1}"] {
      let rule = try Self.rule(text)
      let single = Tensor(zeros: target.shape, .float32)
      let double = Tensor(zeros: target.shape, .float64)
      rule.fill(single, for: target, from: RandomStream(seed: 7, name: "w"))
      rule.fill(double, for: target, from: RandomStream(seed: 7, name: "w"))
      #expect(single.array(of: Float.self) == double.array(of: Double.self).map { Float($0) })
    }
  }

  @Test(arguments: [
    ("he_normal", 2.0 / 72), ("{he_normal: {mode: fan_out}}", 2.0 / 18),
    ("xavier_normal", 2.0 / 90),
  ])
  func aConvolutionHasItsTrueFans(rule: String, variance: Double) throws {
    let second = try Self.rule(rule).moments(for: Self.convolution).secondMoment
    #expect(abs(second - variance) < 1e-16)
  }

  @Test(arguments: [(64, 64), (32, 96), (96, 32)])
  func orthogonalMatricesHaveOrthonormalShortSides(rows: Int, columns: Int) throws {
    let target = Self.dense(rows, columns)
    let tensor = Tensor(zeros: target.shape, .float64)
    try Self.rule("{orthogonal: 3}").fill(
      tensor, for: target, from: RandomStream(seed: 2, name: "w"))
    let w = tensor.array(of: Double.self)
    let side = min(rows, columns)
    for a in 0..<side {
      for b in 0...a {
        let product = (0..<max(rows, columns)).reduce(0.0) { sum, k in
          rows <= columns
            ? sum + w[a * columns + k] * w[b * columns + k]
            : sum + w[k * columns + a] * w[k * columns + b]
        }
        // A few roundings of products that sum to at most 9.
        #expect(abs(product - (a == b ? 9 : 0)) < 1e-12)
      }
    }
  }

  @Test func deltaOrthogonalIsAnOrthogonalCentre() throws {
    let target = ParameterTarget([8, 4, 3, 3], role: .weight, fanIn: 36, fanOut: 72)
    let rule = try Self.rule("delta_orthogonal")
    let tensor = Tensor(zeros: target.shape, .float64)
    rule.fill(tensor, for: target, from: RandomStream(seed: 3, name: "w"))
    let w = tensor.array(of: Double.self)
    #expect(w.indices.allSatisfy { $0 % 9 == 4 || w[$0] == 0 })
    for a in 0..<4 {
      let square = (0..<8).reduce(0.0) { $0 + w[($1 * 4 + a) * 9 + 4] * w[($1 * 4 + a) * 9 + 4] }
      #expect(abs(square - 1) < 1e-13)
    }
    let square = w.reduce(0) { $0 + $1 * $1 } / Double(w.count)
    #expect(abs(square - rule.moments(for: target).secondMoment) < 1e-15)
  }

  @Test func sparseRowsKeepTheSameNumberOfElements() throws {
    let target = Self.dense(50, 40)
    let tensor = Tensor(zeros: target.shape, .float64)
    try Self.rule("{sparse: {density: 0.25, std: 1}}")
      .fill(tensor, for: target, from: RandomStream(seed: 4, name: "w"))
    let w = tensor.array(of: Double.self)
    for row in 0..<50 {
      #expect(w[row * 40..<(row + 1) * 40].count { $0 != 0 } == 10)
    }
    // Every column is kept by some row: 0.75^50 is 6e-7.
    #expect((0..<40).allSatisfy { column in (0..<50).contains { w[$0 * 40 + column] != 0 } })
  }

  @Test func truncationKeepsTheStandardDeviationAndTheBound() throws {
    let target = Self.dense(100, 1000)
    let tensor = Tensor(zeros: target.shape, .float64)
    try Self.rule("{truncated_normal: {std: 2, cut: 1.5}}")
      .fill(tensor, for: target, from: RandomStream(seed: 5, name: "w"))
    let drawn = tensor.array(of: Double.self)
    let parent = 2 / RandomStream.deviation(ofNormalTruncatedAt: 1.5)
    #expect(drawn.allSatisfy { abs($0) <= 1.5 * parent })
    let square = drawn.reduce(0) { $0 + $1 * $1 } / 1e5
    // Standard error of the mean square: below 4 · sqrt(1/1e5) = 0.013.
    #expect(abs(square - 4) < 0.06)
  }

  @Test func gainsOfActivationsAreThoseOfTheTheory() throws {
    let tanh = try Fixtures.activations.activation("tanh")
    let target = ParameterTarget(
      [64, 256], role: .weight, fanIn: 256, fanOut: 64, activation: tanh)
    // 1/E[tanh²] and 1/E[tanh′²] at unit variance: mpmath at 30 digits.
    let forward = 1 / 0.394294490398
    let backward = 1 / 0.464402902448
    func second(_ text: String) throws -> Double {
      try Self.rule(text).moments(for: target).secondMoment
    }
    #expect(abs(try second("{lecun_normal: auto}") * 256 / forward - 1) < 1e-10)
    #expect(abs(try second("{lecun_normal: auto_backward}") * 256 / backward - 1) < 1e-10)
    #expect(abs(try second("{lecun_normal: tanh}") * 256 / forward - 1) < 1e-10)
    #expect(abs(try second("activation_gain") * 256 / forward - 1) < 1e-10)
    #expect(abs(try second("{activation_gain: backward}") * 64 / backward - 1) < 1e-10)
    let relu = ParameterTarget(
      [64, 256], role: .weight, fanIn: 256, fanOut: 64,
      activation: try Fixtures.activations.activation("relu"))
    let auto = try Self.rule("{lecun_normal: auto}").moments(for: relu).secondMoment
    #expect(abs(auto * 256 - 2) < 1e-10)
    #expect(try second("{lecun_normal: auto}") != auto)
    #expect(
      try Self.rule("{lecun_normal: auto}").moments(for: Self.dense(4, 256)).secondMoment == 1.0
        / 256)
  }

  @Test func aRuleThatDoesNotFitSaysWhy() throws {
    let vector = ParameterTarget([64], role: .bias, fanIn: 256, fanOut: 64)
    #expect(
      try Self.rule("xavier_normal").refusal(for: vector)?.problem == "starts weights, not biases")
    #expect(
      try Self.rule("orthogonal").refusal(for: vector)?.problem == "starts matrices, not vectors")
    #expect(
      try Self.rule("delta_orthogonal").refusal(for: Self.dense(4, 4))?.cure == "use orthogonal")
    #expect(
      try Self.rule("{spectral_radius: 1}").refusal(for: Self.dense(4, 8))?.problem
        == "starts square matrices, and this one is [4, 8]")
    #expect(try Self.rule("pytorch").refusal(for: vector) == nil)
    #expect(try Self.rule("{orthogonal: 1}").refusal(for: Self.dense(9000, 9000)) != nil)
  }
}
