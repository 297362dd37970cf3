import CKernels

/// Passes over runs of elements that are normalised together, by n = (x − mean) · factor.
///
/// Computed in double; single precision has vector kernels, and double precision plain loops. A
/// scale and a bias are one for the run, or one for each element.
public enum NormalizationKernels {
  /// Sums over elements that are normalised together, and what follows from them.
  ///
  /// Elements are shifted by one of them, so that no digits are lost where their mean is great beside
  /// their spread; one pass then does for mean and variance.
  public struct Sums: Sendable {
    private let shift: Double
    private var raw = ek_normalization_sums()

    /// No sums yet, of elements that lie around `shift`.
    public init(shift: Double) { self.shift = shift }

    /// Adds elements.
    public mutating func add<T: Scalar>(_ x: Elements<T>) {
      if let x = x as? Elements<Float> {
        unsafe ek_shifted_sums_f32(x.pointer, x.count, shift, &raw)
      } else {
        for i in x.indices {
          let distance = Double(x[i]) - shift
          raw.plain += distance
          raw.squares += distance * distance
        }
      }
    }

    /// Adds elements and u = scale · dy, or dy without a scale.
    public mutating func add<T: Scalar>(
      _ x: Elements<T>, cotangent dy: Elements<T>, scale: Elements<T>?
    ) {
      precondition(x.count == dy.count && (scale?.count ?? x.count) == x.count, "counts differ")
      if let dy = dy as? Elements<Float>, let x = x as? Elements<Float> {
        let scale = scale as? Elements<Float>
        unsafe ek_cotangent_sums_f32(
          dy.pointer, x.pointer, scale?.pointer, x.count, shift, &raw)
      } else {
        add(x)
        for i in x.indices {
          let u = Double(scale?[i] ?? 1) * Double(dy[i])
          raw.cotangents += u
          raw.along += u * (Double(x[i]) - shift)
        }
      }
    }

    /// Σ u.
    public var cotangents: Double { raw.cotangents }

    /// The mean of `count` elements.
    public func mean(of count: Int) -> Double { shift + raw.plain / Double(count) }

    /// Σ (x − mean)² of `count` elements.
    public func centredSquares(of count: Int) -> Double {
      let squares = raw.squares - raw.plain * (raw.plain / Double(count))
      // NaN and infinities stay.
      return squares < 0 ? 0 : squares
    }

    /// Σ (x − shift)².
    public var squares: Double { raw.squares }

    /// Σ u (x − mean).
    public func along(_ mean: Double) -> Double {
      raw.along - (mean - shift) * raw.cotangents
    }
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
