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
}
