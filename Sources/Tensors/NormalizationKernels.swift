import CKernels

/// Passes over runs of elements that are normalised together, by n = (x − mean) · factor.
///
/// Computed in double; single precision has vector kernels, and double precision plain loops. A
/// scale and a bias are one for the run, or one for each element.
public enum NormalizationKernels {
  /// Σ x.
  public static func sum<T: Scalar>(_ x: Elements<T>) -> Double {
    var sum = 0.0
    if let x = x as? Elements<Float> {
      unsafe ek_add_sums_f32(x.pointer, x.count, 1, 1, 0, &sum)
    } else {
      for i in x.indices { sum += Double(x[i]) }
    }
    return sum
  }

  /// Σ (x − mean)².
  public static func squares<T: Scalar>(_ x: Elements<T>, about mean: Double) -> Double {
    var sum = 0.0
    if let x = x as? Elements<Float> {
      unsafe ek_centred_squares_f32(x.pointer, x.count, mean, &sum)
    } else {
      for i in x.indices {
        let distance = Double(x[i]) - mean
        sum += distance * distance
      }
    }
    return sum
  }

  /// `y ← scale · n + bias`.
  public static func normalize<T: Scalar>(
    _ x: Elements<T>, mean: Double, factor: Double, scale: Elements<T>, bias: Elements<T>?,
    into y: Elements<T>
  ) {
    check(x, y, scale)
    if let bias { precondition(bias.count == scale.count, "counts differ") }
    let step = scale.count == 1 ? 0 : 1
    if let x = x as? Elements<Float>, let scale = scale as? Elements<Float>,
      let y = y as? Elements<Float>
    {
      let bias = bias as? Elements<Float>
      unsafe ek_normalize_f32(
        x.pointer, x.count, mean, factor, scale.pointer, bias?.pointer, step, y.pointer)
    } else {
      for i in x.indices {
        let normalized = T((Double(x[i]) - mean) * factor)
        y[i] = normalized * scale[i * step] + (bias?[i * step] ?? 0)
      }
    }
  }

  /// Σ u and Σ u (x − mean), where u = scale · dy, or dy without a scale.
  public static func sums<T: Scalar>(
    _ dy: Elements<T>, _ x: Elements<T>, scale: Elements<T>?, mean: Double
  ) -> (plain: Double, along: Double) {
    precondition(x.count == dy.count && (scale?.count ?? x.count) == x.count, "counts differ")
    if let dy = dy as? Elements<Float>, let x = x as? Elements<Float> {
      let scale = scale as? Elements<Float>
      return unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: 2) { sums in
        unsafe sums.initialize(repeating: 0)
        unsafe ek_normalization_sums_f32(
          dy.pointer, x.pointer, scale?.pointer, x.count, mean, sums.baseAddress)
        return unsafe (sums[0], sums[1])
      }
    }
    var (plain, along) = (0.0, 0.0)
    for i in x.indices {
      let u = Double(scale?[i] ?? 1) * Double(dy[i])
      plain += u
      along += u * (Double(x[i]) - mean)
    }
    return (plain, along)
  }

  /// `dx ← factor · (scale · dy − average − n · slope)`.
  public static func gradient<T: Scalar>(
    _ dy: Elements<T>, _ x: Elements<T>, scale: Elements<T>, mean: Double, factor: Double,
    average: Double, slope: Double, into dx: Elements<T>
  ) {
    check(x, dx, scale)
    precondition(dy.count == x.count, "counts differ")
    let step = scale.count == 1 ? 0 : 1
    if let dy = dy as? Elements<Float>, let x = x as? Elements<Float>,
      let scale = scale as? Elements<Float>, let dx = dx as? Elements<Float>
    {
      unsafe ek_normalization_gradient_f32(
        dy.pointer, x.pointer, scale.pointer, step, x.count, mean, factor, average, slope,
        dx.pointer)
    } else {
      for i in x.indices {
        let u = Double(scale[i * step]) * Double(dy[i])
        dx[i] = T(factor * (u - average - (Double(x[i]) - mean) * factor * slope))
      }
    }
  }

  /// `dscale ← dscale + dy · n` and `dbias ← dbias + dy`, element by element.
  public static func accumulate<T: Scalar>(
    _ dy: Elements<T>, _ x: Elements<T>, mean: Double, factor: Double, dscale: Elements<T>,
    dbias: Elements<T>?
  ) {
    precondition(
      dy.count == x.count && dscale.count == x.count && (dbias?.count ?? x.count) == x.count,
      "counts differ")
    if let dy = dy as? Elements<Float>, let x = x as? Elements<Float>,
      let dscale = dscale as? Elements<Float>
    {
      let dbias = dbias as? Elements<Float>
      unsafe ek_add_normalized_f32(
        dy.pointer, x.pointer, x.count, mean, factor, dscale.pointer, dbias?.pointer)
    } else {
      for i in x.indices {
        dscale[i] += dy[i] * T((Double(x[i]) - mean) * factor)
        if let dbias { dbias[i] += dy[i] }
      }
    }
  }

  private static func check<T>(_ x: Elements<T>, _ y: Elements<T>, _ scale: Elements<T>) {
    precondition(
      x.count == y.count && (scale.count == 1 || scale.count == x.count), "counts differ")
  }
}
