import Samples
import Tensors
import Testing

@Suite struct DigitsTests {
  private static func images(
    _ count: Int, size: Int = 16, noise: Double = 0.1, distortion: Double = 1
  ) throws -> (pixels: [[Float]], set: Dataset) {
    var digits = Digits()
    (digits.samples, digits.size, digits.noise, digits.distortion) = (
      count, size, noise, distortion
    )
    let set = try digits.dataset(seed: 1)
    let area = size * size
    let numbers = set.numbers
    return ((0..<count).map { Array(numbers[area * $0..<area * ($0 + 1)]) }, set)
  }

  private static func mean(_ image: [Float]) -> Float { image.reduce(0, +) / Float(image.count) }

  @Test(arguments: [16, 28]) func brightnessTellsNothingOfTheDigit(size: Int) throws {
    let (pixels, set) = try Self.images(2000, size: size, noise: 0)
    #expect(set.features.shape == [2000, 1, size, size])
    for digit in 0..<10 {
      let means = (0..<200).map { Self.mean(pixels[10 * $0 + digit]) }
      #expect(means.allSatisfy { $0 > 0.0799 && $0 < 0.1601 })
      // The mean of 200 uniform numbers from 0.08 to 0.16, to 5 deviations.
      #expect(abs(means.reduce(0, +) / 200 - 0.12) < 0.0082)
    }
    #expect(pixels.joined().allSatisfy { $0 >= 0 })
  }

  /// The nearest of ten mean images, by the angle, is a classifier without any training.
  @Test func digitsLookAlikeAndUnlike() throws {
    let (pixels, set) = try Self.images(1500, size: 28)
    let labels = set.labels
    func normalised(_ image: [Float]) -> [Float] {
      let norm = image.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return image.map { $0 / norm }
    }
    var centres = [[Float]](repeating: [Float](repeating: 0, count: 784), count: 10)
    for i in 0..<1000 {
      for (pixel, value) in normalised(pixels[i]).enumerated() {
        centres[Int(labels[i])][pixel] += value
      }
    }
    centres = centres.map(normalised)
    let right = (1000..<1500).count { i in
      let products = centres.map { zip($0, pixels[i]).reduce(0) { $0 + $1.0 * $1.1 } }
      return products.firstIndex(of: products.max() ?? 0) == Int(labels[i])
    }
    // 79 % in NumPy: far more than by chance, and not all.
    #expect(right > 340 && right < 450)
  }

  @Test func withoutDistortionOnlyWidthAndBrightnessDiffer() throws {
    let (pixels, _) = try Self.images(20, size: 28, noise: 0, distortion: 0)
    for digit in 0..<10 {
      let (a, b) = (pixels[digit], pixels[10 + digit])
      // The brightest parts of the thin strokes lie within the thick ones.
      let (thin, thick) = a.count { $0 > 0 } < b.count { $0 > 0 } ? (a, b) : (b, a)
      let top = thin.max() ?? 0
      #expect(zip(thin, thick).allSatisfy { $0 < 0.99 * top || $1 > 0 })
    }
  }

  @Test func noiseHasItsDeviation() throws {
    let (exact, _) = try Self.images(50, noise: 0)
    let (noisy, _) = try Self.images(50, noise: 0.25)
    let squares = zip(exact.joined(), noisy.joined()).map { ($1 - $0) * ($1 - $0) }
    // 12,800 numbers, to 5 deviations.
    let deviation = Double(squares.reduce(0, +) / Float(squares.count)).squareRoot()
    #expect(abs(deviation / 0.25 - 1) < 5 / 25_600.0.squareRoot())
  }
}
