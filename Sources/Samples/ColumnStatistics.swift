public import Tensors

/// What the numbers of one column of samples are like: their size, and what stands out of them.
///
/// Numbers that are not finite are left out and counted. Sums are made in double precision.
public struct ColumnStatistics: Hashable, Sendable {
  /// Numbers that are finite.
  public let count: Int
  public let nonFiniteCount: Int
  public let mean: Double
  /// √ of the mean squared distance from the mean.
  public let deviation: Double
  public let minimum: Double
  public let maximum: Double
  /// Samples whose number is a hundred times and more as far from the median as that of any other,
  /// at most one in a hundred; the farthest first.
  public let outliers: [Outlier]
  /// The root mean square of the numbers that are no outliers.
  public let usualScale: Double

  /// A number that stands far out of its column.
  public struct Outlier: Hashable, Sendable {
    /// The sample, counted from 0.
    public let sample: Int
    public let value: Double
  }

  /// The factor by which an outlier lies farther out than what comes next.
  private static let gap = 100.0

  /// The root mean square.
  public var scale: Double { (mean * mean + deviation * deviation).squareRoot() }
  /// The greatest magnitude.
  public var magnitude: Double { max(minimum.magnitude, maximum.magnitude) }
  public var isConstant: Bool { count > 0 && minimum == maximum }

  /// The columns of a tensor `[samples, …]` in single precision, in row-major order.
  public static func columns(of tensor: Tensor, samples: Int) -> [ColumnStatistics] {
    let elements = tensor.elements(as: Float.self)
    let width = samples > 0 ? elements.count / samples : 0
    return (0..<width).map { column in
      ColumnStatistics((0..<samples).map { Double(elements[$0 * width + column]) })
    }
  }

  /// The statistics of the numbers of all samples.
  public init(_ numbers: [Double]) {
    var (sum, finite, least, greatest) = (0.0, 0, Double.infinity, -Double.infinity)
    for x in numbers where x.isFinite {
      sum += x
      finite += 1
      (least, greatest) = (min(least, x), max(greatest, x))
    }
    count = finite
    nonFiniteCount = numbers.count - finite
    guard finite > 0 else {
      (mean, deviation, minimum, maximum, usualScale, outliers) = (0, 0, 0, 0, 0, [])
      return
    }
    let centre = sum / Double(finite)
    var squares = 0.0
    for x in numbers where x.isFinite { squares += (x - centre) * (x - centre) }
    (minimum, maximum) = (least, greatest)
    // Rounding may take the mean of equal numbers, and their variance, off by a little.
    mean = least == greatest ? least : centre
    deviation = least == greatest ? 0 : (squares / Double(finite)).squareRoot()
    // k outliers among n numbers lie √(n/k) deviations out, and k is at most a hundredth of n.
    let farthest = max(greatest - centre, centre - least)
    let isSuspect = farthest >= 0.9 * min(10, Double(finite).squareRoot()) * deviation
    outliers = isSuspect && finite > 2 ? Self.outliers(of: numbers) : []
    let standOut = Set(outliers.map(\.sample))
    usualScale =
      standOut.isEmpty
      ? (mean * mean + deviation * deviation).squareRoot()
      : Self.scale(of: numbers.indices.filter { !standOut.contains($0) }.map { numbers[$0] })
  }

  private static func scale(of numbers: [Double]) -> Double {
    let finite = numbers.filter(\.isFinite)
    return finite.isEmpty
      ? 0 : (finite.reduce(0) { $0 + $1 * $1 } / Double(finite.count)).squareRoot()
  }

  private static func outliers(of numbers: [Double]) -> [Outlier] {
    let finite = numbers.indices.filter { numbers[$0].isFinite }
    let middle = finite.map { numbers[$0] }.sorted()[finite.count / 2]
    let far = finite.map { (distance: abs(numbers[$0] - middle), sample: $0) }
      .sorted { ($1.distance, $0.sample) < ($0.distance, $1.sample) }
    var found = 0
    for place in 0..<max(1, finite.count / 100)
    where far[place + 1].distance > 0
      && far[place].distance >= gap * far[place + 1].distance
    {
      found = place + 1
    }
    return far.prefix(found).map { Outlier(sample: $0.sample, value: numbers[$0.sample]) }
  }
}

/// How the numbers of a column are spread, beyond mean and deviation.
public struct Spread: Hashable, Sendable {
  public let median: Double
  /// The share of Σ(x − median)² that the farthest hundredth of the numbers has: 0.08 for normal
  /// numbers, 0.39 for exponential ones, nearly 1 where a few outweigh all others.
  public let tailShare: Double
  /// How many different numbers there are.
  public let distinctCount: Int
  public let areWhole: Bool

  /// - Parameter numbers: those that are not finite are left out.
  public init(_ numbers: [Double]) {
    let sorted = numbers.filter(\.isFinite).sorted()
    guard let least = sorted.first, let greatest = sorted.last else {
      (median, tailShare, distinctCount, areWhole) = (0, 0, 0, false)
      return
    }
    let middle = sorted[sorted.count / 2]
    median = middle
    // Squares are taken of ratios, since those of the numbers may overflow.
    let farthest = max(greatest - middle, middle - least)
    let squares = sorted.map { x in
      farthest > 0 ? ((x - middle) / farthest) * ((x - middle) / farthest) : 0
    }.sorted(by: >)
    let all = squares.reduce(0, +)
    tailShare =
      all > 0 ? squares.prefix(max(1, sorted.count / 100)).reduce(0, +) / all : 0
    distinctCount = zip(sorted, sorted.dropFirst()).count { $0 != $1 } + 1
    areWhole = sorted.allSatisfy { $0 == $0.rounded() }
  }
}
