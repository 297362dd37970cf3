import Foundation
import Numbers
import Testing

/// A kinked function without closed forms: |x|.
private struct Magnitude: ScalarFunction {
  let name = "magnitude"
  func value(at x: Double) -> Double { abs(x) }
  func slope(at x: Double) -> Double { x < 0 ? -1 : 1 }
  func curvature(at x: Double) -> Double { 0 }
  var kinks: [Kink] { [Kink(at: 0, slopeJump: 2)] }
  func turningPoints(in interval: Interval) -> [Double] { interval.contains(0) ? [0] : [] }
}

/// An oscillation without closed forms.
private struct Wave: ScalarFunction {
  let name = "wave"
  func value(at x: Double) -> Double { sin(x) }
  func slope(at x: Double) -> Double { cos(x) }
  func curvature(at x: Double) -> Double { -sin(x) }
  var period: Double? { 2 * .pi }
}

@Suite struct GaussianLadderTests {
  @Test func integratesPowersOfANormalVariableExactly() {
    let ladder = GaussianLadder(standardDeviation: 1)
    var doubleFactorial = 1.0
    for k in 1...10 {
      doubleFactorial *= Double(2 * k - 1)
      let moment = ladder.average { pow($0, Double(2 * k)) }
      // The mass beyond ±10 is missing; it matters to z²⁰ only in the twelfth digit.
      #expect(agree(moment, doubleFactorial, within: (k < 8 ? 1e-13 : 1e-10)))
      #expect(ladder.average { pow($0, Double(2 * k - 1)) } == 0)
    }
    #expect(abs(ladder.average { _ in 1 } - 1) < 1e-15)
  }

  @Test func splitsAtKinksWhereverTheMeanIs() {
    for mean in [-3.0, -0.2, 0, 1.7] {
      for s in [0.01, 1, 30] {
        let t = mean / s
        let expected =
          s * (2 / Double.pi).squareRoot() * exp(-t * t / 2) + mean * erf(t / 2.0.squareRoot())
        let measured = Magnitude().average(mean: mean, variance: s * s)
        #expect(agree(measured, expected, within: 1e-13), "mean \(mean), deviation \(s)")
      }
    }
  }

  @Test func resolvesOscillationsByTheirPeriod() {
    for q in [0.5, 100, 1e3, 1e4] {
      let moments = GaussianMoments(integrating: Wave(), standardDeviation: q.squareRoot())
      #expect(agree(moments.secondMoment, -expm1(-2 * q) / 2, within: 1e-12), "q \(q)")
      #expect(agree(moments.slopeSecondMoment, (1 + exp(-2 * q)) / 2, within: 1e-12))
      #expect(agree(moments.curvatureTerm, expm1(-2 * q) / 2, within: 1e-12))
      #expect(moments.mean == 0)
    }
  }

  @Test func kinksAndLandmarksFollowAnAffineWrap() {
    // |αx + β| for x ~ N(0, 1) is |y| for y ~ N(β, α²).
    for (alpha, beta) in [(300.0, 5.0), (-0.01, 0.002), (1, -4)] {
      let wrap = AffineWrap(Magnitude(), alpha: alpha, beta: beta, gamma: -2, delta: 1)
      let expected = -2 * (Magnitude().average(mean: beta, variance: alpha * alpha) + 1)
      #expect(agree(wrap.average(variance: 1), expected, within: 1e-13))
      let moments = GaussianMoments(of: wrap, variance: 1)
      #expect(agree(moments.slopeSecondMoment, 4 * alpha * alpha, within: 1e-13))
      // φφ″ = γ²(|y| + δ)·2α²·δ(y): the density of y at 0 times 2α²γ²δ … with |α| from the change
      // of variable inside the density of x.
      let z = beta / alpha
      let delta = 4.0 * 2 * abs(alpha) * exp(-z * z / 2) / (2 * Double.pi).squareRoot()
      #expect(agree(moments.curvatureTerm, delta, within: 1e-12))
    }
  }

  @Test func variancesOfZeroTakeTheLimitFromAbove() {
    let moments = GaussianMoments(of: Magnitude(), variance: 0)
    #expect(moments.secondMoment < 1e-300)
    #expect(abs(moments.slopeSecondMoment - 1) < 1e-14)
    #expect(abs(moments.meanSlope) < 1e-14)
  }

  @Test func pairsOfKinkedFunctionsAreExactUpToTheEnds() {
    // E|x||y| = (2/π)(√(1−c²) + c·asin c).
    for c in [-1, -0.999_999, -0.4, 0, 0.3, 0.99, 1 - 1e-9, 1] {
      let pair = GaussianPair(of: Magnitude(), variance: 1, correlation: c)
      let expected = 2 / Double.pi * (((1 - c) * (1 + c)).squareRoot() + c * asin(c))
      #expect(abs(pair.value - expected) < 1e-12, "c \(c): \(pair.value)")
      #expect(abs(pair.slope - 2 / Double.pi * asin(c)) < 1e-12, "c \(c): \(pair.slope)")
    }
  }

  @Test func rootsAreFoundToTheLastDigit() {
    let root = RootFinding.root(between: 0, and: 2) { $0 * $0 - 2 }
    #expect(abs(root - 2.0.squareRoot()) < 1e-15)
    #expect(abs(RootFinding.root(between: 3, and: 4) { sin($0) } - .pi) < 1e-15)
    #expect(RootFinding.root(between: -1, and: 1) { $0 * $0 * $0 } < 1e-5)
  }

  /// Nodes stay few however often a function oscillates, and averages are those over one period.
  @Test func functionsThatOscillateWithoutEndTakeFewNodes() {
    for deviation in [100.0, 1e4, 1e9] {
      let ladder = GaussianLadder(standardDeviation: deviation, for: Wave())
      #expect(ladder.nodes.count < 20_000)
      #expect(abs(ladder.average { _ in 1 } - 1) < 1e-12)
      #expect(ladder.average { sin(deviation * $0) } == 0)
      let square = ladder.average { pow(sin(deviation * $0), 2) }
      #expect(abs(square - 0.5) < 1e-6, "\(deviation): \(square)")
      let fourth = ladder.average { pow(sin(deviation * $0), 4) }
      #expect(abs(fourth - 0.375) < 1e-6, "\(deviation): \(fourth)")
    }
    #expect(GaussianLadder(standardDeviation: 1e38, for: Wave()).nodes.count < 20_000)
  }
}
