/// Moments of tensors that are put together, cut up, or summed over samples.
extension Moments {
  /// A tensor made of parts with the given weights, such as their element counts.
  ///
  /// First and second moments are averages; correlations are averages of E[x x′].
  public static func mixture(_ parts: [(part: Moments, weight: Double)]) -> Moments {
    let present = parts.filter { $0.weight > 0 }
    guard let first = present.first else { return .constant(0) }
    if present.allSatisfy({ $0.part == first.part }) { return first.part.sampled }
    let total = present.reduce(0) { $0 + $1.weight }
    func average(_ quantity: (Moments) -> Double) -> Double {
      present.reduce(0) { $0 + $1.weight * quantity($1.part) } / total
    }
    let secondMoment = average(\.secondMoment)
    func correlation(_ path: KeyPath<Moments, Double>) -> Double {
      secondMoment == 0 ? 0 : average { $0.secondMoment * $0[keyPath: path] } / secondMoment
    }
    // The part that carries most of the mean square lends its spread.
    let heaviest = present.max { a, b in
      a.weight * a.part.secondMoment < b.weight * b.part.secondMoment
    }
    return Moments(
      mean: average(\.mean), secondMoment: secondMoment,
      sampleCorrelation: correlation(\.sampleCorrelation),
      positionCorrelation: correlation(\.positionCorrelation),
      fluctuation: heaviest?.part.fluctuation ?? .none,
      response: heaviest?.part.response ?? 0,
      basis: present.map(\.part.basis).max() ?? .closedForm,
      note: present.lazy.compactMap(\.part.note).first)
  }

  /// Some of a tensor's elements: as it, but no longer orthogonal.
  public var sampled: Moments {
    var result = self
    if case .parameter = law { result.law = .parameter(isOrthogonal: false) }
    return result
  }

  /// `Σ_s a_s b_s` over samples: an element of a weight's gradient.
  ///
  /// E[(Σ a b)²] = B E[a²] E[b²] (1 + (B − 1) c_a c_b), with the uncentred correlations c between
  /// samples of two tensors that are taken to be independent.
  public static func contractionOverSamples(
    _ a: Moments, _ b: Moments, samples: Int
  ) -> Moments {
    let n = Double(samples)
    let correlation = a.sampleCorrelation * b.sampleCorrelation
    return Moments(
      mean: n * a.mean * b.mean,
      secondMoment: n * a.secondMoment * b.secondMoment * (1 + (n - 1) * correlation),
      sampleCorrelation: 1, positionCorrelation: 1, basis: max(a.basis, b.basis),
      note: a.note ?? b.note)
  }
}
