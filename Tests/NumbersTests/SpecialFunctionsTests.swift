import Numbers
import Testing

@Suite struct SpecialFunctionsTests {
  private static let functions: [String: @Sendable (Double, Double) -> Double] = [
    "digamma": { SpecialFunctions.digamma($1) },
    "trigamma": { SpecialFunctions.trigamma($1) },
    "erfcx": { SpecialFunctions.scaledComplementaryError($1) },
    "erfcinv": { SpecialFunctions.inverseComplementaryError($1) },
    "normal_cdf": { SpecialFunctions.normalDistribution($1) },
    "normal_pdf": { SpecialFunctions.normalDensity($1) },
    "normal_quantile": { normalQuantile($1) },
    "lower_gamma": { SpecialFunctions.lowerGamma($0, $1) },
    "upper_gamma": { SpecialFunctions.upperGamma($0, $1) },
  ]

  /// 1e-13 relative leaves room for the condition of the functions themselves (the normal tail at
  /// -38 multiplies an error of its argument by 1444), 1e-15 absolute for their zeros.
  @Test func agreeWithMpmath() throws {
    let table = try ReferenceTable("special_functions.csv")
    #expect(table.rows.count == 199)
    for row in table.rows {
      let function = try #require(Self.functions[row["function"] ?? ""])
      let x = try #require(Double(row["x"] ?? ""))
      let expected = try #require(Double(row["value"] ?? ""))
      let value = function(Double(row["a"] ?? "") ?? .nan, x)
      let close = abs(value - expected) < 1e-15 || agree(value, expected, within: 1e-13)
      #expect(close, "\(row): \(value)")
    }
  }

  @Test func endsAndOutsideOfTheDomain() {
    #expect(SpecialFunctions.inverseComplementaryError(0) == .infinity)
    #expect(SpecialFunctions.inverseComplementaryError(2) == -.infinity)
    #expect(SpecialFunctions.inverseComplementaryError(2.1).isNaN)
    #expect(SpecialFunctions.digamma(0).isNaN)
    #expect(SpecialFunctions.digamma(-3).isNaN)
    #expect(SpecialFunctions.trigamma(0).isNaN)
    #expect(SpecialFunctions.lowerGamma(2, 0) == 0)
    #expect(SpecialFunctions.lowerGamma(2, .infinity) == 1)
    #expect(SpecialFunctions.upperGamma(2, .infinity) == 0)
    #expect(SpecialFunctions.upperGamma(-1, 1).isNaN)
  }
}
