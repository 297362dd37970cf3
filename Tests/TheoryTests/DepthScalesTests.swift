import Numbers
import Operators
import Testing
import Theory

@Suite struct DepthScalesTests {
  /// 1e-8 relative for factors and the fixed point; scales −1/ln χ are compared with an error that
  /// grows as they do, because χ near 1 makes them ill-conditioned.
  @Test func agreeWithTheReference() throws {
    let table = try ReferenceTable("depth_scales.csv")
    #expect(table.rows.count == 88)
    for row in table.rows {
      let map = try LengthMap(
        try #require(activations[row["activation"]]), weightDeviation: row.number("sigma_w"),
        biasDeviation: row.number("sigma_b"))
      let scales = DepthScales(map)
      let name = "\(row["activation"]) \(row["sigma_w"]) \(row["sigma_b"])"
      #expect(scales.phase.rawValue == row["phase"], "\(name)")
      guard row["phase"] != "divergent" else {
        #expect(scales.q == .infinity && scales.gradientFactor == nil && scales.gradient == nil)
        continue
      }
      for (column, value) in [
        ("q_star", scales.q), ("chi_1", scales.gradientFactor), ("chi_q", scales.lengthSlope),
        ("c_star", scales.correlation), ("chi_c_star", scales.correlationSlope),
      ] {
        let error = deviation(value ?? .nan, row.number(column), absolute: 1e-12)
        #expect(error < 1e-8, "\(name) \(column): \(String(describing: value)), not \(row[column])")
      }
      for (column, value) in [
        ("xi_q", scales.length), ("xi_c", scales.correlationScale), ("xi_grad", scales.gradient),
      ] {
        let expected = row.number(column)
        let error = deviation(value ?? .nan, expected)
        #expect(error < 1e-8 * max(1, abs(expected)), "\(name) \(column)")
      }
    }
  }

  @Test func withoutBiasesTheOrderedPhaseHasNoCorrelationScale() throws {
    let scales = DepthScales(try LengthMap(Tanh(), weightDeviation: 0.8))
    #expect(scales.phase == .ordered && scales.q == 0)
    #expect(scales.correlation == nil && scales.correlationScale == nil)
    #expect(deviation(scales.gradientFactor ?? .nan, 0.64) < 1e-12)
    #expect(deviation(scales.gradient ?? .nan, DepthScales.scale(of: 0.64)) < 1e-12)
  }

  @Test func criticalPointsAreCalledCritical() throws {
    let tanh = DepthScales(try LengthMap(Tanh(), weightDeviation: 1))
    #expect(tanh.phase == .critical && tanh.q == 0)
    let relu = DepthScales(try LengthMap(Relu(), weightDeviation: 2.0.squareRoot()))
    #expect(relu.phase == .critical && abs(relu.q - 2) < 1e-12 && relu.correlation == 1)
    let known = DepthScales(
      try LengthMap(Tanh(), weightDeviation: 1.122539, biasDeviation: 0.05))
    #expect(known.phase == .critical)
  }

  @Test func homogeneousMapsDivergeAtTheEdgeWithBiases() throws {
    let map = try LengthMap(Relu(), weightDeviation: 2.0.squareRoot(), biasDeviation: 0.1)
    #expect(map.fixedPoint() == nil)
    let near = try LengthMap(Relu(), weightDeviation: 1.4142, biasDeviation: 0.1)
    let expected = 0.01 / (1 - 1.4142 * 1.4142 / 2)
    #expect(deviation(near.fixedPoint() ?? .nan, expected) < 1e-9)
  }

  @Test func pytorchsGainsLeadWhereTheSheetSays() throws {
    // Gain 5/3 for tanh, 1 for sigmoid, 3/4 for selu: fixed points and gradient factors.
    for (function, gain, q, factor) in [
      (Tanh() as any ScalarFunction, 5.0 / 3, 1.178480490386, 1.209831320383),
      (Sigmoid(), 1, 0.264686875182, 0.0557207067697),
      (Selu(), 0.75, 0.0230337846108, 1.0036703509),
    ] {
      let scales = DepthScales(try LengthMap(function, weightDeviation: gain))
      #expect(deviation(scales.q, q) < 1e-10, "\(function.name)")
      #expect(deviation(scales.gradientFactor ?? .nan, factor) < 1e-9, "\(function.name)")
    }
  }

  @Test func deadWeightsLeaveTheBias() throws {
    let scales = DepthScales(try LengthMap(Tanh(), weightDeviation: 0, biasDeviation: 0.5))
    #expect(scales.phase == .ordered && scales.q == 0.25 && scales.gradient == 0)
    #expect(DepthScales(try LengthMap(Tanh(), weightDeviation: 0)).q == 0)
  }
}
