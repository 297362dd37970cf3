import Numbers
import Semantics
import Tensors
import Testing

@testable import Operators

/// Bits against those that the processor has, and what the laws do not reach.
@Suite struct BitCastTests {
  private static let singles = BitCast(
    from: .real(.fp32), to: .integer(bits: 32, isSigned: true))
  private static let back = BitCast(from: .integer(bits: 32, isSigned: true), to: .real(.fp32))

  @Test func singlesAreTheirBitPatterns() throws {
    let stream = RandomStream(seed: 3, name: "bits")
    // Whoever moves a NaN may change its fraction.
    let patterns = (0..<2000).map { Int32(truncatingIfNeeded: stream.bits(at: $0)) }
      .filter { !Float(bitPattern: UInt32(bitPattern: $0)).isNaN }
    let numbers = patterns.map { Float(bitPattern: UInt32(bitPattern: $0)) }
    let codes = try Self.singles.results(
      of: [Tensor(numbers, shape: [numbers.count])], in: Float.self)[0]
    #expect(codes.array(of: Int64.self) == patterns.map(Int64.init))
    let again = try Self.back.results(of: [codes], in: Float.self)[0].array(of: Float.self)
    #expect(zip(again, numbers).allSatisfy { $0.bitPattern == $1.bitPattern })
  }

  @Test func halvesAndDoublesAreTheirBitPatterns() throws {
    let halves = BitCast(from: .real(.fp16), to: .integer(bits: 16, isSigned: false))
    #expect(
      try halves.results(of: [Tensor([1.0, -2, 65504, 0x1p-24], shape: [4])], in: Double.self)[0]
        .array(of: Int64.self) == [0x3c00, 0xc000, 0x7bff, 1])
    let doubles = BitCast(from: .real(.fp64), to: .integer(bits: 64, isSigned: true))
    let numbers = [1.5, -0.0, 0x1p-1074, -.infinity]
    #expect(
      try doubles.results(of: [Tensor(numbers, shape: [4])], in: Double.self)[0]
        .array(of: Int64.self) == numbers.map { Int64(bitPattern: $0.bitPattern) })
  }

  @Test func integersThatAreNoNumbersAreHazards() throws {
    let signature = Signature(operands: [TensorType([2], .integer)], results: [TensorType([2])])
    func kinds(_ interval: Interval) throws -> Set<Hazard.Kind> {
      let found = Self.back.hazards(
        for: [Bounds(repeating: interval, shape: [2])], in: signature, format: .fp32)
      for hazard in found {
        let y = try Self.back.results(of: hazard.witness, in: Float.self)[0].doubles
        #expect(y.contains { !$0.isFinite }, "\(hazard.summary)")
      }
      return Set(found.map(\.kind))
    }
    #expect(try kinds(.whole) == [.pole, .undefined])
    #expect(try kinds(Interval(0, 0x7f80_0000)) == [.pole])
    #expect(try kinds(Interval(0, 0x7f7f_ffff)).isEmpty)
  }

  @Test func boundsFollowWhereCodesRise() throws {
    let signature = Signature(operands: [TensorType([1])], results: [TensorType([1], .integer)])
    func range(_ op: BitCast, _ interval: Interval) -> Interval {
      op.bounds(of: [Bounds(repeating: interval, shape: [1])], in: signature)[0].intervals[0]
    }
    #expect(range(Self.singles, Interval(1, 2)) == Interval(0x3f80_0000, 0x4000_0000))
    #expect(range(Self.singles, Interval(-2, -1)) == Interval(-0x4080_0000, -0x4000_0000))
    #expect(range(Self.singles, Interval(-1, 1)) == Interval(-0x8000_0000, 0x7fff_ffff))
    #expect(range(Self.back, Interval(0, 0x3f80_0000)) == Interval(0, 1))
    #expect(range(Self.back, Interval(-1, 5)) == .whole)
  }
}
