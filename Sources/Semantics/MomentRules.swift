public import Numbers

/// The steps that moment rules are made of.
extension Moments {
  /// `Σ_k a_k b_k` over `terms` products: a row of a matrix product.
  ///
  /// `units` is the number of elements per sample of the result along which parameters differ.
  public static func contraction(
    _ a: Moments, _ b: Moments, terms: Int, units: Int
  ) -> Moments {
    let n = Double(terms)
    let mean = n * a.mean * b.mean
    return Moments(
      mean: mean,
      secondMoment: n * a.secondMoment * b.secondMoment + n * (n - 1) * mean / n * mean / n,
      basis: max(a.basis, b.basis), note: a.note ?? b.note)
  }

  /// `a + b` of independent tensors.
  public static func sum(_ a: Moments, _ b: Moments) -> Moments {
    Moments(
      mean: a.mean + b.mean,
      secondMoment: a.secondMoment + b.secondMoment + 2 * a.mean * b.mean,
      basis: max(a.basis, b.basis), note: a.note ?? b.note)
  }

  /// `a · b` of independent tensors, element by element.
  public static func product(_ a: Moments, _ b: Moments) -> Moments {
    Moments(
      mean: a.mean * b.mean, secondMoment: a.secondMoment * b.secondMoment,
      basis: max(a.basis, b.basis), note: a.note ?? b.note)
  }

  /// `factor · x`.
  public func scaled(by factor: Double) -> Moments {
    var result = self
    result.mean *= factor
    result.secondMoment *= factor * factor
    return result
  }

  /// `φ(x)`; `units` as in ``contraction(_:_:terms:units:)``.
  public func mapped(by function: any ScalarFunction, units: Int) -> Moments {
    .unknown("not implemented")
  }

  /// `cotangent · φ⁽ᵏ⁾(x)`, `order` = k ≥ 1: the backward step through an activation.
  public static func backpropagated(
    _ cotangent: Moments, through function: any ScalarFunction, at x: Moments, order: Int = 1,
    units: Int
  ) -> Moments {
    .unknown("not implemented")
  }

  /// The mean of `count` elements whose uncentred correlation is `correlation`.
  public func averaged(over count: Int, correlation: Double) -> Moments {
    let n = Double(count)
    return Moments(
      mean: mean, secondMoment: secondMoment * (1 / n + (1 - 1 / n) * correlation),
      basis: max(basis, .firstOrder), note: note)
  }

  /// The 95 % band of the mean square of one batch, measured over `samples` samples of `units`
  /// elements each, for one draw of the parameters.
  public func band(samples: Int, units: Int) -> ClosedRange<Double> {
    secondMoment...secondMoment
  }
}
