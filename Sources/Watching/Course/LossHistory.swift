/// The whole course of the loss in at most 64 blocks of equally many steps, each with its mean.
///
/// When all blocks are full, neighbours are joined and blocks become twice as long, so that memory
/// and the work per step stay the same however long the run is. Losses that are not finite are left
/// out.
struct LossHistory: Sendable {
  static let capacity = 64

  private(set) var means: [Double] = []
  /// Steps of a block.
  private(set) var blockLength = 1
  /// Finite losses so far.
  private(set) var count = 0
  private(set) var first = 0.0
  private(set) var lowest = Double.infinity
  private var sum = 0.0
  private var pending = 0
  private var scratch = [Double](repeating: 0, count: capacity)

  init() { means.reserveCapacity(Self.capacity) }

  /// Takes in a finite loss; tells whether a block was completed.
  mutating func append(_ loss: Double) -> Bool {
    if count == 0 { first = loss }
    count += 1
    lowest = min(lowest, loss)
    sum += loss
    pending += 1
    guard pending == blockLength else { return false }
    if means.count == Self.capacity { join() }
    guard pending == blockLength else { return false }
    means.append(sum / Double(blockLength))
    sum = 0
    pending = 0
    return true
  }

  private mutating func join() {
    for i in 0..<Self.capacity / 2 { means[i] = (means[2 * i] + means[2 * i + 1]) / 2 }
    means.removeLast(Self.capacity / 2)
    blockLength *= 2
  }

  /// The median of the first eight losses, or of the blocks that hold them.
  mutating func earlyLevel() -> Double {
    let blocks = min(means.count, max(1, 8 / blockLength))
    guard blocks > 0 else { return first }
    for i in 0..<blocks { scratch[i] = means[i] }
    return scratch.medianOfPrefix(blocks)
  }

  /// The median of the last blocks.
  mutating func level(ofLast blocks: Int) -> Double {
    let blocks = min(max(1, blocks), means.count)
    guard blocks > 0 else { return first }
    for i in 0..<blocks { scratch[i] = means[means.count - blocks + i] }
    return scratch.medianOfPrefix(blocks)
  }

  /// The straight line through the last blocks; nil while there are fewer than four.
  func trend(ofLast blocks: Int) -> Trend? {
    guard blocks >= 4, means.count >= blocks else { return nil }
    return Trend(means[(means.count - blocks)...], spacing: Double(blockLength))
  }
}

/// A straight line through equally spaced values, with errors that know of autocorrelation.
///
/// The residuals' correlation ρ of neighbours multiplies variances of means and slopes by
/// (1 + ρ)/(1 − ρ), as it does for a long series of an AR(1) process.
struct Trend: Sendable {
  /// Per unit of time.
  let slope: Double
  let slopeError: Double
  /// The standard error of the values' mean about the line.
  let meanError: Double
  let mean: Double
  /// The residuals' correlation of neighbours.
  let correlation: Double

  init(_ values: ArraySlice<Double>, spacing: Double) {
    let n = Double(values.count)
    var (sum, moment) = (0.0, 0.0)
    let middle = (n - 1) / 2
    for (i, value) in values.enumerated() {
      sum += value
      moment += (Double(i) - middle) * value
    }
    let mean = sum / n
    let spread = n * (n * n - 1) / 12
    let slope = moment / spread
    var (squares, products, previous) = (0.0, 0.0, 0.0)
    for (i, value) in values.enumerated() {
      let residual = value - mean - slope * (Double(i) - middle)
      squares += residual * residual
      if i > 0 { products += residual * previous }
      previous = residual
    }
    let variance = squares / max(1, n - 2)
    // The line takes 2 of n degrees of freedom, which biases the correlation by about −3/n.
    let correlation = squares > 0 ? min(0.95, max(0, products / squares + 3 / n)) : 0
    let inflation = (1 + correlation) / (1 - correlation)
    self.slope = slope / spacing
    self.mean = mean
    self.correlation = correlation
    slopeError = (variance * inflation / spread).squareRoot() / spacing
    meanError = (variance * inflation / n).squareRoot()
  }
}
