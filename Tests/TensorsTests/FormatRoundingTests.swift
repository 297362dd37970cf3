import Numbers
import Tensors
import Testing

@Suite struct FormatRoundingTests {
  @Test(arguments: [NumberFormat.fp16, .bf16, .fp8E4M3FN, .fp8E5M2, .tf32])
  func bothPrecisionsRoundAlike(_ format: NumberFormat) {
    let values = (0..<5000).map { Float(bitPattern: UInt32($0) &* 858_993) }.filter { !$0.isNaN }
    let single = Tensor(values, shape: [values.count])
    let double = Tensor(values.map(Double.init), shape: [values.count])
    single.round(to: format)
    double.round(to: format)
    for (a, b) in zip(single.doubles, double.doubles) { #expect(a == b || (a.isNaN && b.isNaN)) }
  }

  @Test func saturationKeepsTensorsFinite() {
    let values: [Float] = [0.1, -1e-7, 7e4, 1e-9, .nan, 3]
    let single = Tensor(values, shape: [6])
    let double = Tensor(values.map(Double.init), shape: [6])
    single.round(to: .fp16, overflow: .saturates)
    double.round(to: .fp16, overflow: .saturates)
    #expect(single.doubles.prefix(4) == [0.0999755859375, -0x1p-23, 65504, 0])
    #expect(single.doubles.prefix(4) == double.doubles.prefix(4))
    #expect(single.doubles[4].isNaN && single.doubles[5] == 3)
  }

  @Test func stochasticRoundingIsTheSameInEitherPrecision() {
    let stream = RandomStream(seed: 2, name: "x")
    let many = (0..<1000).map { Float(stream.normal(at: $0)) }
    let single = Tensor(many, shape: [1000])
    let double = Tensor(many.map(Double.init), shape: [1000])
    single.roundStochastically(to: .bf16, from: stream.substream(1))
    double.roundStochastically(to: .bf16, from: stream.substream(1))
    #expect(single.doubles == double.doubles)
    #expect(single.doubles != many.map { Double(NumberFormat.bf16.rounded($0)) })
  }

  @Test func integersStayAsTheyAre() {
    let tensor = Tensor([Int64(3), 1_000_001], shape: [2])
    tensor.round(to: .fp8E5M2)
    tensor.roundStochastically(to: .fp8E5M2, from: RandomStream(seed: 0, name: ""))
    #expect(tensor.doubles == [3, 1_000_001])
  }
}
