import RealModule

/// Products of two matrices that both depend on the input, as attention has them.
extension Moments {
  /// `Σ_k a_ik b_kj` of values: queries and keys, shares and values, and their cotangents.
  ///
  /// With the correlations r_a and r_b of two terms along the sum, E[y²] = n E[a²] E[b²]
  /// (1 + (n − 1) r_a r_b). Shares that sum to 1 average what they are multiplied with: of its
  /// second moment remains Σp²(1 − ρ) + ρ.
  ///
  /// `terms` is n, and `along` r_a and r_b; `rows` is the correlation of two rows of `a`, nil where
  /// rows are no positions, and `columns` the same of two columns of `b`. The result has `units`
  /// elements at each of `positions`.
  public static func product(
    of a: Moments, and b: Moments, terms: Int, along: (a: Double, b: Double), rows: Double?,
    columns: Double?, units: Int, positions: Int
  ) -> Moments {
    let n = Double(terms)
    let common = 1 + (n - 1) * along.a * along.b
    let free = a.secondMoment == 0 ? 0 : a.mean * a.mean / a.secondMoment
    var result = Moments(
      mean: a.mean == 0 || b.mean == 0 ? 0 : n * a.mean * b.mean,
      secondMoment: n * a.secondMoment * b.secondMoment * max(common, 1e-3),
      sampleCorrelation: a.sampleCorrelation * b.sampleCorrelation,
      positionCorrelation: a.positionCorrelation * b.positionCorrelation,
      basis: max(a.basis, b.basis, .firstOrder), note: a.note ?? b.note)
    guard result.secondMoment > 0, common > 0 else { return result }
    if let rows {
      result.positionCorrelation = min(1, max(0, (rows + (n - 1) * free * along.b) / common))
      result.sampleCorrelation = min(
        1, max(-1, b.sampleCorrelation * (a.sampleCorrelation + (n - 1) * free * along.b) / common))
    }
    if let columns, columns != 0 { result.laneCorrelation = columns }
    if a.laneCorrelation != nil || free > 0 {
      // An average of b's rows: its spread is theirs.
      result.fluctuation = b.fluctuation
      result.law = b.law
      result = result.drawn(units: units, positions: positions)
      let share = max(0, 1 - along.b) / common
      result.setPlaces(a.places.map { share * $0 + 1 - share })
      if !a.places.isEmpty {
        result.fluctuation = result.fluctuation.uncertain(by: b.errorOfPlaces)
      }
    } else {
      result.fluctuation = Fluctuation.product(a, b)
    }
    result.law = .other
    return result
  }

  /// The correlation of two elements along an axis of the given role.
  public func correlation(along role: AxisRoles.Role, isLast: Bool) -> Double {
    if isLast, let laneCorrelation { return laneCorrelation }
    let free = secondMoment == 0 ? 0 : mean * mean / secondMoment
    if isParameter { return free }
    switch role {
    case .position: return min(max(positionCorrelation, free), 1)
    case .sample: return min(max(sampleCorrelation, free), 1)
    case .unit: return free
    }
  }

  /// Shares of a softmax over `count` of these elements: the mean is 1/n by symmetry, and the sum of
  /// squares Σp² ≈ e^v/(e^v + k − 1) for variance v and k elements that a mask leaves interpolates
  /// between equal shares (v = 0) and one that takes all.
  public func shares(of count: Int) -> Moments {
    let n = Double(count)
    let counts = visible.isEmpty ? [n] : visible.map { min(max($0, 1), n) }
    let own = law == .constant ? 0 : variance * max(0, 1 - max(0, laneCorrelation ?? 0))
    let growth = Double.exp(min(own, 700))
    let squares = counts.map { growth / (growth + $0 - 1) }
    let rows = Double(counts.count)
    let second = squares.reduce(0, +) / rows / n
    // Of two rows the one that sees more decides: Σ 1/(k k′) over what both see.
    var (pairs, number) = (0.0, 0.0)
    for (rank, count) in counts.sorted().enumerated() where rank > 0 {
      pairs += Double(rank) / count
      number += Double(rank)
    }
    let same = counts.reduce(0) { $0 + 1 / $1 } / rows
    var result = Moments(
      mean: 1 / n, secondMoment: second,
      sampleCorrelation: min(1, same / n / second),
      positionCorrelation: min(1, (number > 0 ? pairs / number : same) / n / second),
      basis: max(basis, .firstOrder))
    if count > 1 {
      result.laneCorrelation = (1 / n - second) / ((n - 1) * second)
    }
    result.axes = axes
    result.setPlaces(counts.count > 1 ? squares.map { $0 / n / second } : [])
    return result
  }
}
