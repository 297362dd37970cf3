public import Findings

/// Units that are dead for every sample, and activations that are saturated.
public struct UnitsRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    // What a trained network does not use is what it learnt, and what is only run need not learn.
    guard diagnosis.isStart, diagnosis.purpose == .training else { return [] }
    let thresholds = diagnosis.thresholds
    return [
      finding(
        diagnosis, .deadUnits, share: \.deadShare,
        limit: { thresholds.deadShare(ofUnits: $0.count) },
        what: "units whose slope is 0 for every sample, so that no gradient reaches their weights"),
      finding(
        diagnosis, .saturatedUnits, share: \.saturatedShare,
        limit: { _ in thresholds.saturatedShare },
        what: "activations whose slope is under 1 % of the function's greatest"),
    ].compactMap { $0 }
  }

  private func finding(
    _ diagnosis: Diagnosis, _ rule: RuleName, share: KeyPath<UnitHealth, Double>,
    limit: (UnitHealth) -> Double,
    what: String
  ) -> Finding? {
    let affected = diagnosis.layers.filter { layer in
      layer.units.map { $0[keyPath: share] > limit($0) } ?? false
    }
    guard let first = affected.first, let units = first.units else { return nil }
    let limit = limit(units)
    let worst = affected.compactMap { $0.units?[keyPath: share] }.max() ?? 0
    return Finding(
      rule, .warning, layer: first.name,
      message: "\(affected.count) of \(diagnosis.layers.count) layers "
        + "\(affected.count == 1 ? "has" : "have") more than "
        + "\(Numerals.percent(limit)) \(what); \(first.name) is the first, with "
        + "\(Numerals.percent(units[keyPath: share])).",
      because: "The input of \(units.function) at \(first.name) has mean "
        + "\(Numerals.short(units.inputMean)) and standard deviation "
        + "\(Numerals.short(units.inputDeviation)), and there the slope's second moment is "
        + "\(Numerals.short(units.slopeSecondMoment)).",
      evidence: [
        Evidence("share", units[keyPath: share]), Evidence("share_worst", worst),
        Evidence("limit", limit), Evidence("layers", Double(affected.count)),
      ])
  }
}
