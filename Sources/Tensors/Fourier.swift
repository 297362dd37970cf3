import CKernels
import RealModule

/// The discrete Fourier transform of complex numbers, `Σ_n x_n e^{∓2πi kn/N}` times a factor,
/// computed in double.
public struct FourierKernel: Sendable {
  /// How many places are transformed.
  public let length: Int
  private let factor: Double
  /// Powers of the root of unity, real and imaginary parts side by side.
  private let table: [Double]

  /// A transform of `length` places, at least 1; of the inverse the exponent is positive.
  public init(length: Int, isInverse: Bool, factor: Double = 1) {
    precondition(length > 0, "a transform needs places")
    self.length = length
    self.factor = factor
    table = (0..<length).flatMap { place in
      [
        Self.cosine(4 * place, 4 * length),
        // sin a = cos(a − quarter), a quarter back being three forward.
        (isInverse ? 1 : -1) * Self.cosine((4 * place + 3 * length) % (4 * length), 4 * length),
      ]
    }
  }

  /// The cosine of a part of the circle, exact at its quarters.
  private static func cosine(_ place: Int, _ whole: Int) -> Double {
    switch (4 * place).quotientAndRemainder(dividingBy: whole) {
    case (0, 0): 1
    case (1, 0), (3, 0): 0
    case (2, 0): -1
    default: Double.cos(2 * .pi * Double(place) / Double(whole))
    }
  }

  /// A power of the root of unity, its real and its imaginary part.
  public func root(_ power: Int) -> (Double, Double) { (table[2 * power], table[2 * power + 1]) }

  /// Elements of `T` that ``transform(_:into:from:stride:workspace:)`` works in.
  public func workspace<T: Scalar>(_: T.Type) -> Int { 4 * length * 8 / MemoryLayout<T>.size }

  /// Transforms the numbers whose real parts begin at `start` and lie `stride` elements apart, each
  /// before its imaginary part.
  public func transform<T: Scalar>(
    _ x: Elements<T>, into y: Elements<T>, from start: Int, stride: Int, workspace: Elements<T>
  ) {
    precondition(workspace.count >= self.workspace(T.self), "the workspace is too small")
    precondition(start >= 0 && start + (length - 1) * stride + 1 < min(x.count, y.count))
    let work = unsafe UnsafeMutableRawPointer(workspace.pointer)
      .assumingMemoryBound(to: Double.self)
    if let x = x as? Elements<Float>, let y = y as? Elements<Float> {
      unsafe ek_fourier_f32(
        x.pointer + start, y.pointer + start, length, stride, table, factor, work)
    } else if let x = x as? Elements<Double>, let y = y as? Elements<Double> {
      unsafe ek_fourier_f64(
        x.pointer + start, y.pointer + start, length, stride, table, factor, work)
    }
  }
}
