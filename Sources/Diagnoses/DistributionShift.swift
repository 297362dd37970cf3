import Findings
import Numbers
import RealModule
import Samples
import Tensors

/// A feature whose distribution in the validation data is another than in the training data.
///
/// By the two-sample test of Kolmogorov and Smirnov: the greatest distance D between both shares of samples
/// below a number. For m features a distance counts from √(ln(2m/α)/2 · (1/n₁ + 1/n₂)) on, α = 1e-4, and
/// from 0.2 on: what is certain in a large sample may still be small.
struct DistributionShift {
  let sentence: String

  private static let leastDistance = 0.2
  private static let level = 1e-4
  private static let mostSamples = 2000

  /// - Returns: nil where no feature differs, or the features are token numbers.
  init?(_ training: Dataset, _ validation: Dataset) {
    guard training.features.elementType == .float32,
      validation.features.elementType == .float32,
      training.featureShape == validation.featureShape
    else { return nil }
    let width = training.features.count / training.count
    let own = Self.rows(of: training)
    let other = Self.rows(of: validation)
    let limit = max(
      Self.leastDistance,
      (Double.log(2 * Double(width) / Self.level) / 2
        * (1 / Double(own.count) + 1 / Double(other.count))).squareRoot())
    var worst: (column: Int, distance: Double)?
    var count = 0
    for column in 0..<width {
      let distance = Self.distance(
        Self.column(column, own, training), Self.column(column, other, validation))
      guard distance > limit else { continue }
      count += 1
      if distance > worst?.distance ?? 0 { worst = (column, distance) }
    }
    guard let worst else { return nil }
    let name =
      training.featureNames.indices.contains(worst.column)
      ? "'\(training.featureNames[worst.column])'" : "number \(worst.column)"
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    let means = (
      mean(Self.column(worst.column, own, training)),
      mean(Self.column(worst.column, other, validation))
    )
    sentence =
      "\(count == 1 ? "One feature is" : "\(count) features are") distributed otherwise there; that of "
      + "\(name) has a mean of \(Numerals.short(means.0)) in training and "
      + "\(Numerals.short(means.1)) in validation, and the shares below a number differ by up to "
      + "\(Numerals.percent(worst.distance))."
  }

  private static func rows(of data: Dataset) -> [Int] {
    Array(stride(from: 0, to: data.count, by: max(1, data.count / mostSamples)))
  }

  private static func column(_ column: Int, _ rows: [Int], _ data: Dataset) -> [Double] {
    let elements = data.features.elements(as: Float.self)
    let width = data.features.count / data.count
    return rows.map { Double(elements[$0 * width + column]) }.filter(\.isFinite)
  }

  /// The greatest distance between the shares of two samples below a number.
  static func distance(_ a: [Double], _ b: [Double]) -> Double {
    guard !a.isEmpty, !b.isEmpty else { return 0 }
    let (a, b) = (a.sorted(), b.sorted())
    var (i, j, greatest) = (0, 0, 0.0)
    while i < a.count, j < b.count {
      let value = min(a[i], b[j])
      while i < a.count, a[i] <= value { i += 1 }
      while j < b.count, b[j] <= value { j += 1 }
      greatest = max(
        greatest, abs(Double(i) / Double(a.count) - Double(j) / Double(b.count)))
    }
    return greatest
  }
}
