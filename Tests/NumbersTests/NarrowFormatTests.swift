import CKernels
import Foundation
import Testing

@testable import Numbers

/// Formats of up to eight bits against ml_dtypes, and what only they have.
@Suite struct NarrowFormatTests {
  /// First bit patterns of singles, and the codes that all become from there to the next.
  private static func steps() throws -> [String: [[UInt64]]] {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Data/rounding-steps.json")
    return try JSONDecoder().decode([String: [[UInt64]]].self, from: Data(contentsOf: url))
  }

  private static let formats: [NumberFormat] = [
    .fp8E4M3FN, .fp8E5M2, .fp8E4M3FNUZ, .fp8E5M2FNUZ, .fp4E2M1, .fp8E8M0(),
  ]

  /// Rounding never falls as singles rise, so that the ends of a step speak for all between them.
  @Test(arguments: formats) func allSinglesBecomeTheCodesOfMLDTypes(format: NumberFormat) throws {
    let steps = try #require(try Self.steps()[format.name])
    for (number, step) in steps.enumerated() {
      var first = step[0]
      // It takes singles below 2^-126 apart by their bits, and rounds up what is above 2^-127.
      if format.holdsScales, first == 0x40_0001 { first = 0x60_0000 }
      var end = number + 1 < steps.count ? steps[number + 1][0] : 1 << 32
      if format.holdsScales, end == 0x40_0001 { end = 0x60_0000 }
      for pattern in [first, first + (end - first) / 2, end - 1] {
        let single = Float(bitPattern: UInt32(pattern))
        #expect(format.code(of: Double(single)) == step[1], "\(single)")
        guard !format.holdsScales else { continue }
        var (input, output) = ([single], [Float(0)])
        var kernel = format.kernelFormat(.special)
        unsafe ek_round_f32(&input, &output, 1, &kernel)
        #expect(format.code(of: Double(output[0])) == step[1], "\(single), rounded by the kernel")
      }
    }
  }

  @Test func fourBitsHoldSixteenNumbers() {
    let expected: [Double] = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
    for (code, value) in expected.enumerated() {
      #expect(NumberFormat.fp4E2M1.value(ofCode: UInt64(code)) == value)
      let negative = NumberFormat.fp4E2M1.value(ofCode: UInt64(code + 8))
      #expect(negative == -value && negative.sign == .minus)
    }
    #expect(NumberFormat.fp4E2M1.rounded(Double.nan).isNaN)
    #expect(NumberFormat.fp4E2M1.code(of: .nan) == 8)
  }

  @Test func formatsWithOneZeroRoundToItFromBelow() {
    for format in [NumberFormat.fp8E4M3FNUZ, .fp8E5M2FNUZ] {
      #expect(format.rounded(-0.0 as Double).sign == .plus)
      #expect(format.rounded(-format.zeroThreshold).sign == .plus)
      #expect(format.code(of: -format.leastSubnormal) == 0x81)
      #expect(format.value(ofCode: 0x80).isNaN)
    }
  }

  @Test func scalesArePowersOfTwo() {
    let format = NumberFormat.fp8E8M0()
    for code in UInt64(0)..<255 {
      let value = format.value(ofCode: code)
      #expect(value == Double.exp2(Int(code) - 127))
      for rule in [FloatingPointRoundingRule.toNearestOrEven, .up, .down] {
        let format = NumberFormat.fp8E8M0(rule: rule)
        #expect(format.rounded(value) == value)
        #expect(format.code(of: value) == code)
        guard code < 254 else { continue }
        #expect(format.rounded(value.nextUp) == (rule == .up ? 2 * value : value))
        #expect(format.rounded(1.5 * value) == (rule == .down ? value : 2 * value))
        #expect(format.rounded((2 * value).nextDown) == (rule == .down ? value : 2 * value))
      }
    }
    #expect(format.value(ofCode: 255).isNaN && format.code(of: .nan) == 255)
    #expect(format.bitCount == 8 && format.greatest == 0x1p127 && format.leastNormal == 0x1p-127)
    #expect(!NumberFormat.all.contains(format) && NumberFormat.named(format.name) == nil)
  }

  @Test func scalesHaveNoSignAndNoZero() {
    func rounded(
      _ value: Double, _ rule: FloatingPointRoundingRule = .toNearestOrEven,
      _ overflow: Overflow = .special
    ) -> Double {
      NumberFormat.fp8E8M0(rule: rule).rounded(value, overflow: overflow)
    }
    #expect(rounded(-1).isNaN && rounded(-1, .up, .saturates).isNaN)
    #expect(rounded(0).isNaN && rounded(0, .up, .saturates) == 0x1p-127)
    #expect(rounded(0x1p-140) == 0x1p-127 && rounded(0x1p-140, .down).isNaN)
    #expect(rounded(0x1p-140, .down, .saturates) == 0x1p-127)
    #expect(rounded(0x1.8p127).isNaN && rounded(0x1.8p127, .down) == 0x1p127)
    #expect(rounded(.infinity, .up, .saturates) == 0x1p127)
  }
}
