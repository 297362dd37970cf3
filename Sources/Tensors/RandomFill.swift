import CKernels
public import Numbers

extension Elements where T: Scalar {
  /// Element i becomes `mean + deviation · z`, z the normal number `first + i` of the stream.
  ///
  /// Computed in double precision and rounded once, so that a `Float` is the rounded `Double` of
  /// the same place, and equal to what ``RandomStream/normal(at:)`` gives one at a time. With a
  /// `bound`, z is conditioned to lie in ±`bound`.
  public func fillNormal(
    from stream: RandomStream, first: Int = 0, mean: Double = 0, deviation: Double = 1,
    bound: Double = .infinity
  ) {
    let part = Truncation(at: bound).kernelTruncation
    let start = UInt64(first)
    if let singles = self as? Elements<Float> {
      unsafe ek_fill_normal_f32(
        singles.pointer, count, stream.kernelStream, start, mean, deviation, part)
    } else if let doubles = self as? Elements<Double> {
      unsafe ek_fill_normal_f64(
        doubles.pointer, count, stream.kernelStream, start, mean, deviation, part)
    }
  }

  /// Element i becomes `low + (high − low) · u`, u the uniform number `first + i` of the stream.
  ///
  /// Computed in double precision and rounded once; the few `Float`s that rounding takes up to
  /// `high` become the number before it, so that every element is less than `high`.
  public func fillUniform(
    from stream: RandomStream, first: Int = 0, low: Double = 0, high: Double = 1
  ) {
    precondition(low < high, "an empty range")
    let start = UInt64(first)
    if let singles = self as? Elements<Float> {
      unsafe ek_fill_uniform_f32(
        singles.pointer, count, stream.kernelStream, start, low, high - low, Float(high).nextDown)
    } else if let doubles = self as? Elements<Double> {
      unsafe ek_fill_uniform_f64(
        doubles.pointer, count, stream.kernelStream, start, low, high - low, high.nextDown)
    }
  }
}
