import Foundation
import Numbers
import Operators
import Testing
import Theory

@Suite struct ShapedActivationTests {
  private struct Constant: Decodable {
    let method: String
    let activation: String
    let depth: Int
    let target: String
    let alpha: String?
    let beta: String?
    let gamma: String?
    let delta: String?
    let negative_slope: String?
  }

  private static func constants() throws -> [Constant] {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Data/dks_tat_constants.json")
    return try JSONDecoder().decode([Constant].self, from: Data(contentsOf: url))
  }

  /// Parameters to 1e-7 (they follow from conditions met to 1e-10), on the branch α > 0; for odd
  /// functions the reference has β > 0, as the solver has.
  @Test func agreesWithTheReference() throws {
    let constants = try Self.constants()
    #expect(constants.count == 18)
    for constant in constants {
      let function = try #require(activations[constant.activation])
      let method: ShapedActivation.Method =
        constant.method == "DKS" ? .deepKernelShaping() : .tailored()
      let name = "\(constant.method) \(constant.activation) \(constant.depth)"
      if constant.negative_slope == "unreachable" {
        #expect(throws: TheoryError.self, "\(name)") {
          try ShapedActivation(function, method: method, depth: constant.depth)
        }
        continue
      }
      let shaped = try ShapedActivation(function, method: method, depth: constant.depth)
      #expect(shaped.residual < 1e-10, "\(name): \(shaped)")
      for (value, text) in [
        (shaped.alpha, constant.alpha ?? ""), (shaped.beta, constant.beta ?? ""),
        (shaped.gamma, constant.gamma ?? ""), (shaped.delta, constant.delta ?? ""),
        (shaped.negativeSlope ?? .nan, constant.negative_slope ?? ""),
      ] where !text.isEmpty {
        let expected = try #require(Double(text))
        let message = "\(name): \(value), not \(expected)"
        #expect(deviation(value, expected, absolute: 1e-9) < 1e-7, "\(message)")
      }
    }
  }

  /// The conditions themselves, evaluated without the solver, for all smooth activations.
  @Test func shapedActivationsMeetTheirConditions() throws {
    for name in ["tanh", "erf", "sigmoid", "softplus", "gelu", "silu", "mish", "gelu_tanh"] {
      let function = try #require(activations[name])
      for depth in [5, 30, 400] {
        for method in [
          ShapedActivation.Method.deepKernelShaping(zeta: 1.3), .tailored(tau: 0.2, eta: 0.9),
        ] {
          let shaped = try ShapedActivation(function, method: method, depth: depth)
          let wrap = AffineWrap(
            function, alpha: shaped.alpha, beta: shaped.beta, gamma: shaped.gamma,
            delta: shaped.delta)
          let moments = GaussianMoments(integrating: wrap, standardDeviation: 1)
          let ladder = GaussianLadder(standardDeviation: 1, for: wrap)
          let length = ladder.average { wrap.value(at: $0) * wrap.slope(at: $0) * $0 }
          let context = "\(name) \(depth) \(method): \(shaped)"
          #expect(abs(moments.secondMoment - 1) < 1e-9, "\(context)")
          #expect(abs(length - 1) < 1e-8, "\(context)")
          switch method {
          case .deepKernelShaping(let zeta):
            #expect(abs(moments.mean) < 1e-9)
            #expect(abs(moments.slopeSecondMoment - pow(zeta, 1 / Double(depth))) < 1e-8)
          case .tailored(let tau, _):
            #expect(abs(moments.slopeSecondMoment - 1) < 1e-8)
            let curvature = ladder.average { pow(wrap.curvature(at: $0), 2) }
            #expect(abs(curvature - tau / Double(depth)) < 1e-8)
          }
        }
      }
    }
  }

  @Test func theLeakyReluTakesTheChainToItsTarget() throws {
    let shaped = try ShapedActivation(
      LeakyRelu(), method: .tailored(tau: 0.3, eta: 0.8), depth: 30)
    let slope = try #require(shaped.negativeSlope)
    var c = 0.0
    for _ in 0..<30 {
      let pair = GaussianPair(of: LeakyRelu(alpha: slope), variance: 1, correlation: c)
      c = shaped.gamma * shaped.gamma * pair.value
    }
    #expect(abs(c - 0.8) < 1e-10)
    #expect(shaped.activation == "leaky_relu(\(slope))")
  }

  @Test func refusesWhatCannotBe() {
    let refused: [(any ScalarFunction, ShapedActivation.Method, Int)] = [
      (Tanh(), .deepKernelShaping(zeta: 1), 10), (Tanh(), .deepKernelShaping(), 0),
      (Tanh(), .tailored(tau: -1), 10), (Relu(), .tailored(eta: 1), 10),
      (Relu(), .tailored(eta: 0.9), 10), (Relu(), .deepKernelShaping(), 1),
      (HardTanh(), .tailored(), 10),
    ]
    for (function, method, depth) in refused {
      #expect(throws: TheoryError.self) {
        try ShapedActivation(function, method: method, depth: depth)
      }
    }
  }
}
