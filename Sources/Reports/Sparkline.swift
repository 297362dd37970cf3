import RealModule

/// A series of numbers as one line of blocks, high ones high.
public enum Sparkline {
  private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// The last numbers, or means of neighbours where there are more than columns; a number that is not
  /// finite is a cross.
  ///
  /// Positive numbers that differ by more than a factor of ten are shown by their logarithms.
  ///
  /// - Returns: at most `columns` characters.
  public static func text(_ numbers: [Double], columns: Int) -> String {
    guard columns > 0, !numbers.isEmpty else { return "" }
    let points = gathered(numbers, columns)
    let finite = points.filter(\.isFinite)
    guard var low = finite.min(), var high = finite.max() else {
      return String(repeating: "×", count: points.count)
    }
    let isLogarithmic = low > 0 && high > 10 * low
    func height(_ x: Double) -> Double { isLogarithmic ? .log(x) : x }
    (low, high) = (height(low), height(high))
    return String(
      points.map { point in
        guard point.isFinite else { return "×" }
        let share = high > low ? (height(point) - low) / (high - low) : 0
        return blocks[min(7, Int(share * 8))]
      })
  }

  private static func gathered(_ numbers: [Double], _ columns: Int) -> [Double] {
    guard numbers.count > columns else { return numbers }
    return (0..<columns).map { column in
      let part = numbers[
        column * numbers.count / columns..<(column + 1) * numbers.count / columns]
      return part.reduce(0, +) / Double(part.count)
    }
  }
}
