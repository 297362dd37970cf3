import CKernels
import Foundation
import Testing

@testable import Numbers

/// The vector kernels against the rounding that is stated with real arithmetic.
@Suite(.serialized) struct RoundingKernelTests {
  static let narrow = NumberFormat.all.filter { $0 != .fp64 }

  /// Bit patterns around every boundary of every format, and a lattice over all others.
  static let patterns: [UInt32] = {
    var patterns: [UInt32] = []
    for upper in 0..<UInt32(1 << 16) {
      for lower: UInt32 in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] {
        patterns.append(upper << 16 | lower)
      }
    }
    for low in UInt32(0)..<(1 << 13) {
      for upper: UInt32 in [0x3380_0000, 0x3880_0000, 0x477f_e000, 0x43e0_0000] {
        patterns.append(upper &+ low &- (1 << 12))
      }
    }
    // An odd stride visits every combination of low bits.
    patterns += (0..<UInt32(400_000)).map { $0 &* 0x9e37_79b1 }
    return patterns
  }()

  func isSame(_ a: Float, _ b: Float) -> Bool {
    a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN && a.sign == b.sign)
  }

  @Test(arguments: narrow, [Overflow.special, .saturates])
  func kernelsRoundEveryPatternAsTheDefinitionDoes(format: NumberFormat, overflow: Overflow) {
    let input = Self.patterns.map { Float(bitPattern: $0) }
    let expected = input.map { format.rounded($0, overflow: overflow) }
    let best = ek_vector_level()
    defer { ek_limit_vector_level(best) }
    for level in 0...best {
      ek_limit_vector_level(level)
      var output = [Float](repeating: 0, count: input.count)
      var kernel = format.kernelFormat(overflow)
      unsafe ek_round_f32(input, &output, input.count, &kernel)
      let wrong = input.indices.filter { !isSame(output[$0], expected[$0]) }
      #expect(wrong.isEmpty, "level \(level), bits \(wrong.prefix(4).map { Self.patterns[$0] })")
    }
  }

  @Test(arguments: narrow, [Overflow.special, .saturates])
  func stochasticKernelsUseTheWordOfEachElement(format: NumberFormat, overflow: Overflow) {
    let input = Self.patterns.map { Float(bitPattern: $0) }
    let stream = RandomStream(seed: 3, name: "rounding").substream(17)
    let first = 1001
    let expected = input.indices.map { index in
      let random = stream.word(at: first + index)
      return Float(
        format.stochasticallyRounded(Double(input[index]), random: random, overflow: overflow))
    }
    let best = ek_vector_level()
    defer { ek_limit_vector_level(best) }
    for level in 0...best {
      ek_limit_vector_level(level)
      var output = [Float](repeating: 0, count: input.count)
      var kernel = format.kernelFormat(overflow)
      unsafe ek_round_stochastic_f32(
        input, &output, input.count, &kernel, stream.kernelStream, UInt64(first))
      let wrong = input.indices.filter { !isSame(output[$0], expected[$0]) }
      #expect(wrong.isEmpty, "level \(level), bits \(wrong.prefix(4).map { Self.patterns[$0] })")
    }
  }

  @Test func stochasticRoundingIsUnbiased() {
    let count = 100_000
    let input = [Float](repeating: 1 + 0x1p-9, count: count)
    var output = input
    var kernel = NumberFormat.bf16.kernelFormat(.special)
    let stream = RandomStream(seed: 1, name: "bias").kernelStream
    unsafe ek_round_stochastic_f32(input, &output, count, &kernel, stream, 0)
    let mean = output.reduce(0) { $0 + Double($1 - 1) } / Double(count)
    // A quarter of a spacing of 2⁻⁷; five standard errors of a Bernoulli mean.
    let error = 0x1p-7 * (3.0 / 16 / Double(count)).squareRoot()
    #expect(abs(mean - 0x1p-9) < 5 * error)
  }

  @Test func binary16CodesAreThoseOfTheHardwareAndOfTheDefinition() {
    let input = Self.patterns.map { Float(bitPattern: $0) }
    let best = ek_vector_level()
    defer { ek_limit_vector_level(best) }
    for level in [0, best] {
      ek_limit_vector_level(level)
      var codes = [UInt16](repeating: 0, count: input.count)
      unsafe ek_encode_f16(input, &codes, input.count)
      var decoded = [Float](repeating: 0, count: input.count)
      unsafe ek_decode_f16(codes, &decoded, codes.count)
      for index in input.indices {
        #expect(isSame(decoded[index], NumberFormat.fp16.rounded(input[index])))
      }
      let all = (0...UInt16.max).map { $0 }
      decoded = [Float](repeating: 0, count: all.count)
      unsafe ek_decode_f16(all, &decoded, all.count)
      codes = [UInt16](repeating: 0, count: all.count)
      unsafe ek_encode_f16(decoded, &codes, all.count)
      for code in all {
        let value = NumberFormat.fp16.value(ofCode: UInt64(code))
        #expect(isSame(decoded[Int(code)], Float(value)))
        #expect(codes[Int(code)] == code || value.isNaN)
      }
    }
  }

  @Test func bfloat16CodesAreThoseOfTheDefinition() {
    let input = Self.patterns.map { Float(bitPattern: $0) }
    var codes = [UInt16](repeating: 0, count: input.count)
    unsafe ek_encode_bf16(input, &codes, input.count)
    var decoded = [Float](repeating: 0, count: input.count)
    unsafe ek_decode_bf16(codes, &decoded, codes.count)
    for index in input.indices {
      #expect(isSame(decoded[index], NumberFormat.bf16.rounded(input[index])))
    }
    let all = (0...UInt16.max).map { $0 }
    decoded = [Float](repeating: 0, count: all.count)
    unsafe ek_decode_bf16(all, &decoded, all.count)
    for code in all {
      #expect(isSame(decoded[Int(code)], Float(NumberFormat.bf16.value(ofCode: UInt64(code)))))
    }
  }

  /// All 2³² patterns; minutes, so only on request (`make exhaustive`).
  @Test(
    .enabled(if: ProcessInfo.processInfo.environment["EVENKEEL_EXHAUSTIVE"] != nil),
    arguments: narrow, [Overflow.special, .saturates])
  func exhaustively(format: NumberFormat, overflow: Overflow) {
    let block = 1 << 16
    var input = [Float](repeating: 0, count: block)
    var output = input
    var kernel = format.kernelFormat(overflow)
    var wrong = 0
    for upper in 0..<UInt32(1 << 16) {
      for low in 0..<block { input[low] = Float(bitPattern: upper << 16 | UInt32(low)) }
      unsafe ek_round_f32(input, &output, block, &kernel)
      for low in 0..<block
      where !isSame(output[low], format.rounded(input[low], overflow: overflow)) {
        wrong += 1
      }
    }
    print("\(format) \(overflow): \(wrong) of 2^32 patterns differ")
    #expect(wrong == 0)
  }
}
