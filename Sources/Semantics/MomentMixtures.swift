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
    var result = Moments(
      mean: average(\.mean), secondMoment: secondMoment,
      sampleCorrelation: correlation(\.sampleCorrelation),
      positionCorrelation: correlation(\.positionCorrelation),
      fluctuation: heaviest?.part.fluctuation ?? .none,
      basis: present.map(\.part.basis).max() ?? .closedForm,
      note: present.lazy.compactMap(\.part.note).first)
    result.areSteps = present.contains { $0.part.areSteps }
    return result
  }

  /// Some of a tensor's elements: as it, but no longer orthogonal.
  public var sampled: Moments {
    var result = self
    if case .parameter = law { result.law = .parameter(isOrthogonal: false) }
    result.places = []
    return result
  }

  /// `Σ a b` over samples and the positions of each: an element of a weight's gradient.
  ///
  /// With B samples of P positions, E[(Σ a b)²] = B P E[a²] E[b²] (1 + (P − 1) ρ_a ρ_b
  /// + (B − 1) P c_a c_b), ρ and c the uncentred correlations between positions and samples of two
  /// tensors that are taken to be independent. First order with several positions, as correlation
  /// fades with distance.
  public static func contractionOverSamples(
    _ a: Moments, _ b: Moments, samples: Int, positions: Double = 1
  ) -> Moments {
    let n = Double(samples)
    let within = (positions - 1) * a.positionCorrelation * b.positionCorrelation
    let between = (n - 1) * positions * a.sampleCorrelation * b.sampleCorrelation
    let basis = max(a.basis, b.basis)
    return Moments(
      mean: n * positions * a.mean * b.mean,
      secondMoment: n * positions * a.secondMoment * b.secondMoment * (1 + within + between),
      sampleCorrelation: 1, positionCorrelation: 1,
      basis: positions > 1 ? max(basis, .firstOrder) : basis, note: a.note ?? b.note)
  }
}
