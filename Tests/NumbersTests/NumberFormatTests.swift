import Foundation
import Numbers
import Testing

@Suite struct NumberFormatTests {
  /// One format as the reference tells it; numbers are decimal strings of 20 digits.
  struct Reference: Decodable {
    let name: String
    let exponent_bits: Int
    let mantissa_bits: Int
    let precision_bits: Int
    let bias: Int
    let max_finite: String
    let min_normal: String
    let min_subnormal: String
    let epsilon_ulp1: String
    let unit_roundoff: String
    let zero_threshold: String
    let overflow_threshold: String
    let integers_exact_to: String
    let has_inf: Bool
  }

  @Test func parametersAreThoseOfTheReference() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Data/float_formats.json")
    let references = try JSONDecoder().decode([Reference].self, from: Data(contentsOf: url))
    #expect(references.count == NumberFormat.all.count)
    for reference in references {
      let format = try #require(NumberFormat.named(reference.name))
      #expect(format.exponentBits == reference.exponent_bits)
      #expect(format.mantissaBits == reference.mantissa_bits)
      #expect(format.precision == reference.precision_bits)
      #expect(format.bias == reference.bias)
      #expect(format.hasInfinity == reference.has_inf)
      // Every limit is a Double, or (fp64's thresholds) parses to the Double that stands for it.
      for (value, text) in [
        (format.greatest, reference.max_finite), (format.leastNormal, reference.min_normal),
        (format.leastSubnormal, reference.min_subnormal), (format.epsilon, reference.epsilon_ulp1),
        (format.unitRoundoff, reference.unit_roundoff),
        (format.exactIntegers, reference.integers_exact_to),
      ] {
        #expect(value == Double(text), "\(format)")
      }
      if format != .fp64 {
        #expect(format.zeroThreshold == Double(reference.zero_threshold))
        #expect(format.overflowThreshold == Double(reference.overflow_threshold))
      }
    }
  }

  @Test func thresholdsOfFp64AreBeyondDouble() {
    #expect(NumberFormat.fp64.zeroThreshold == 0)
    #expect(NumberFormat.fp64.overflowThreshold == .infinity)
  }

  @Test func unknownNamesHaveNoFormat() {
    #expect(NumberFormat.named("fp12") == nil)
  }

  @Test func spacingFollowsTheBinade() {
    #expect(NumberFormat.fp16.ulp(of: 1) == 0x1p-10)
    #expect(NumberFormat.fp16.ulp(of: -1.9) == 0x1p-10)
    #expect(NumberFormat.fp16.ulp(of: 0) == 0x1p-24)
    #expect(NumberFormat.fp16.ulp(of: 1e-30) == 0x1p-24)
    #expect(NumberFormat.fp16.ulp(of: 1e30) == 32)
    #expect(NumberFormat.fp16.ulp(of: .infinity).isNaN)
  }

  @Test(arguments: NumberFormat.all.filter { $0.bitCount <= 19 })
  func everyCodeIsANumberThatRoundsToItself(format: NumberFormat) {
    for code in 0..<(UInt64(1) << UInt64(format.bitCount)) {
      let value = format.value(ofCode: code)
      let rounded = format.rounded(value)
      if value.isNaN {
        #expect(rounded.isNaN)
        #expect(format.value(ofCode: format.code(of: value)).isNaN)
        #expect(format.specialCodes != .none)
      } else {
        #expect(rounded == value && rounded.sign == value.sign)
        #expect(format.code(of: value) == code)
      }
    }
  }

  @Test(arguments: NumberFormat.all.filter { $0.bitCount <= 16 })
  func betweenNeighboursTheNearerAndThenTheEvenWins(format: NumberFormat) {
    var code: UInt64 = 0
    while format.value(ofCode: code) < format.greatest {
      let (low, high) = (format.value(ofCode: code), format.value(ofCode: code + 1))
      let middle = (low + high) / 2
      #expect(format.rounded(middle) == (code % 2 == 0 ? low : high))
      #expect(format.rounded(middle.nextDown) == low)
      #expect(format.rounded(-middle.nextUp) == -high)
      code += 1
    }
    // Of the greatest number and what would come next, the even one wins at the threshold.
    let isTie = format.code(of: format.greatest) % 2 == 1
    let threshold = format.overflowThreshold
    #expect(format.rounded(threshold.nextDown) == format.greatest)
    if format.specialCodes == .none {
      #expect(format.rounded(threshold.nextUp) == format.greatest)
      #expect(format.rounded(-.infinity) == -format.greatest)
    } else {
      #expect(format.rounded(threshold).isFinite == !isTie)
      #expect(!format.rounded(threshold.nextUp).isFinite)
      #expect(format.rounded(threshold.nextUp).isNaN == !format.hasInfinity)
    }
    #expect(format.rounded(-1e300, overflow: .saturates) == -format.greatest)
    #expect(format.rounded(.infinity, overflow: .saturates) == format.greatest)
  }

  @Test func fp32AndFp16RoundAsTheHardwareDoes() {
    let stream = RandomStream(seed: 5, name: "bits")
    for index in 0..<20_000 {
      let value = Double(bitPattern: stream.bits(at: index))
      let moderate =
        Double(sign: value.sign, exponent: index % 320 - 160, significand: 1)
        * (1 + stream.uniform(at: index))
      for x in [value, moderate] where !x.isNaN {
        #expect(NumberFormat.fp32.rounded(x) == Double(Float(x)))
      }
    }
  }

  @Test func stochasticRoundingTakesANeighbourWithTheProbabilityOfItsNearness() {
    let format = NumberFormat.bf16
    let x = 1 + 0.3 * format.epsilon
    let limit = UInt32(0.3 * 0x1p32)
    #expect(format.stochasticallyRounded(x, random: limit - 100) == 1 + format.epsilon)
    #expect(format.stochasticallyRounded(x, random: limit + 100) == 1)
    #expect(format.stochasticallyRounded(-x, random: 0) == -1 - format.epsilon)
    #expect(format.stochasticallyRounded(1, random: 0) == 1)
    #expect(format.stochasticallyRounded(format.leastSubnormal / 4, random: 1 << 29) > 0)
    #expect(format.stochasticallyRounded(format.leastSubnormal / 4, random: 1 << 30) == 0)
    #expect(
      format.stochasticallyRounded(3.4e38, random: 0, overflow: .saturates) == format.greatest)
  }
}
