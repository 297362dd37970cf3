import Numbers
import Semantics
import Tensors

/// Looks for operands of one format on which an operator fails, and keeps one of each kind.
struct HazardSearch {
  let name: String
  let format: NumberFormat
  private(set) var found: [Hazard] = []

  init(_ name: String, in format: NumberFormat) {
    self.name = name
    self.format = format
  }

  /// Adds a hazard unless one of its kind is there.
  mutating func add(_ kind: Hazard.Kind, _ summary: String, witness: [Tensor]) {
    guard !found.contains(where: { $0.kind == kind }) else { return }
    found.append(Hazard(kind, summary, witness: witness))
  }

  /// Judges one result, known in double, of scalar operands.
  ///
  /// Small operands have small results; only where `isTelling` does a result that becomes 0 count.
  /// An infinite result is a pole where the last operand is small; elsewhere it says nothing of
  /// the exact result.
  mutating func examine(_ operands: [Double], result: Double, isTelling: Bool) {
    let call = "\(name)(\(operands.map { "\($0)" }.joined(separator: ", ")))"
    let witness = operands.map { Tensor([$0], shape: .scalar) }
    if result.isNaN {
      add(.undefined, "\(call) is not defined.", witness: witness)
    } else if result.isInfinite, abs(operands.last ?? 0) <= 1 {
      add(.pole, "\(call) is infinite.", witness: witness)
    } else if format.overflows(result) {
      add(
        .overflow,
        "\(call) = \(result) exceeds \(format.greatest), the greatest of \(format.name).",
        witness: witness)
    } else if isTelling, result != 0, format.rounded(result) == 0 {
      add(.underflow, "\(call) = \(result) becomes 0 in \(format.name).", witness: witness)
    }
  }

  /// Looks in the tails of a function of one variable, out to either end of `interval`, for the
  /// first value that overflows or becomes 0, or (unless `of` is a derivative) from which on values
  /// can no longer be told apart.
  ///
  /// `operands` makes the operands of the witness from x. Tails are taken to be monotone.
  mutating func examineTails(
    of f: (Double) -> Double, over interval: Interval, isDerivative: Bool = false,
    operands: (Double) -> [Double]
  ) {
    guard let members = Members(of: interval, in: format) else { return }
    for end in [members.low, members.high] where abs(end) > 1 {
      let limit = format.rounded(f(end))
      func reaches(_ x: Double) -> Bool {
        let y = format.rounded(f(x))
        return limit.isFinite ? y == limit : !y.isFinite
      }
      let starts = [end < 0 ? -1 : 1, members.nearestToZero].filter(interval.contains)
      guard let start = starts.first(where: { !reaches($0) }) else { continue }
      let x = beyond(boundary(from: start, to: end, where: reaches), before: end)
      let exact = f(x)
      let call = "\(name)(\(operands(x).map { "\($0)" }.joined(separator: ", "))) = \(exact)"
      let witness = operands(x).map { Tensor([$0], shape: .scalar) }
      if !limit.isFinite {
        guard exact.isFinite else { continue }
        add(
          .overflow, "\(call) exceeds \(format.greatest), the greatest of \(format.name).",
          witness: witness)
      } else if limit == 0, exact != 0 {
        add(.underflow, "\(call) becomes 0 in \(format.name).", witness: witness)
      } else if limit != 0, !isDerivative, reaches(x * 1.125), f(x * 1.125) != exact {
        add(
          .cancellation,
          "\(call) becomes \(limit) in \(format.name), as it does for every operand beyond: "
            + "what distinguished them is lost.", witness: witness)
      }
    }
  }

  /// A number a little beyond a boundary, where a result that is wrong in its last places reaches the
  /// limit too.
  private func beyond(_ boundary: Double, before end: Double) -> Double {
    let x = format.rounded(boundary * (1 + 0x1p-6))
    return abs(x) < abs(end) ? x : boundary
  }

  /// The number of the format nearest to `start` from which on `holds` is true, by bisection.
  func boundary(
    from start: Double, to end: Double, where holds: (Double) -> Bool
  ) -> Double {
    var (inside, outside) = (start, end)
    while true {
      let middle = format.rounded(inside / 2 + outside / 2)
      if middle == inside || middle == outside { return outside }
      if holds(middle) { outside = middle } else { inside = middle }
    }
  }
}

/// Some numbers of a format that an interval contains.
struct Members {
  let low: Double
  let high: Double
  let nearestToZero: Double
  /// The ends of the interval.
  var ends: [Double] { low == high ? [low] : [low, high] }
  /// 0 and its neighbours, where the interval contains them.
  let tiny: [Double]

  /// Nil when the interval contains no number of the format.
  init?(of interval: Interval, in format: NumberFormat) {
    var low = format.rounded(max(interval.lower, -format.greatest))
    if low < interval.lower { low += format.ulp(of: low) }
    var high = format.rounded(min(interval.upper, format.greatest))
    if high > interval.upper { high -= format.ulp(of: high) }
    guard low <= high else { return nil }
    self.low = low
    self.high = high
    nearestToZero = low > 0 ? low : high < 0 ? high : 0
    tiny = [0, format.leastSubnormal, -format.leastSubnormal].filter { low <= $0 && $0 <= high }
  }
}

extension NumberFormat {
  /// Whether a finite number becomes infinite, or NaN where there is no infinity.
  func overflows(_ value: Double) -> Bool { value.isFinite && !rounded(value).isFinite }
}
