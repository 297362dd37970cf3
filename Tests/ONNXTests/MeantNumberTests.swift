import Testing

@testable import ONNX

/// Numbers of programs survive single precision, and others stay what they are.
@Suite struct MeantNumberTests {
  private static let decimals: [Double] = [
    0.1, 0.3, 1e-5, 1e-12, 0.044715, 1e-3, 0.999, 1.702, 1024, 0.5, 0.0625, 3.0e38, 1e-40,
  ]
  private static let fractions: [Double] = [(1, 3), (1, 6), (2, 3), (5, 7)].map { $0.0 / $0.1 }
  private static let roots: [Double] = [2, 8, 12, 768].flatMap { (n: Double) -> [Double] in
    [n.squareRoot(), 1 / n.squareRoot(), n.squareRoot().squareRoot()]
  }
  private static let others: [Double] = [
    Double.pi * 2, Double.pi / 2, Double.pi / 3, 0.6931471805599453, 2.718281828459045,
    0.7978845608028654, 0.9189385332046727, -9.210340371976184 / 512, Double.pi * 2 / 1024,
  ]

  @Test(arguments: decimals + fractions + roots + others)
  func numbersOfProgramsAreFound(_ number: Double) {
    #expect(MeantNumber.double(Float(number)) == number)
    #expect(MeantNumber.double(Float(-number)) == -number)
  }

  @Test func whateverIsMeantRoundsToTheSameSingle() {
    var bits: UInt32 = 1
    for _ in 0..<20_000 {
      bits = bits &* 1_664_525 &+ 1_013_904_223
      let single = Float(bitPattern: bits)
      guard single.isFinite else { continue }
      #expect(Float(MeantNumber.double(single)) == single)
    }
  }

  @Test(arguments: [Float(0.123456789), 0.7310585786, 2.6592765, .infinity, 0])
  func othersStay(_ single: Float) {
    #expect(MeantNumber.double(single) == Double(single))
  }
}
