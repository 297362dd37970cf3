import Numbers
import Tensors

/// What rounding a tensor to a format does to it.
struct FormatDamage {
  /// Whether a finite element is beyond the format.
  private(set) var overflows = false
  /// The greatest relative error of a row, that is of the elements along the last axis, in the
  /// Euclidean norm; 1 where all of a row becomes 0.
  private(set) var relativeError = 0.0

  /// Compares single-precision elements before and after rounding; what was not finite before is
  /// left out.
  init(_ exact: Tensor, _ rounded: Tensor) {
    let (x, y) = (exact.elements(as: Float.self), rounded.elements(as: Float.self))
    let width = max(1, exact.shape.extents.last ?? 1)
    var start = 0
    while start < x.count {
      var (error, size) = (0.0, 0.0)
      for i in start..<min(start + width, x.count) where x[i].isFinite {
        guard y[i].isFinite else {
          overflows = true
          continue
        }
        let (a, b) = (Double(x[i]), Double(y[i]))
        size += a * a
        error += (a - b) * (a - b)
      }
      if size > 0 { relativeError = max(relativeError, (error / size).squareRoot()) }
      start += width
    }
  }

  /// Whether more is lost than rounding: an overflow, or a row that is off by many roundings.
  func isSerious(in format: NumberFormat) -> Bool {
    overflows || relativeError > Self.roundings * format.unitRoundoff
  }

  /// Errors of this many unit roundoffs are those of numbers below the normal ones.
  private static let roundings = 8.0
}
