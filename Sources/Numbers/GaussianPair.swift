/// Averages of a scalar function over two zero-mean normal variables of equal variance.
public struct GaussianPair: Hashable, Sendable {
  /// E[φ(x)φ(y)].
  public let value: Double
  /// E[φ′(x)φ′(y)].
  public let slope: Double
  /// Whether a formula gave these, rather than quadrature.
  public let isClosedForm: Bool

  public init(value: Double, slope: Double, isClosedForm: Bool) {
    self.value = value
    self.slope = slope
    self.isClosedForm = isClosedForm
  }

  /// The averages for variables of variance `variance` and correlation `correlation` in [−1, 1].
  public init(of function: any ScalarFunction, variance: Double, correlation: Double) {
    precondition(abs(correlation) <= 1, "a correlation lies between -1 and 1")
    if let formula = function.closedFormPair(variance: variance, correlation: correlation) {
      self = formula
    } else {
      self.init(integrating: function, variance: variance, decorrelation: 1 - correlation)
    }
  }

  /// The averages by quadrature, for correlation `1 − decorrelation`.
  public init(integrating function: any ScalarFunction, variance: Double, decorrelation: Double) {
    let plane = GaussianPlane(variance: variance, decorrelation: decorrelation, for: function)
    self.init(
      value: plane.average { function.value(at: $0) * function.value(at: $1) },
      slope: plane.average { function.slope(at: $0) * function.slope(at: $1) },
      isClosedForm: false)
  }

  /// E[(φ(x) − φ(y))²]/2 = E[φ²] − E[φ(x)φ(y)], for correlation `1 − decorrelation`.
  ///
  /// The difference is formed under the integral, so that it keeps its digits as the correlation
  /// goes to 1.
  public static func valueDecorrelation(
    of function: any ScalarFunction, variance: Double, decorrelation: Double
  ) -> Double {
    let plane = GaussianPlane(variance: variance, decorrelation: decorrelation, for: function)
    return plane.average {
      let difference = function.value(at: $0) - function.value(at: $1)
      return difference * difference / 2
    }
  }
}

/// Quadrature over two correlated normal variables in the coordinates of their sum and difference.
///
/// With `x, y = a·u ± b·v`, u and v independent, a kink at k lies on the lines `u = (k ∓ b·v)/a`.
/// The inner integral splits there, so it is a piecewise analytic function of v, and the outer one
/// splits where two such lines cross. That stays exact as the correlation goes to ±1, where the
/// usual choice (condition on x) needs ever finer panels.
struct GaussianPlane {
  private let outer: GaussianLadder
  private let function: any ScalarFunction
  /// The factor of the inner variable, the larger one.
  private let innerScale: Double
  private let outerScale: Double
  /// The sign with which the outer and the inner variable enter y.
  private let outerSign: Double
  private let innerSign: Double

  init(variance: Double, decorrelation: Double, for function: any ScalarFunction) {
    let sumScale = (variance * max(0, 1 - decorrelation / 2)).squareRoot()
    let differenceScale = (variance * decorrelation / 2).squareRoot()
    let sumIsInner = sumScale >= differenceScale
    innerScale = sumIsInner ? sumScale : differenceScale
    outerScale = sumIsInner ? differenceScale : sumScale
    outerSign = sumIsInner ? -1 : 1
    innerSign = sumIsInner ? 1 : -1
    self.function = function
    // Lines u = (k − b·v)/a and u = (l + b·v)/a cross at v = (k − l)/2b; in the other orientation
    // they are u = ±(k − b·v)/a, which cross where 2b·v = k + l.
    let kinks = function.kinks.map(\.position)
    let crossings = kinks.flatMap { first in
      kinks.map { second in (sumIsInner ? first - second : first + second) / 2 }
    }
    outer = GaussianLadder(
      standardDeviation: outerScale, kinks: crossings, landmarks: function.landmarks,
      period: function.period, rule: .twelve)
  }

  /// E[f(x, y)] for an `f` that is symmetric in its arguments.
  func average(_ f: (Double, Double) -> Double) -> Double {
    let kinks = function.kinks.map(\.position)
    let landmarks = function.landmarks
    return outer.average { v in
      // Exchanging x and y reverses the difference: half of the plane is enough.
      if outerSign < 0, v < 0 { return 0 }
      let shift = outerScale * v
      // Features of f(x) lie where x = p and those of f(y) where y = p.
      let along = { (points: [Double]) in
        points.flatMap { [$0 - shift, innerSign * ($0 - outerSign * shift)] }
      }
      let inner = GaussianLadder(
        standardDeviation: innerScale, kinks: along(kinks), landmarks: along(landmarks),
        period: function.period, rule: .twelve)
      return (outerSign < 0 ? 2 : 1)
        * inner.average { u in
          f(innerScale * u + shift, innerSign * innerScale * u + outerSign * shift)
        }
    }
  }
}
