import Numbers
import Testing

@Suite struct FormatLossesTests {
  @Test func probabilitiesAreThoseOfTheReference() throws {
    let table = try ReferenceTable("underflow_probabilities.csv")
    #expect(table.rows.count > 100)
    for row in table.rows {
      let format = try #require(NumberFormat.named(row["format"] ?? ""))
      let deviation = try #require(Double(row["s"] ?? ""))
      let losses = format.losses(ofNormalWith: deviation)
      for (value, column) in [
        (losses.zero, "p_zero_rne"), (losses.subnormal, "p_subnormal_rne"),
        (losses.zeroWhenFlushed, "p_zero_if_ftz"), (losses.overflow, "p_overflow_rne"),
      ] {
        let expected = try #require(Double(row[column] ?? ""))
        // erfc(x) loses up to 2x² units in the last place to the rounding of x. Where nearly all
        // is lost, the reference's difference of two numbers close to 1 has 30 decimals.
        let isRight =
          agree(value, expected, within: 2e-13)
          || (losses.zero > 0.5 && abs(value - expected) < 1e-30)
        #expect(isRight, "\(format) \(deviation) \(column): \(value) for \(expected)")
      }
    }
  }

  @Test func saturationThresholdsAreThoseOfTheReference() throws {
    let rows = try ReferenceTable("saturation_thresholds.csv").rows
    #expect(rows.count == 40)
    let members: [(String, (SaturationThresholds) -> Double)] = [
      ("exp(x) overflows", \.expOverflows), ("exp(x) rounds to 0", \.expVanishes),
      ("exp(x) subnormal", \.expSubnormal), ("sigmoid(x)", \.sigmoidSaturates),
      ("tanh(x)", \.tanhSaturates), ("x*x overflows", \.squareOverflows),
      ("x*x rounds to 0", \.squareVanishes), ("1/x overflows", \.reciprocalOverflows),
      ("1+x", \.increment), ("sum of ones", \.sumOfOnes),
    ]
    for row in rows {
      let format = try #require(NumberFormat.named(row["format"] ?? ""))
      let event = row["event"] ?? ""
      let member = try #require(members.first { event.hasPrefix($0.0) })
      let expected = try #require(Double(row["threshold"] ?? ""))
      #expect(agree(member.1(format.saturation), expected, within: 1e-14), "\(format) \(event)")
    }
  }

  @Test func theLargestLossScaleSpendsTheGivenProbability() {
    let scale = NumberFormat.fp16.largestLossScale(deviation: 1e-3, count: 1e6, probability: 0.01)
    let overflow = NumberFormat.fp16.losses(ofNormalWith: 1e-3 * scale).overflow
    #expect(agree(overflow.ofAny(of: 1e6), 0.01, within: 1e-9))
  }

  @Test func manySmallProbabilitiesDoNotCancel() {
    #expect(agree(1e-20.ofAny(of: 1e6), 1e-14, within: 1e-12))
  }
}
