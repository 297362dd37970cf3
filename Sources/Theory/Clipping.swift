import Numbers
import RealModule

/// What clipping does to a gradient whose entries are independent N(0, s²).
public enum Clipping {
  /// The second moment of an entry after clipping it to [−threshold, threshold].
  public static func byValue(deviation s: Double, threshold: Double) -> Double {
    guard s > 0 else { return 0 }
    let t = threshold / s
    return s * s * SpecialFunctions.lowerGamma(1.5, t * t / 2)
      + threshold * threshold * Double.erfc(t / 2.0.squareRoot())
  }

  /// E‖g‖² after clipping the norm of a gradient of `count` entries to `threshold`.
  public static func byNorm(deviation s: Double, count: Int, threshold: Double) -> Double {
    guard s > 0 else { return 0 }
    let (n, limit) = (Double(count), threshold * threshold / (2 * s * s))
    return n * s * s * SpecialFunctions.lowerGamma(n / 2 + 1, limit)
      + threshold * threshold * SpecialFunctions.upperGamma(n / 2, limit)
  }

  /// The second moment of an entry after subtracting the mean of its `fanIn` neighbours.
  public static func byCentralisation(deviation s: Double, fanIn: Int) -> Double {
    s * s * (1 - 1 / Double(fanIn))
  }
}
