import Findings
import Testing

/// A symptom stands below the finding that it may come of.
@Suite struct EffectsTests {
  static func finding(_ rule: RuleName, _ severity: Severity = .error) -> Finding {
    Finding(rule, severity, layer: nil, message: "", because: "", evidence: [])
  }

  static func groups(_ findings: [Finding]) -> [[RuleName]] {
    FindingGroup<Finding>.groups(of: findings, finding: \.self).map {
      [$0.root.rule] + $0.effects.map(\.rule)
    }
  }

  @Test func aSmallRateStandsBelowGradientsThatVanish() {
    let found = Self.groups([
      Self.finding(.learningRateTooSmall), Self.finding(.vanishingGradient),
      Self.finding(.lossNotDecreasing), Self.finding(.lostUpdates, .warning),
    ])
    #expect(
      found == [[.vanishingGradient, .learningRateTooSmall, .lossNotDecreasing, .lostUpdates]])
  }

  @Test func aSmallRateAloneIsARoot() {
    #expect(
      Self.groups([Self.finding(.learningRateTooSmall), Self.finding(.deadUnits, .note)])
        == [[.learningRateTooSmall], [.deadUnits]])
  }

  @Test func anEffectIsNoMoreSevereThanItsRoot() {
    #expect(
      Self.groups([Self.finding(.overflow), Self.finding(.explodingActivation, .warning)])
        == [[.overflow], [.explodingActivation]])
  }

  @Test func ofTwoThatMayComeOfEachOtherTheFirstIsTheRoot() {
    #expect(
      Self.groups([Self.finding(.explodingGradient), Self.finding(.learningRateTooLarge)])
        == [[.explodingGradient, .learningRateTooLarge]])
    #expect(
      Self.groups([Self.finding(.learningRateTooLarge), Self.finding(.explodingGradient)])
        == [[.learningRateTooLarge, .explodingGradient]])
  }

  @Test func whatBeganBeforeIsNoEffect() {
    let watched = [
      WatchedFinding(Self.finding(.vanishingGradient), since: 90, told: 100),
      WatchedFinding(Self.finding(.lossNotDecreasing), since: 0, told: 50),
      WatchedFinding(Self.finding(.lostUpdates), since: 95, told: 100),
    ]
    let groups = FindingGroup<WatchedFinding>.groups(
      of: watched, finding: \.finding, since: \.since)
    #expect(groups.map(\.effects.count) == [1, 0])
  }

  @Test func everyFindingIsShownOnce() {
    for root in RuleName.allCases {
      let all = ([root] + RuleName.allCases).map { Self.finding($0) }
      #expect(Self.groups(all).joined().count == all.count)
    }
  }
}
