import Findings
import RealModule

/// How a second moment changes over depth: the law e^(slope · layer), fitted to its logarithm.
struct Growth {
  /// The factor per layer.
  let perLayer: Double
  /// Layers that the fit rests on.
  let count: Int

  /// Least squares through ln of the finite, positive values; nil with fewer than three.
  init?(of secondMoments: [Double?]) {
    var n = 0.0
    var sums = (x: 0.0, y: 0.0, xx: 0.0, xy: 0.0)
    for (i, value) in secondMoments.enumerated() {
      guard let value, value > 0, value.isFinite else { continue }
      let (x, y) = (Double(i), Double.log(value))
      n += 1
      sums = (sums.x + x, sums.y + y, sums.xx + x * x, sums.xy + x * y)
    }
    guard n >= 3 else { return nil }
    let slope = (n * sums.xy - sums.x * sums.y) / (n * sums.xx - sums.x * sums.x)
    perLayer = Double.exp(slope)
    count = Int(n)
  }

  /// The number of layers after which a second moment of 1 leaves `range`.
  func depth(leaving range: ClosedRange<Double>) -> Double {
    let slope = Double.log(perLayer)
    guard slope != 0 else { return .infinity }
    let limit = slope > 0 ? range.upperBound : range.lowerBound
    return Double.log(limit) / slope
  }
}

extension Factor {
  /// `Sigmoid ×0.0557, Gemm ×0.0256`: the factors that differ from 1, strongest first.
  static func sentence(_ factors: [Factor]) -> String {
    factors.filter { abs(Double.log($0.value)) > 0.005 }
      .sorted { abs(Double.log($0.value)) > abs(Double.log($1.value)) }
      .prefix(4).map { "\($0.name) by \(Numerals.short($0.value))" }.joined(separator: ", ")
  }
}
