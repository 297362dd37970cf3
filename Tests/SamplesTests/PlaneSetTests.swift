import Foundation
import Samples
import Tensors
import Testing

/// The geometry of the sets of points.
@Suite struct PlaneSetTests {
  private static func points(_ set: Dataset) -> [(x: Double, y: Double, label: Int)] {
    let (numbers, labels) = (set.numbers, set.labels)
    return labels.indices.map {
      (Double(numbers[2 * $0]), Double(numbers[2 * $0 + 1]), Int(labels[$0]))
    }
  }

  /// Deviation of both coordinates from those without noise.
  private static func deviation(_ noisy: Dataset, _ exact: Dataset) -> Double {
    let squares = zip(noisy.numbers, exact.numbers).map { Double($0 - $1) * Double($0 - $1) }
    return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
  }

  /// The estimate from 4,000 numbers is within 5 of its deviations, 1/√8000 each.
  private static func isDeviation(_ value: Double, _ noise: Double) -> Bool {
    abs(value / noise - 1) < 5 / 8000.0.squareRoot()
  }

  @Test func blobsAreNormalAroundTheirCentres() throws {
    var set = Blobs()
    (set.samples, set.noise, set.classes) = (2000, 0, 4)
    let exact = try set.dataset(seed: 3)
    let centres = Set(Self.points(exact).map { "\($0.label): \($0.x) \($0.y)" })
    #expect(centres.count == 4)
    #expect(exact.numbers.allSatisfy { abs($0) <= 10 })
    set.noise = 0.7
    #expect(Self.isDeviation(Self.deviation(try set.dataset(seed: 3), exact), 0.7))
  }

  @Test func circlesHaveTheirRadii() throws {
    var set = Circles()
    (set.samples, set.noise, set.classes) = (2000, 0, 4)
    let exact = try set.dataset(seed: 3)
    let points = Self.points(exact)
    for point in points {
      #expect(abs(hypot(point.x, point.y) - Double(point.label + 1) / 4) < 1e-6)
    }
    // The mean of the cosine of 2,000 uniform angles has the deviation 1/√4000.
    let means = points.reduce((0.0, 0.0)) { sum, point in
      let radius = hypot(point.x, point.y)
      return (sum.0 + point.x / radius / 2000, sum.1 + point.y / radius / 2000)
    }
    #expect(abs(means.0) < 5 / 4000.0.squareRoot() && abs(means.1) < 5 / 4000.0.squareRoot())
    set.noise = 0.1
    #expect(Self.isDeviation(Self.deviation(try set.dataset(seed: 3), exact), 0.1))
  }

  @Test func moonsAreHalfCircles() throws {
    var set = Moons()
    (set.samples, set.noise) = (2000, 0)
    let exact = try set.dataset(seed: 3)
    for point in Self.points(exact) {
      if point.label == 0 {
        #expect(abs(hypot(point.x, point.y) - 1) < 1e-6 && point.y >= 0)
      } else {
        #expect(abs(hypot(point.x - 1, point.y - 0.5) - 1) < 1e-6 && point.y <= 0.5)
      }
    }
    set.noise = 0.2
    #expect(Self.isDeviation(Self.deviation(try set.dataset(seed: 3), exact), 0.2))
  }

  @Test func spiralsWindWithTheirRadius() throws {
    var set = Spirals()
    (set.samples, set.noise, set.classes, set.turns) = (2000, 0, 3, 2.25)
    let exact = try set.dataset(seed: 3)
    var mean = 0.0
    for point in Self.points(exact) {
      let radius = hypot(point.x, point.y)
      let angle = 2 * Double.pi * (2.25 * radius + Double(point.label) / 3)
      #expect(abs(point.x - radius * cos(angle)) < 1e-5)
      #expect(abs(point.y - radius * sin(angle)) < 1e-5)
      mean += radius / 2000
    }
    // Of 2,000 uniform numbers, deviation 1/√24000.
    #expect(abs(mean - 0.5) < 5 / 24000.0.squareRoot())
    set.noise = 0.02
    #expect(Self.isDeviation(Self.deviation(try set.dataset(seed: 3), exact), 0.02))
  }

  @Test func parityCountsPositiveSigns() throws {
    var set = Parity()
    (set.samples, set.noise, set.bits) = (1280, 0, 5)
    let exact = try set.dataset(seed: 3)
    let (numbers, labels) = (exact.numbers, exact.labels)
    var corners: [[Float]: Int] = [:]
    for i in 0..<1280 {
      let corner = Array(numbers[5 * i..<5 * i + 5])
      corners[corner, default: 0] += 1
      #expect(corner.allSatisfy { abs($0) == 1 })
      #expect(labels[i] == Int64(corner.count { $0 > 0 } % 2))
    }
    #expect(corners.count == 32 && corners.values.allSatisfy { $0 == 40 })
    set.noise = 0.3
    #expect(Self.isDeviation(Self.deviation(try set.dataset(seed: 3), exact), 0.3))
  }
}
