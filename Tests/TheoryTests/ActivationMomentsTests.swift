import Numbers
import Testing
import Theory

@Suite struct ActivationMomentsTests {
  /// 1e-10 relative, as the reference has 20 digits; 1e-14 absolute where the entry is 0.
  @Test func agreeWithTheReference() throws {
    let table = try ReferenceTable("activation_moments.csv")
    #expect(table.rows.count == 126)
    for row in table.rows {
      let function = try #require(activations[row["activation"]])
      let q = row.number("q")
      let moments = try ActivationMoments(of: function, q: q)
      let quadrature = GaussianMoments(integrating: function, standardDeviation: q.squareRoot())
      for second in [moments.second, quadrature] {
        check(second.mean, row, "E_phi")
        check(second.secondMoment, row, "E_phi2")
        check(second.variance, row, "Var_phi")
        check(second.meanSlope, row, "E_dphi")
        check(second.slopeSecondMoment, row, "E_dphi2")
        check(second.curvatureTerm, row, "E_phi_ddphi")
      }
      check(moments.smoothCurvatureTerm, row, "E_phi_ddphi_smooth_part")
      check(moments.fourthMoment, row, "E_phi4")
      check(moments.slopeFourthMoment, row, "E_dphi4")
      check(moments.curvatureSecondMoment, row, "E_ddphi2")
    }
  }

  /// An own set of values: more activations, variances from 1e-4 to 1e4.
  ///
  /// 1e-10 relative; E[φφ″] is compared with the two second moments that it is the difference of.
  @Test func agreeWithMpmathFromTinyToHugeVariances() throws {
    let table = try ReferenceTable("moments_mpmath.csv", separator: ";")
    #expect(table.rows.count > 140)
    for row in table.rows {
      let function = try #require(activations[row["activation"]])
      let moments = GaussianMoments(of: function, variance: row.number("q"))
      check(moments.mean, row, "E_phi")
      check(moments.secondMoment, row, "E_phi2")
      check(moments.variance, row, "Var_phi")
      check(moments.meanSlope, row, "E_dphi")
      check(moments.slopeSecondMoment, row, "E_dphi2")
      check(
        moments.curvatureTerm, row, "E_phi_ddphi", absolute: 1e-11 * moments.slopeSecondMoment)
    }
  }

  private func check(
    _ value: Double, _ row: ReferenceTable.Row, _ column: String, absolute: Double = 1e-14
  ) {
    let error = deviation(value, row.number(column), absolute: absolute)
    #expect(
      error < 1e-10,
      "\(row["activation"]) at q = \(row["q"]), \(column): \(value), not \(row[column])")
  }

  /// `E[φ²]` grows with q as `E[φ′²] + E[φφ″]`, deltas of kinks included.
  @Test func growthOfTheSecondMomentIsTheSlopeOfTheLengthMap() {
    for (name, function) in activations where name != "exponential" {
      for q in [0.3, 2.0] {
        let moments = GaussianMoments(of: function, variance: q)
        let h = 1e-4 * q
        let above = GaussianMoments(of: function, variance: q + h).secondMoment
        let below = GaussianMoments(of: function, variance: q - h).secondMoment
        let slope = moments.slopeSecondMoment + moments.curvatureTerm
        #expect(abs((above - below) / (2 * h) - slope) < 1e-7 * max(1, abs(slope)), "\(name)")
      }
    }
  }

  @Test func refusesImpossibleVariances() {
    for q in [-1, Double.nan, .infinity] {
      #expect(throws: TheoryError.self) { try ActivationMoments(of: LinearForTest(), q: q) }
    }
  }
}

private struct LinearForTest: ScalarFunction {
  let name = "linear"
  func value(at x: Double) -> Double { x }
  func slope(at x: Double) -> Double { 1 }
  func curvature(at x: Double) -> Double { 0 }
}
