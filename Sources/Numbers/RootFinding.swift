/// Finding where a function of one variable is 0.
public enum RootFinding {
  /// The root of a continuous `f` between `a` and `b`, where `f` has opposite signs (or is 0).
  ///
  /// Brent's method (1973): inverse quadratic interpolation, guarded by bisection, until the bracket
  /// is as narrow as `tolerance` or as double allows.
  public static func root(
    between a: Double, and b: Double, tolerance: Double = 0, of f: (Double) -> Double
  ) -> Double {
    var (a, b) = (a, b)
    var (fa, fb) = (f(a), f(b))
    precondition(fa.sign != fb.sign || fa == 0 || fb == 0, "the root must be bracketed")
    var (c, fc) = (a, fa)
    var (step, previousStep) = (b - a, b - a)
    for _ in 0..<200 {
      if fb.sign == fc.sign {
        (c, fc) = (a, fa)
        step = b - a
        previousStep = step
      }
      if abs(fc) < abs(fb) {
        (a, b, c) = (b, c, b)
        (fa, fb, fc) = (fb, fc, fb)
      }
      let margin = 2 * Double.ulpOfOne * abs(b) + tolerance / 2
      let half = (c - b) / 2
      if abs(half) <= margin || fb == 0 { break }
      if abs(previousStep) >= margin, abs(fa) > abs(fb) {
        let trial = interpolation(a: a, fa: fa, b: b, fb: fb, c: c, fc: fc)
        if 2 * trial.p
          < min(3 * half * trial.q - abs(margin * trial.q), abs(previousStep * trial.q))
        {
          (previousStep, step) = (step, trial.p / trial.q)
        } else {
          (previousStep, step) = (half, half)
        }
      } else {
        (previousStep, step) = (half, half)
      }
      (a, fa) = (b, fb)
      b += abs(step) > margin ? step : (half > 0 ? margin : -margin)
      fb = f(b)
    }
    return b
  }

  /// The step p/q, p ≥ 0, to the zero of the interpolant through the three points.
  private static func interpolation(
    a: Double, fa: Double, b: Double, fb: Double, c: Double, fc: Double
  ) -> (p: Double, q: Double) {
    let half = (c - b) / 2
    let s = fb / fa
    var p: Double
    var q: Double
    if a == c {
      p = 2 * half * s
      q = 1 - s
    } else {
      let (r, t) = (fb / fc, fa / fc)
      p = s * (2 * half * t * (t - r) - (b - a) * (r - 1))
      q = (t - 1) * (r - 1) * (s - 1)
    }
    if p > 0 { q = -q } else { p = -p }
    return (p, q)
  }
}
