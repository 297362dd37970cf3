import Findings
import Testing

@Suite struct NumeralsTests {
  @Test(arguments: [
    (0.0, "0"), (1.0, "1"), (0.394294, "0.394"), (12.349, "12.3"), (-0.00123456, "-0.00123"),
    (1.2345e-63, "1.23e-63"), (9.9999, "10.0"), (65504, "65,504"), (1234567, "1.23e6"),
    (0.0009, "9e-4"), (Double(Float(0.1)), "0.1"), (5812.3, "5,810"), (71_549.5, "71,500"),
    (.infinity, "inf"), (-.infinity, "-inf"), (999.96, "1,000"),
  ])
  func keepsThreeDigits(_ value: Double, _ text: String) {
    #expect(Numerals.short(value) == text)
  }

  @Test(arguments: [
    (1.0 as Double, "1.00"), (0.1, "0.100"), (1e-6, "1.00e-6"), (12, "12.0"), (256_000, "256,000"),
    (0, "0"),
    (-Double.infinity, "-inf"), (-Double.nan, "nan"),
  ])
  func columnsHaveThreeDigitsThroughout(_ value: Double, _ text: String) {
    #expect(Numerals.cell(value) == text)
  }

  @Test(arguments: [
    (1.592537420722831, "1.592537421"), (0.25, "0.25"), (-0.000_123_4, "-0.0001234"),
    (82.31277916635318, "82.31277917"), (1.1778e-7, "1.1778e-7"), (1e12, "1e12"), (0, "0"),
    (3_000_000_000, "3000000000"), (.infinity, "inf"),
  ])
  func keepsTenDigitsWithoutTrailingZeros(_ value: Double, _ text: String) {
    #expect(Numerals.precise(value) == text)
  }

  @Test func spellsNaN() { #expect(Numerals.short(.nan) == "nan") }

  @Test func groupsThousands() {
    #expect(Numerals.count(1_234_567) == "1,234,567")
    #expect(Numerals.count(12) == "12")
  }

  @Test func choosesTheUnitOfBytes() {
    #expect(Numerals.bytes(999) == "999 B")
    #expect(Numerals.bytes(12_345_678) == "12.3 MB")
  }

  @Test func showsSharesAsPercentages() {
    #expect(Numerals.percent(1) == "100 %")
    #expect(Numerals.percent(0.0312) == "3.1 %")
    #expect(Numerals.percent(0.01) == "1 %")
    #expect(Numerals.percent(0.0001) == "<0.1 %")
    #expect(Numerals.percent(0) == "0 %")
  }
}
