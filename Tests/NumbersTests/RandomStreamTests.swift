import CKernels
import Numbers
import Testing

@Suite struct RandomStreamTests {
  let stream = RandomStream(seed: 11, name: "layers.0.weight")

  /// The known answers that come with Random123, `kat_vectors`, philox4x32 with 10 rounds.
  @Test func philoxGivesItsPublishedAnswers() {
    let cases: [(counter: [UInt32], key: UInt64, block: [UInt32])] = [
      ([0, 0, 0, 0], 0, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
      (
        [.max, .max, .max, .max], .max, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], 0x299f_31d0_a409_3822,
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ]
    for (counter, key, expected) in cases {
      var block = [UInt32](repeating: 0, count: 4)
      unsafe ek_philox(counter, key, &block)
      #expect(block == expected)
    }
  }

  @Test func wordsOfTheKernelAreThoseOfTheStream() {
    let stream = stream.substream(9)
    for (first, count) in [(0, 1), (3, 200), (65, 64), (1 << 34, 130)] {
      var words = [UInt32](repeating: 0, count: count)
      let kernel = ek_stream(key: stream.key, substream: stream.substream)
      unsafe ek_random_words(&words, count, kernel, UInt64(first))
      #expect(words == (first..<first + count).map { stream.word(at: $0) })
    }
  }

  @Test func streamsAreTheSameInEveryRunAndDifferByEveryPart() {
    // From an implementation of Philox and FNV-1a in Python; another key changes every result.
    #expect(RandomStream(seed: 0, name: "").key == 0xb9bac8463f720a30)
    #expect(RandomStream(seed: 7, name: "layers.0.weight").key == 0x1ebe55a1b3c6923d)
    var keys: Set<UInt64> = []
    for seed in 0..<50 as Range<UInt64> {
      for name in ["a", "b", "layers.1", "layers.10", ""] {
        keys.insert(RandomStream(seed: seed, name: name).key)
      }
    }
    #expect(keys.count == 250)
    #expect(stream.substream(1).word(at: 0) != stream.word(at: 0))
    #expect(UInt64(stream.word(at: 0)) != stream.bits(at: 0) & 0xffff_ffff)
  }

  @Test func uniformNumbersFillTheirRangeEvenly() {
    let count = 100_000
    var bins = [Double](repeating: 0, count: 100)
    for index in 0..<count {
      let u = stream.uniform(at: index)
      #expect(u >= 0 && u < 1)
      bins[Int(u * 100)] += 1
    }
    // χ² of 99 degrees of freedom: mean 99, standard deviation 14; 5 of these are allowed.
    let expected = Double(count) / 100
    let chi = bins.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    #expect(chi > 99 - 70 && chi < 99 + 70)
  }

  @Test func normalNumbersHaveTheMomentsOfTheirLaw() {
    let count = 200_000
    let values = (0..<count).map { stream.normal(at: $0) }
    func moment(_ k: Int) -> Double {
      values.reduce(0) { sum, x in sum + (0..<k).reduce(1) { p, _ in p * x } } / Double(count)
    }
    // Five standard errors: Var x = 1, Var x² = 2, Var x³ = 15, Var x⁴ = 96.
    let error = 5 / Double(count).squareRoot()
    #expect(abs(moment(1)) < error)
    #expect(abs(moment(2) - 1) < error * 2.0.squareRoot())
    #expect(abs(moment(3)) < error * 15.0.squareRoot())
    #expect(abs(moment(4) - 3) < error * 96.0.squareRoot())
  }

  @Test(arguments: [0.5, 1, 2, 3])
  func truncatedNormalNumbersStayInsideWithTheStatedDeviation(bound: Double) {
    let count = 100_000
    let values = (0..<count).map { stream.truncatedNormal(at: $0, bound: bound) }
    #expect(values.allSatisfy { abs($0) <= bound })
    let deviation = RandomStream.deviation(ofNormalTruncatedAt: bound)
    let second = values.reduce(0) { $0 + $1 * $1 } / Double(count)
    let fourth = values.reduce(0) { $0 + $1 * $1 * $1 * $1 } / Double(count)
    let error = ((fourth - second * second) / Double(count)).squareRoot()
    #expect(abs(second - deviation * deviation) < 5 * error)
  }

  /// The theory's constants for truncation at one, two and three standard deviations.
  @Test func deviationsOfTruncatedNormalNumbers() {
    for (bound, expected): (Double, Double) in [
      (1, 0.539560093754895), (2, 0.87962566103423978), (3, 0.986578392558109),
    ] {
      #expect(
        agree(RandomStream.deviation(ofNormalTruncatedAt: bound), expected, within: 1e-14))
    }
    #expect(RandomStream.deviation(ofNormalTruncatedAt: .infinity) == 1)
  }

  @Test func quantilesAreThoseOfTheReference() throws {
    for row in try ReferenceTable("normal_quantiles.csv").rows {
      let p = try #require(Double(row["p"] ?? ""))
      let expected = try #require(Double(row["quantile"] ?? ""))
      // AS 241 states 1e-16; a few roundings in double come on top.
      #expect(agree(normalQuantile(p), expected, within: 1e-15), "\(p)")
    }
    #expect(normalQuantile(0.5) == 0)
    #expect(normalQuantile(0) == -.infinity && normalQuantile(1) == .infinity)
    #expect(normalQuantile(-1).isNaN && normalQuantile(.nan).isNaN)
    #expect(normalQuantile(0.9375) == -normalQuantile(0.0625))
  }

  @Test func integersAndPermutations() {
    var counts = [Int](repeating: 0, count: 7)
    for index in 0..<70_000 { counts[stream.integer(at: index, below: 7)] += 1 }
    // Five standard deviations of a binomial count: 5·√(70000·(1/7)·(6/7)) = 463.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 463 })
    let order = stream.permutation(of: 1000)
    #expect(order.sorted() == Array(0..<1000) && order != Array(0..<1000))
    #expect(stream.permutation(of: 0).isEmpty)
  }
}
