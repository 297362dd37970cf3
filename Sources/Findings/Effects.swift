extension RuleName {
  /// Rules that may find nothing but effects of what this one finds.
  ///
  /// Gradients that vanish leave updates too small to be kept, so that a rate looks too small and the
  /// loss stays where it is; a rate that is too large blows up what it moves; an infinity that one
  /// operator makes is beyond the format wherever it is handed on.
  public var effects: Set<RuleName> {
    switch self {
    case .explodingActivation: [.overflow, .saturatedUnits]
    case .explodingGradient:
      [.overflow, .learningRateTooLarge, .oscillatingLoss, .lossNotDecreasing]
    case .vanishingActivation: [.underflow, .learningRateTooSmall, .lossNotDecreasing]
    case .vanishingGradient:
      [.underflow, .lostUpdates, .learningRateTooSmall, .lossNotDecreasing]
    case .learningRateTooLarge:
      [
        .overflow, .nonFinite, .explodingActivation, .explodingGradient, .deadUnits,
        .saturatedUnits, .oscillatingLoss, .lossNotDecreasing,
      ]
    case .deadUnits, .saturatedUnits:
      [.vanishingGradient, .lostUpdates, .learningRateTooSmall, .lossNotDecreasing]
    case .underflow: [.lostUpdates, .learningRateTooSmall, .lossNotDecreasing]
    case .lostUpdates: [.learningRateTooSmall, .lossNotDecreasing]
    case .learningRateTooSmall: [.lossNotDecreasing]
    case .nonFinite: [.overflow]
    case .badInput: [.nonFinite, .overflow]
    default: []
    }
  }
}

/// A finding with those that may be nothing but its effects.
public struct FindingGroup<Element> {
  public let root: Element
  public let effects: [Element]
}

extension FindingGroup: Sendable where Element: Sendable {}

extension FindingGroup {
  /// Findings in their order, what may be an effect of another below that.
  ///
  /// An effect is no more severe than its root, does not begin before it, and is shown once.
  public static func groups(
    of all: [Element], finding: (Element) -> Finding, since: (Element) -> Int = { _ in 0 }
  ) -> [FindingGroup] {
    var roots = [Int?](repeating: nil, count: all.count)
    for (place, one) in all.enumerated() {
      let effect = finding(one)
      roots[place] = all.indices.first { other in
        let root = finding(all[other])
        guard other != place, roots[other] == nil, root.severity >= effect.severity,
          root.severity > .note, root.rule.effects.contains(effect.rule),
          since(one) >= since(all[other])
        else { return false }
        // Of two that may each come of the other the first is the root.
        return other < place || !effect.rule.effects.contains(root.rule)
      }
    }
    // What became an effect after others had been put below it hands them on.
    func top(_ place: Int) -> Int? { roots[place].map { top($0) ?? $0 } }
    return all.indices.filter { roots[$0] == nil }.map { place in
      FindingGroup(
        root: all[place], effects: all.indices.filter { top($0) == place }.map { all[$0] })
    }
  }
}
