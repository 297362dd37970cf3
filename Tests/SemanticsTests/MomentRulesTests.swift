import Numbers
import RealModule
import Testing

@testable import Semantics

/// Moments of h^t and of the gradient with respect to it, t = 1…depth, of an MLP on N(0,1) inputs.
func predict(
  _ function: Function, width: Int, weight: Double, bias: Double = 0, isOrthogonal: Bool = false,
  depth: Int
) -> (forward: [Moments], backward: [Moments]) {
  let w = Moments.parameter(
    mean: 0, secondMoment: weight / Double(width), isOrthogonal: isOrthogonal)
  let b = Moments.parameter(mean: 0, secondMoment: bias)
  var (h, operands, forward) = (Moments.standardNormal, [Moments](), [Moments]())
  for _ in 0..<depth {
    let a = Moments.sum(.contraction(h, w, terms: width, units: width), b)
    h = a.mapped(by: function, units: width)
    operands.append(a)
    forward.append(h)
  }
  var g = Moments.standardNormal
  var backward = [g]
  for a in operands.dropFirst().reversed() {
    let delta = Moments.backpropagated(g, through: function, at: a, units: width)
    g = .contraction(delta, w, terms: width, units: width)
    backward.append(g)
  }
  return (forward, backward.reversed())
}

@Suite struct MomentRulesTests {
  @Test func secondMomentsInTheWideLimitAreThoseOfMeanFieldTheory() {
    // E[tanh²] and E[tanh′²] at q = 1, from mpmath.
    let x = Moments.standardNormal
    let h = x.mapped(by: Function.tanh, units: 100)
    #expect(abs(h.secondMoment - 0.394294490398) < 1e-11)
    #expect(h.mean == 0)
    #expect(h.basis == .quadrature)
    let g = Moments.backpropagated(
      .standardNormal, through: Function.tanh, at: x, units: 100)
    #expect(abs(g.secondMoment - 0.464402902448) < 1e-11)
    let shifted = Moments.sum(x, .constant(0.5)).mapped(by: Function.relu, units: 10)
    // E[relu(z + ½)] = ½Φ(½) + n(½), E[relu²] = (1 + ¼)Φ(½) + ½n(½).
    #expect(abs(shifted.mean - 0.69779655740) < 1e-10)
    #expect(abs(shifted.secondMoment - 1.04036073997) < 1e-10)
  }

  @Test(arguments: [(64, -0.0401085988, 0.0829973506), (1024, -0.00244531164, 0.00490053492)])
  func oneReluLayerGrowsAsChiSquaresOfABinomialDo(width: Int, mean: Double, variance: Double) {
    // Exact: R = (2/n) χ²_K, K binomial. The rule stops at 1/n²; 1/n³ is 0.5 % of the variance
    // and 0.1 % of the mean at n = 64.
    let a = Moments(mean: 0, secondMoment: 2, law: .gaussian, basis: .closedForm)
    let h = a.mapped(by: Function.relu, units: width)
    #expect(abs(h.secondMoment - 1) < 1e-12)
    #expect(abs(h.fluctuation.shift / mean - 1) < 2e-3)
    #expect(abs(h.fluctuation.variance / variance - 1) < 6e-3)
  }

  @Test(arguments: [
    (Function.relu, 5.0, 5.0, 1.0), (.tanh, 0.6272908, 3.75044, 0.4610708),
    (.gelu, 6.215614, 5.265002, 1.144063), (.erf, 0.5598385, 4, 0.4085667),
  ])
  func spreadsAndResponsesAtScaleOneAreTheKnownOnes(
    function: Function, forward: Double, backward: Double, response: Double
  ) {
    var table = ScaleTable(function)
    let smooth = table.smooth(at: 0)
    #expect(abs(smooth.valueSpread / forward - 1) < 1e-6)
    #expect(abs(smooth.gateSpread / backward - 1) < 1e-6)
    #expect(abs(smooth.response / response - 1) < 1e-6)
    // Between grid points, against the averages computed there.
    let exact = ScaleStatistics(
      of: function, gate: 1, logScale: 0.13, relativeMean: 0
    ).smooth
    let between = table.smooth(at: 0.13)
    #expect(abs(between.value - exact.value) < 1e-5)
    #expect(abs(between.gate - exact.gate) < 1e-5)
    #expect(abs(between.gateSpread / exact.gateSpread - 1) < 1e-4)
  }

  @Test func theCorrelationMapOfReluAndErfIsTheClosedForm() {
    for c in [-0.5, 0, 0.3, 0.8, 1.0] {
      let x = Moments(
        mean: 0, secondMoment: 1, sampleCorrelation: c, law: .gaussian, basis: .closedForm)
      let relu = x.mapped(by: Function.relu, units: 1000).sampleCorrelation
      let angle = Double.acos(c)
      // The Hermite series of a kink ends at order 31.
      #expect(abs(relu - ((1 - c * c).squareRoot() + (.pi - angle) * c) / .pi) < 1e-3)
      let erf = x.mapped(by: Function.erf, units: 1000).sampleCorrelation
      #expect(abs(erf - Double.asin(2 * c / 3) / Double.asin(2 / 3.0)) < 1e-9)
    }
  }

  @Test func aBiasDilutesTheFluctuationAndTiesSamplesTogether() {
    let a = Moments(
      mean: 0, secondMoment: 3, law: .gaussian,
      fluctuation: Fluctuation(shift: 0, variance: 0.01, covariance: 0.004), basis: .closedForm)
    let x = Moments.sum(a, .parameter(mean: 0, secondMoment: 1))
    #expect(x.secondMoment == 4)
    #expect(abs(x.sampleCorrelation - 0.25) < 1e-12)
    // ln(3e^s + 1) has slope ¾ at 0.
    #expect(abs(x.fluctuation.variance / 0.005625 - 1) < 3e-3)
    #expect(abs(x.fluctuation.covariance / 0.00225 - 1) < 3e-3)
    #expect(x.law == .gaussian)
  }

  @Test func anOrthogonalLinearNetKeepsTheNormOfEverySample() {
    let depth = 50
    let net = predict(.identity, width: 64, weight: 1, isOrthogonal: true, depth: depth)
    let drawn = 2.0 / 64 + 2.0 / 64 / 64
    for t in 0..<depth {
      #expect(abs(net.forward[t].fluctuation.variance / drawn - 1) < 1e-3)
      #expect(net.backward[t].fluctuation.variance < 1.001 * drawn)
    }
    let gaussian = predict(.identity, width: 64, weight: 1, depth: depth)
    // ln of a product of depth + 1 independent χ²_n / n: variance ψ′(n/2) each.
    // The identity leaves the elements of the last layer to be drawn.
    let last = gaussian.forward[depth - 1]
    #expect(abs(last.fluctuation.variance / (50 * 0.0317460) - 1) < 0.01)
    #expect(abs(last.drawn(units: 64).fluctuation.variance / (51 * 0.0317460) - 1) < 0.01)
  }

  @Test func saturatingUnitsForgetDeviationsOfTheScale() {
    // Var K = σ_w⁴ Var[φ²]/(n(1 − χ_q²)): the chain K′ = f(K) + noise at its fixed point.
    let weight = 1.5925374197 * 1.5925374197
    let net = predict(.tanh, width: 200, weight: weight, depth: 60)
    let h = net.forward[59].fluctuation.variance
    let expected = 0.6272908 / 200 / (1 - 0.4610708 * 0.4610708)
    #expect(abs(h / expected - 1) < 0.03)
  }

  @Test func nothingOverflowsInTenThousandLayers() {
    for (weight, function) in [(64.0, Function.tanh), (4, .relu), (0.5, .relu), (1, .gelu)] {
      let net = predict(function, width: 64, weight: weight, depth: 10_000)
      for moments in [net.forward[9999], net.backward[0]] {
        let band = moments.band(samples: 256, units: 64)
        #expect(band != nil)
        #expect(!moments.secondMoment.isNaN)
      }
    }
  }

  @Test func theBandOfAValueOfFixedScaleIsThatOfAChiSquare() {
    // 256 samples of 64 independent N(0, 1): relative deviation √(2/16384).
    let band = Moments.standardNormal.band(samples: 256, units: 64)
    let reach = 1.96 * (2.0 / 16384).squareRoot()
    #expect(abs((band?.upperBound ?? 0) - 1 - reach) < 0.05 * reach)
    #expect(abs(1 - (band?.lowerBound ?? 0) - reach) < 0.05 * reach)
  }

  @Test func aCotangentThatIsDividedByANormCancelsItsFluctuation() {
    let x = Moments(
      mean: 0, secondMoment: 2, law: .spherical,
      fluctuation: Fluctuation(shift: 0.1, variance: 0.3, covariance: 0.2), basis: .closedForm)
    let g = Moments.standardNormal.following(x, by: -1)
    #expect(g.secondMoment == 1)
    #expect(abs(g.fluctuation.shift + 0.1) < 1e-12)
    #expect(abs(g.fluctuation.variance / 0.3 - 1) < 2e-3)
    #expect(abs(g.fluctuation.covariance / 0.2 - 1) < 2e-3)
  }

  @Test func whatIsUnknownStaysUnknown() {
    let unknown = Moments.unknown("for a reason")
    #expect(unknown.mapped(by: Function.tanh, units: 3).note == "for a reason")
    #expect(unknown.band(samples: 1, units: 1) == nil)
    let gradient = Moments.backpropagated(
      .standardNormal, through: Function.relu, at: .standardNormal, order: 2, units: 3)
    #expect(gradient.basis == .unknown)
  }
}
