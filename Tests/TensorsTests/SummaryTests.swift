import CKernels
import Numbers
import Tensors
import Testing

/// The elements of an array as a kernel takes them.
func elements<T: Element>(_ values: [T]) -> Elements<T> {
  Tensor(values, shape: [values.count]).elements()
}

@Suite(.serialized) struct SummaryTests {
  /// The same facts in two plain passes with compensated sums (Neumaier 1974).
  struct Reference {
    var zeros = 0
    var nans = 0
    var positive = 0
    var negative = 0
    var mean = Double.nan
    var squares = 0.0
    var minimum = Double.nan
    var maximum = Double.nan
    var exponents: [Int: Int] = [:]

    init(_ values: [Double]) {
      let finite = values.filter(\.isFinite)
      nans = values.count(where: \.isNaN)
      positive = values.count { $0 == .infinity }
      negative = values.count { $0 == -.infinity }
      zeros = values.count { $0 == 0 }
      for value in finite where value != 0 {
        exponents[min(max(Int(value.exponent), -150), 128), default: 0] += 1
      }
      guard let least = finite.min(), let greatest = finite.max() else { return }
      (minimum, maximum) = (least, greatest)
      mean = Self.sum(finite.map { $0 / Double(finite.count) })
      let center = mean
      squares = Self.sum(finite.map { ($0 - center) * ($0 - center) })
    }

    static func sum(_ terms: [Double]) -> Double {
      var (sum, rest) = (0.0, 0.0)
      for term in terms {
        let next = sum + term
        rest += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
        sum = next
      }
      return sum + rest
    }
  }

  static func noise(_ count: Int, mean: Double, deviation: Double) -> [Float] {
    let stream = RandomStream(seed: 4, name: "summary")
    return (0..<count).map { Float(mean + deviation * stream.normal(at: $0)) }
  }

  static let cases: [(String, [Float])] = {
    let plain = noise(20_001, mean: 0, deviation: 1)
    let drifting = (0..<20_000).map { Float($0 / 4096 * 1_000_000) + plain[$0] }
    var mixed = plain
    for index in stride(from: 7, to: 12_000, by: 5) {
      mixed[index] = [.nan, .infinity, -.infinity, 0, -0.0, 0x1p-140, -3e38][index / 5 % 7]
    }
    let bits = RandomStream(seed: 4, name: "bits")
    return [
      ("nothing", []), ("one", [-3]), ("one zero", [-0.0]), ("one NaN", [.nan]),
      ("fifteen", Array(plain[..<15])), ("sixteen", Array(plain[..<16])), ("plain", plain),
      ("large mean, small variance", noise(20_000, mean: 1e6, deviation: 0.5)),
      ("a mean that leaps", drifting), ("constant", Array(repeating: 0.1, count: 9000)),
      ("relu", plain.map { max($0, 0) }), ("special", mixed),
      ("huge", plain.map { $0 * 8e37 }), ("tiny", plain.map { $0 * 1e-30 }),
      ("subnormal", plain.map { $0 * 0x1p-136 }),
      (
        "wide",
        plain.enumerated().map { $1 * Float(sign: .plus, exponent: $0 % 200 - 110, significand: 1) }
      ),
      ("any bits", (0..<9000).map { Float(bitPattern: bits.word(at: $0)) }),
      ("only infinities", Array(repeating: .infinity, count: 5000)),
    ]
  }()

  func expect(_ summary: Summary, agreesWith values: [Double], _ name: String) {
    let reference = Reference(values)
    #expect(summary.count == values.count, "\(name)")
    #expect(summary.zeros == reference.zeros, "\(name)")
    #expect(summary.nanCount == reference.nans, "\(name)")
    #expect(summary.positiveInfinities == reference.positive, "\(name)")
    #expect(summary.negativeInfinities == reference.negative, "\(name)")
    for exponent in Summary.exponents {
      #expect(
        summary.count(exponent: exponent) == reference.exponents[exponent, default: 0], "\(name)")
    }
    guard summary.finiteCount > 0 else {
      #expect(summary.mean.isNaN && summary.variance.isNaN && summary.minimum.isNaN)
      return
    }
    #expect(summary.minimum == reference.minimum && summary.maximum == reference.maximum)
    // Sums of n doubles: errors near n·2⁻⁵³ at worst, of the size of the elements for the mean.
    let spread = (reference.squares / Double(summary.finiteCount)).squareRoot()
    let scale = max(abs(reference.mean), spread)
    #expect(abs(summary.mean - reference.mean) <= 1e-13 * scale, "\(name)")
    // A mean m that is off by m·2⁻⁵³ moves the squares by n·(m·2⁻⁵³)².
    let floor = Double(summary.count) * (scale * 0x1p-52) * (scale * 0x1p-52)
    #expect(
      abs(summary.centredSquares - reference.squares) <= 1e-11 * reference.squares + floor,
      "\(name): \(summary.centredSquares) for \(reference.squares)")
  }

  @Test func summariesOfFloatsAreThoseOfTwoPlainPasses() {
    for (name, values) in Self.cases {
      expect(Summary(of: elements(values)), agreesWith: values.map(Double.init), name)
    }
  }

  @Test func summariesOfDoublesAreThoseOfTwoPlainPasses() {
    for (name, values) in Self.cases {
      let doubles = values.map { Double($0) * (1 + 0x1p-40) }
      expect(Summary(of: elements(doubles)), agreesWith: doubles, name)
    }
    let wide: [Double] = [1e300, -1e-300, 0x1p-1063, 3, 1e39, 1e-44]
    expect(Summary(of: elements(wide.map { $0 / 1e160 })), agreesWith: wide.map { $0 / 1e160 }, "")
  }

  @Test func meansOfDoublesDoNotOverflow() {
    let summary = Summary(of: elements([Double](repeating: 1.5e308, count: 5000)))
    #expect(abs(summary.mean - 1.5e308) < 1e295)
    #expect(summary.maximum == 1.5e308)
    let signs = Summary(of: elements([1.5e308, -1.5e308] as [Double]))
    #expect(signs.mean == 0 && signs.centredSquares == .infinity)
  }

  @Test func everyInstructionSetGivesTheSameBytes() {
    let best = ek_vector_level()
    defer { ek_limit_vector_level(best) }
    for (name, values) in Self.cases {
      ek_limit_vector_level(0)
      let baseline = Summary(of: elements(values))
      for level in 1...max(best, 1) {
        ek_limit_vector_level(level)
        let summary = Summary(of: elements(values))
        #expect(summary.mean.bitPattern == baseline.mean.bitPattern, "\(name)")
        #expect(summary.centredSquares.bitPattern == baseline.centredSquares.bitPattern, "\(name)")
        #expect(summary.minimum.bitPattern == baseline.minimum.bitPattern, "\(name)")
      }
    }
  }

  @Test func mergingInAnyOrderIsThePass() {
    for (name, values) in Self.cases where values.count > 3 {
      let whole = elements(values)
      let cuts = [0, 1, values.count / 3, values.count / 2, values.count]
      let parts = zip(cuts, cuts.dropFirst()).map { Summary(of: whole[$0..<$1]) }
      for order in [[0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]] {
        var merged = Summary()
        for index in order { merged.merge(parts[index]) }
        expect(merged, agreesWith: values.map(Double.init), name)
      }
      var (left, right) = (parts[2], parts[3])
      left.merge(parts[3])
      right.merge(parts[2])
      #expect(left.centredSquares.bitPattern == right.centredSquares.bitPattern, "\(name)")
      #expect(left.mean.bitPattern == right.mean.bitPattern, "\(name)")
    }
  }

  @Test func momentsFollowFromEachOther() {
    let summary = Summary(of: elements([1, 2, 3, 6] as [Float]))
    #expect(summary.mean == 3 && summary.variance == 3.5 && summary.secondMoment == 12.5)
    #expect(summary.rootMeanSquare == 12.5.squareRoot() && summary.greatestMagnitude == 6)
  }

  @Test func sharesOfAFormatAreThoseOfCountingElements() {
    let values = Self.noise(100_000, mean: 0, deviation: 1e-5).enumerated().map { index, x in
      index % 3 == 0 ? x * 1e10 : index % 3 == 1 ? x * 1e-3 : x
    }
    let summary = Summary(of: elements(values))
    for format in NumberFormat.all where format != .fp64 {
      let shares = summary.shares(in: format)
      let stored = values.map { format.rounded($0) }
      let count = Double(values.count)
      // Without infinities and NaN it saturates, which loses as much.
      let isBeyond = { (x: Float) in Double(x.magnitude) >= format.overflowThreshold }
      let overflow =
        format.specialCodes == .none
        ? Double(values.count(where: isBeyond)) / count
        : Double(stored.count { !$0.isFinite }) / count
      let zero = Double(zip(values, stored).count { $0 != 0 && $1 == 0 }) / count
      let subnormal =
        Double(
          stored.count { $0 != 0 && Double($0.magnitude) < format.leastNormal }) / count
      // Beside the threshold of overflow within its bin, half a unit in the last place decides.
      let resolution = max(2e-3, format.unitRoundoff / 20)
      #expect(abs(shares.overflow - overflow) < resolution, "\(format)")
      #expect(abs(shares.zero - zero) < resolution, "\(format)")
      #expect(abs(shares.subnormal - subnormal) < resolution, "\(format)")
    }
  }

  @Test func extremesTellThatNothingOverflows() {
    let fits = Summary(of: elements([65_519, 1] as [Float])).shares(in: .fp16)
    #expect(fits.overflow == 0)
    let exceeds = Summary(of: elements([65_521, 1] as [Float])).shares(in: .fp16)
    #expect(exceeds.overflow == 0.5)
    #expect(Summary().shares(in: .fp16).overflow.isNaN)
  }

  @Test func nonFiniteElementsAreCountedAlone() {
    for (_, values) in Self.cases {
      let count = values.count { !$0.isFinite }
      #expect(Summary.nonFiniteCount(of: elements(values)) == count)
      #expect(Summary.nonFiniteCount(of: elements(values.map(Double.init))) == count)
    }
  }
}
