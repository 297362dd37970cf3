import Findings
import Numbers
import RealModule
import Testing

@testable import Watching

/// What is said of the loss alone, on simulated losses.
@Suite struct LossTests {
  /// The rules told as errors at the end of losses `loss(step)` times noise of correlation ρ.
  static func errors(
    _ steps: Int, noise: Double = 0.1, correlation: Double = 0, seed: UInt64 = 1,
    baseline: Double? = 1, _ loss: (Int) -> Double
  ) -> [RuleName] {
    var watch = Watch(WatchSubject(plannedSteps: steps, baselineLoss: baseline))
    let stream = RandomStream(seed: seed, name: "loss")
    var state = 0.0
    for step in 0..<steps {
      state =
        correlation * state + (1 - correlation * correlation).squareRoot() * stream.normal(at: step)
      let value = loss(step) * .exp(noise * state)
      _ = watch.observe(StepRecord(step: step, loss: value, learningRate: 0.1, gradientNorm: 1))
    }
    return watch.finish().filter { $0.finding.severity == .error }.map(\.finding.rule)
  }

  @Test(arguments: [0.0, 0.5, 0.9])
  func healthyCurvesAreNoErrors(correlation: Double) {
    let curves: [(String, Double?, @Sendable (Int) -> Double)] = [
      ("exponential", 1, { 1.2 * .exp(-Double($0) / 100) + 0.01 }),
      ("power law", 1, { 1.2 * .pow(1 + Double($0), -0.3) }),
      ("at its floor since long", 1, { $0 < 30 ? 1 - 0.02 * Double($0) : 0.4 }),
      ("little to learn", 1, { 0.85 + 0.15 * .exp(-Double($0) / 50) }),
      ("plateau, then a fall", 1, { 0.05 + 0.95 / (1 + .exp((Double($0) - 400) / 20)) }),
      ("no baseline, at its floor", nil, { $0 < 30 ? 1 - 0.02 * Double($0) : 0.4 }),
      ("steps of the learning rate", 1, { $0 < 200 ? 0.6 : $0 < 400 ? 0.3 : 0.2 }),
    ]
    for (name, baseline, curve) in curves {
      for seed in 1...20 as ClosedRange<UInt64> {
        let errors = Self.errors(
          600, noise: correlation < 0.9 ? 0.1 : 0.05, correlation: correlation, seed: seed,
          baseline: baseline, curve)
        #expect(errors.isEmpty, "\(name), seed \(seed): \(errors)")
      }
    }
  }

  @Test func aFlatLossIsAnErrorHoweverLongTheRun() {
    for steps in [120, 600, 5000] {
      for seed in 1...10 as ClosedRange<UInt64> {
        #expect(Self.errors(steps, seed: seed) { _ in 1 } == [.lossNotDecreasing])
      }
    }
  }

  @Test func fewStepsAreNotJudged() {
    #expect(Self.errors(60) { _ in 1 }.isEmpty)
  }

  @Test func aLossThatRoseAndStaysHasDiverged() {
    let errors = Self.errors(300) { $0 < 100 ? 0.5 : 30 }
    #expect(errors.contains(.learningRateTooLarge) && errors.contains(.lossNotDecreasing))
  }

  @Test func alternationIsToldFromNoise() {
    func told(_ loss: (Int) -> Double, noise: Double) -> Bool {
      var watch = Watch(WatchSubject(plannedSteps: 400, baselineLoss: 1))
      let stream = RandomStream(seed: 3, name: "alternation")
      var isTold = false
      for step in 0..<400 {
        let value = loss(step) * .exp(noise * stream.normal(at: step))
        let record = StepRecord(step: step, loss: value, learningRate: 0.1, gradientNorm: 1)
        isTold =
          watch.observe(record).contains {
            if case .began(let told) = $0 { return told.finding.rule == .oscillatingLoss }
            return false
          } || isTold
      }
      return isTold
    }
    #expect(told({ 0.5 + ($0 % 2 == 0 ? 0.2 : -0.2) }, noise: 0.05))
    #expect(told({ [0.7, 0.5, 0.3, 0.5][$0 % 4] }, noise: 0.05))
    #expect(!told({ _ in 0.5 }, noise: 0.5))
    // Dying out, and too small to matter.
    func dying(_ step: Int) -> Double {
      let swing = 0.4 * Double.exp(-Double(step) / 20)
      return step % 2 == 0 ? 0.5 + swing : 0.5 - swing
    }
    #expect(!told(dying, noise: 0.01))
    #expect(!told({ 0.5 + ($0 % 2 == 0 ? 0.02 : -0.02) }, noise: 0.001))
  }

  @Test func blocksKeepTheMeansOfTheWholeRun() {
    var history = LossHistory()
    for step in 0..<1000 { _ = history.append(Double(step)) }
    #expect(history.blockLength == 16 && history.count == 1000)
    #expect(history.means.count == 62)
    let expected = (0..<62).map { block -> Double in Double(16 * block) + 7.5 }
    #expect(history.means == expected)
  }

  /// The error of the slope covers the slope 0 of noise at about the rate that it says.
  @Test(arguments: [0.0, 0.6])
  func trendErrorsKnowOfCorrelation(correlation: Double) {
    var outside = 0
    let trials = 2000
    for trial in 0..<trials {
      let stream = RandomStream(seed: UInt64(trial), name: "trend")
      var state = stream.normal(at: 0)
      let values = (1...64).map { i in
        state =
          correlation * state + (1 - correlation * correlation).squareRoot() * stream.normal(at: i)
        return state
      }
      let trend = Trend(values[...], spacing: 1)
      if abs(trend.slope) > 2 * trend.slopeError { outside += 1 }
    }
    // 4.6 % for known errors; estimating ρ costs some.
    #expect(Double(outside) / Double(trials) < 0.1)
    #expect(Double(outside) / Double(trials) > 0.005)
  }

  @Test func persistenceNeedsThreeInFour() {
    var persistence = Persistence()
    for step in 0..<16 { persistence.note(step >= 4, at: step, window: 16) }
    #expect(persistence.isActive && persistence.since == 4)
    for step in 16..<32 { persistence.note(step % 2 == 0, at: step, window: 16) }
    #expect(persistence.isActive)
    for step in 32..<46 { persistence.note(false, at: step, window: 16) }
    #expect(!persistence.isActive && persistence.spikes == 0)
    persistence.note(true, at: 70, window: 16)
    for step in 71..<90 { persistence.note(false, at: step, window: 16) }
    #expect(persistence.spikes == 1 && persistence.lastSpike == 70)
  }

  @Test func prefixesAreSorted() {
    let stream = RandomStream(seed: 9, name: "sorting")
    for count in [0, 1, 2, 5, 64, 255] {
      var values = (0..<300).map { stream.normal(at: $0) }
      let rest = values[count...]
      let sorted = values[..<count].sorted()
      values.sortPrefix(count)
      #expect(Array(values[..<count]) == sorted && values[count...] == rest)
    }
  }
}
