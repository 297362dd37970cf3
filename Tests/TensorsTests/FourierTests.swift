import RealModule
import Tensors
import Testing

/// The transform against the sum that defines it.
@Suite struct FourierTests {
  @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 12, 30, 49, 64, 97, 128, 210])
  func everyLengthIsTheSumOfItsDefinition(length: Int) {
    let x = (0..<2 * length).map { Double.sin(Double($0 * $0) + 0.3) }
    for isInverse in [false, true] {
      let kernel = FourierKernel(length: length, isInverse: isInverse, factor: 0.5)
      let work = Tensor(zeros: [kernel.workspace(Double.self)], .float64).elements(as: Double.self)
      let result = Tensor(zeros: [2 * length], .float64)
      kernel.transform(
        Tensor(x, shape: [2 * length]).elements(as: Double.self),
        into: result.elements(as: Double.self), from: 0, stride: 2, workspace: work)
      let y = result.doubles
      for k in 0..<length {
        var sum = (0.0, 0.0)
        for n in 0..<length {
          let angle = (isInverse ? 2 : -2) * Double.pi * Double(k * n % length) / Double(length)
          let (c, s) = (Double.cos(angle), Double.sin(angle))
          sum.0 += 0.5 * (x[2 * n] * c - x[2 * n + 1] * s)
          sum.1 += 0.5 * (x[2 * n] * s + x[2 * n + 1] * c)
        }
        // Both are sums of at most 420 numbers below 1 in double.
        #expect(abs(y[2 * k] - sum.0) < 1e-12 && abs(y[2 * k + 1] - sum.1) < 1e-12)
      }
    }
  }

  @Test func singlesAreRoundedOnce() {
    let length = 40
    let x = (0..<2 * length).map { Float($0) / 7 - 3 }
    let wide = Tensor(zeros: [2 * length], .float64)
    let narrow = Tensor(zeros: [2 * length], .float32)
    let kernel = FourierKernel(length: length, isInverse: false)
    kernel.transform(
      Tensor(x.map(Double.init), shape: [2 * length]).elements(as: Double.self),
      into: wide.elements(as: Double.self), from: 0, stride: 2,
      workspace: Tensor(zeros: [kernel.workspace(Double.self)], .float64).elements(as: Double.self))
    kernel.transform(
      Tensor(x, shape: [2 * length]).elements(as: Float.self),
      into: narrow.elements(as: Float.self), from: 0, stride: 2,
      workspace: Tensor(zeros: [kernel.workspace(Float.self)], .float32).elements(as: Float.self))
    #expect(narrow.array(of: Float.self) == wide.doubles.map { Float($0) })
  }
}
