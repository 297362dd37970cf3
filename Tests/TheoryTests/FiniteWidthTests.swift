import Operators
import Testing
import Theory

@Suite struct FiniteWidthTests {
  @Test func rectifiedGrowthAgreesWithTheReference() throws {
    let table = try ReferenceTable("finite_width_relu.csv")
    #expect(table.rows.count == 11)
    for row in table.rows {
      let n = Int(row.number("n"))
      let growth = FiniteWidth.rectifiedGrowth(fanIn: n, units: n)
      #expect(deviation(growth.mean, row.number("mean_ln_growth_per_layer_exact")) < 1e-10, "\(n)")
      #expect(
        deviation(growth.variance, row.number("var_ln_growth_per_layer_exact")) < 1e-10, "\(n)")
      let dead = FiniteWidth.deadLayerProbability(units: n)
      // The last row is subnormal and keeps few digits.
      #expect(deviation(dead, row.number("prob_layer_all_dead")) < 1e-9)
    }
  }

  @Test func wideLayersFollowTheExpansion() {
    let n = 100_000
    let growth = FiniteWidth.rectifiedGrowth(fanIn: n, units: n)
    let width = Double(n)
    #expect(abs(growth.mean + 5 / (2 * width) + 49 / (12 * width * width)) < 1e-12)
    #expect(abs(growth.variance - 5 / width - 37 / (2 * width * width)) < 1e-12)
  }

  @Test func theBandIsThatOfTheSheet() {
    // n = 256, L = 50: the norm lies within [0.30, 2.06]; the band is of the squared norm.
    let band = FiniteWidth.rectifiedGrowth(fanIn: 256, units: 256).repeated(50).band()
    #expect(abs(band.lowerBound.squareRoot() - 0.30) < 0.01)
    #expect(abs(band.upperBound.squareRoot() - 2.06) < 0.02)
    let sum = LogGrowth(mean: 1, variance: 2) + LogGrowth(mean: 0.5, variance: 1)
    #expect(sum == LogGrowth(mean: 1.5, variance: 3))
  }

  @Test func reluSpreadsAsAnyHomogeneousActivation() throws {
    let moments = try ActivationMoments(of: Relu(), q: 3)
    #expect(abs(moments.forwardSpread - 5) < 1e-12 && abs(moments.backwardSpread - 5) < 1e-12)
    let growth = FiniteWidth.growth(spread: moments.forwardSpread, units: 1000)
    #expect(abs(growth.variance - 0.005) < 1e-14 && abs(growth.mean + 0.0025) < 1e-14)
    #expect(abs(FiniteWidth.fourthMomentRatio(spread: 5, widths: [5, 10]) - 3) < 1e-14)
  }

  @Test func theLengthOfSaturatingNetworksSettles() throws {
    let map = try LengthMap(Tanh(), weightDeviation: 1.5925374197228, biasDeviation: 0)
    let q = try #require(map.fixedPoint())
    #expect(abs(q - 1) < 1e-9)
    let variance = try FiniteWidth.settledLengthVariance(map, q: q, width: 200)
    // σ_w⁴ E[φ²]² = 1 at the forward gain, so κ_f/(n(1 − χ_q²)) with κ_f and χ_q of the sheet.
    let expected = 0.6272908060148712 / (200 * (1 - 0.4610708304776314 * 0.4610708304776314))
    #expect(deviation(variance, expected) < 1e-8)
    let relu = try LengthMap(Relu(), weightDeviation: 2.0.squareRoot())
    #expect(try FiniteWidth.settledLengthVariance(relu, q: 1, width: 10) == .infinity)
  }

  @Test func spectraOfWideNetworks() throws {
    let relu = try LengthMap(Relu(), weightDeviation: 2.0.squareRoot())
    let gaussian = try JacobianSpectrum(of: relu, q: 1, depth: 20, weights: .gaussian)
    let orthogonal = try JacobianSpectrum(of: relu, q: 1, depth: 20, weights: .orthogonal)
    #expect(abs(gaussian.meanSquare - 1) < 1e-12)
    #expect(abs(gaussian.relativeVariance - 40) < 1e-10)
    #expect(abs(orthogonal.relativeVariance - 20) < 1e-10)
    let linear = try LengthMap(Linear(), weightDeviation: 1)
    let isometry = try JacobianSpectrum(of: linear, q: 1, depth: 100, weights: .orthogonal)
    #expect(abs(isometry.relativeVariance) < 1e-10)
    #expect(abs(JacobianSpectrum.largestSquareOfGaussianProduct(depth: 5) - 14.93) < 0.01)
    #expect(abs(JacobianSpectrum.largestSquareOfGaussianProduct(depth: 10) - 28.53) < 0.01)
    #expect(JacobianSpectrum.largestSquareOfGaussianProduct(depth: 0) == 1)
    // ½(ψ(n/2) + ln(2/n)) at n = 4; with variance 1 instead of 1/4 this is the sheet's 0.55797.
    let exponents = JacobianSpectrum.lyapunovExponents(width: 4)
    #expect(abs((exponents.first ?? .nan) + 0.6931471805599453 - 0.55797) < 1e-5)
    #expect(exponents.count == 4 && exponents == exponents.sorted(by: >))
    #expect(abs(JacobianSpectrum.isometricLength(depth: 50) - 0.05) < 1e-15)
  }

  @Test func clippingAgreesWithTheReference() throws {
    let table = try ReferenceTable("clipping_second_moments.csv")
    #expect(table.rows.count == 14)
    for row in table.rows {
      let (n, t) = (row.number("n"), row.number("threshold_in_units_of_s"))
      let moment =
        row["rule"] == "clip_by_value"
        ? Clipping.byValue(deviation: 1, threshold: t)
        : Clipping.byNorm(deviation: 1, count: Int(n), threshold: t * n.squareRoot()) / n
      let error = deviation(moment, row.number("second_moment_per_entry_over_s2"))
      #expect(error < 1e-12, "\(row.cells): \(moment)")
    }
    #expect(abs(Clipping.byValue(deviation: 1.3, threshold: 1) - 0.6136) < 1e-4)
    #expect(Clipping.byNorm(deviation: 0, count: 3, threshold: 1) == 0)
    #expect(Clipping.byValue(deviation: 0, threshold: 1) == 0)
    #expect(Clipping.byCentralisation(deviation: 2, fanIn: 4) == 3)
  }
}
