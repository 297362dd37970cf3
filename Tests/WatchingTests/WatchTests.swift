import CAllocationCounter
import Findings
import Numbers
import RealModule
import Testing

@testable import Watching

/// Each rule on records that show it, and on records that only look like it.
@Suite struct WatchTests {
  static let stuck: @Sendable (Int) -> Double = { _ in 1 }

  @Test func aHealthyRunHasNoFindings() {
    let watched = Records().watched(400)
    #expect(watched.findings.isEmpty, "\(watched.findings.map(\.finding.message))")
    #expect(watched.events.isEmpty && watched.verdict == .healthy)
  }

  @Test func theSameRecordsGiveTheSameFindings() throws {
    let run = try RecordedRun("saturated-tanh")
    let (first, second) = (run.judged(), run.judged())
    #expect(first.findings == second.findings && first.events == second.events)
  }

  /// Half a thousand steps without a finding take no memory.
  @Test func healthyStepsAllocateNothing() {
    guard ek_counts_allocations() else { return }
    let records = (0..<500).map { Records().record($0) }
    var watch = Watch(WatchSubject(width: 64, plannedSteps: 500, baselineLoss: 1))
    _ = watch.observe(records[0])
    ek_start_counting()
    var events = 0
    for record in records.dropFirst() { events += watch.observe(record).count }
    let allocations = ek_stop_counting()
    #expect(allocations.own == 0)
    #expect(events == 0)
  }

  @Test func vanishingGradientsFailARunThatIsStuck() throws {
    var run = Records(layers: 6)
    run.change = { record in
      for i in 0..<6 {
        record.layers[i].gradient = Records.health(1e-4 * .pow(10, -3 * Double(5 - i)))
      }
    }
    // While the loss falls it is a note.
    let learning = try #require(run.watched(200).finding(.vanishingGradient))
    #expect(learning.finding.severity == .note && learning.since == 0 && learning.told == 11)
    run.loss = Self.stuck
    let failing = try #require(run.watched(200).finding(.vanishingGradient))
    #expect(failing.finding.severity == .error)
    #expect(failing.finding.layer == "layers.2")
    #expect(failing.finding.because.hasPrefix("Each layer multiplies it by 0.001"))
    let limit = failing.finding.evidence.first { $0.name == "limit" }?.value
    // The band is wider by two deviations of finite width: exp(2√(5·6/64)).
    #expect(abs((limit ?? 0) * .exp(2 * (30.0 / 64).squareRoot()) - 1e-6) < 1e-12)
  }

  /// All gradients fall together by 1e-20: the ratio between layers stays.
  @Test func convergenceIsNotVanishing() {
    var run = Records()
    run.change = { record in
      let factor = Double.exp(-46 * Double(record.step) / 500)
      for i in record.layers.indices {
        record.layers[i].gradient?.secondMoment *= factor
        record.parameters[i].gradient.secondMoment *= factor
        record.parameters[i].update?.secondMoment *= factor
      }
    }
    let watched = run.watched(500)
    #expect(watched.verdict == .healthy)
    #expect(watched.finding(.vanishingGradient) == nil)
  }

  @Test func aSpikeIsANoteAtTheEnd() throws {
    var run = Records()
    run.change = { record in
      if record.step == 100 { record.layers[0].gradient?.secondMoment = 1e6 }
    }
    let watched = run.watched(200)
    let told = try #require(watched.finding(.explodingGradient))
    #expect(told.finding.severity == .note && told.since == 100)
    #expect(watched.verdict == .healthy)
  }

  @Test func explodingActivationsAreToldWithTheirLayer() throws {
    var run = Records()
    run.change = { record in
      for i in 2..<4 { record.layers[i].activation = Records.health(1e9) }
    }
    run.loss = { min(1e12, 1 * .pow(1.2, Double($0))) }
    let told = try #require(run.watched(120).finding(.explodingActivation))
    #expect(told.finding.severity == .error && told.finding.layer == "layers.2")
  }

  @Test func aDeadLayerIsAnErrorAtOnce() throws {
    var run = Records()
    run.change = { record in
      guard record.step >= 50 else { return }
      record.layers[1].activation = Records.health(0, zeros: 1)
      for i in 0..<2 { record.parameters[i].gradient = Records.health(0, zeros: 1) }
    }
    let watched = run.watched(80)
    let told = try #require(watched.finding(.deadUnits))
    #expect(told.finding.severity == .error && told.finding.layer == "layers.1")
    #expect(told.since == 50 && told.told == 61)
    #expect(watched.events.first?.step == 61)
  }

  @Test func noGradientAnywhereIsNoDeath() {
    var run = Records()
    run.change = { record in
      for i in record.layers.indices {
        record.layers[i].gradient = Records.health(0, zeros: 1)
        record.parameters[i].gradient = Records.health(0, zeros: 1)
      }
      record.gradientNorm = 0
    }
    #expect(run.watched(100).finding(.deadUnits) == nil)
  }

  /// Half of five units may be off by chance, and all but one as well.
  @Test func narrowLayersMayBeQuiet() {
    var run = Records()
    run.change = { $0.layers[1].activation.zeroShare = 0.95 }
    run.loss = Self.stuck
    #expect(run.watched(200).finding(.deadUnits)?.finding.severity == .error)
    let narrow = WatchSubject(width: 5, baselineLoss: 1)
    #expect(run.watched(200, narrow).finding(.deadUnits) == nil)
  }

  @Test func saturationIsAnErrorWhereNothingIsLearned() throws {
    var run = Records()
    run.change = { $0.layers[2].saturatedShare = 0.97 }
    #expect(run.watched(200).finding(.saturatedUnits)?.finding.severity == .note)
    run.loss = Self.stuck
    let told = try #require(run.watched(200).finding(.saturatedUnits))
    #expect(told.finding.severity == .error && told.finding.layer == "layers.2")
  }

  /// The same zeros are the format's doing in fp16 and not in fp32.
  @Test func underflowIsWhatTheFormatExplains() throws {
    var run = Records()
    run.change = { $0.layers[0].gradient = Records.health(4e-16, zeros: 0.8) }
    run.loss = Self.stuck
    let half = WatchSubject(format: .fp16, width: 64, baselineLoss: 1)
    let told = try #require(run.watched(200, half).finding(.underflow))
    #expect(told.finding.severity == .error && told.finding.layer == "layers.0")
    #expect(run.watched(200).finding(.underflow) == nil)
    // A loss scale of 2^16 lifts them out of it.
    run.change = {
      $0.layers[0].gradient = Records.health(4e-16, zeros: 0.8)
      $0.lossScale = 65536
    }
    #expect(run.watched(200, half).finding(.underflow) == nil)
  }

  @Test func lostUpdatesCountWhenTheyLast() throws {
    var run = Records()
    run.change = { record in
      for i in record.parameters.indices { record.parameters[i].lostShare = 0.97 }
    }
    run.loss = Self.stuck
    let told = try #require(run.watched(200).finding(.lostUpdates))
    #expect(told.finding.severity == .error && told.told > 50)
    // One step in three is no loss of half.
    run.change = { record in
      for i in record.parameters.indices {
        record.parameters[i].lostShare = record.step % 3 == 0 ? 1 : 0
      }
    }
    #expect(run.watched(200).finding(.lostUpdates) == nil)
  }

  @Test func aRefusedUpdateIsAnErrorWithoutLossScaling() throws {
    var run = Records()
    run.change = { record in
      guard record.step == 120 else { return }
      record.refusal = .init(place: .gradient, tensor: "layers.1", nanCount: 3, infinityCount: 0)
    }
    let watched = run.watched(130)
    let told = try #require(watched.finding(.nonFinite))
    #expect(told.finding.severity == .error && told.told == 120 && told.finding.layer == "layers.1")
    #expect(watched.verdict == .failing)
    // A hundred clean steps and a low loss later it is over.
    #expect(run.watched(300).verdict != .failing)
  }

  @Test func lossScalingMayRefuse() throws {
    var run = Records()
    run.change = { record in
      record.lossScale = 65536
      guard record.step % 50 == 0 else { return }
      record.refusal = .init(place: .gradient, tensor: "layers.1", nanCount: 0, infinityCount: 3)
    }
    let watched = run.watched(300)
    #expect(watched.finding(.overflow)?.finding.severity == .note)
    #expect(watched.verdict == .healthy)
    run.change = { record in
      record.lossScale = 65536
      guard record.step >= 100 else { return }
      record.refusal = .init(place: .gradient, tensor: "layers.1", nanCount: 0, infinityCount: 3)
    }
    #expect(run.watched(300).finding(.overflow)?.finding.severity == .error)
  }

  @Test func littleHeadroomIsAWarning() throws {
    var run = Records()
    run.change = { $0.layers[1].activation.maximum = 3e4 }
    let half = WatchSubject(format: .fp16, width: 64, baselineLoss: 1)
    let told = try #require(run.watched(100, half).finding(.overflow))
    #expect(told.finding.severity == .warning && told.finding.layer == "layers.1")
    #expect(run.watched(100).finding(.overflow) == nil)
  }

  @Test func updatesOfTheirWeightsSizeAreTooLarge() throws {
    var run = Records()
    run.change = { record in
      for i in record.parameters.indices { record.parameters[i].update = Records.health(0.04) }
    }
    run.loss = Self.stuck
    let told = try #require(run.watched(200).finding(.learningRateTooLarge))
    #expect(told.finding.severity == .error && told.since == 0)
  }

  @Test func updatesThatMoveNothingAreTooSmall() throws {
    var run = Records()
    run.change = { record in
      for i in record.parameters.indices { record.parameters[i].update = Records.health(1e-16) }
    }
    run.loss = { 1 - 1e-5 * Double($0) }
    let told = try #require(run.watched(200).finding(.learningRateTooSmall))
    #expect(told.finding.severity == .error)
  }

  /// A network of another shape, as after pruning, starts anew.
  @Test func otherLayersAreANewNetwork() {
    var watch = Watch(WatchSubject(width: 64, baselineLoss: 1))
    for step in 0..<50 { _ = watch.observe(Records().record(step)) }
    for step in 50..<100 { _ = watch.observe(Records(layers: 7).record(step)) }
    #expect(watch.finish().isEmpty)
  }

  /// Health may be recorded in some steps only.
  @Test func stepsThatWereNotWatchedCountForTheLoss() throws {
    var run = Records()
    run.change = { record in
      if record.step % 5 != 0 { (record.layers, record.parameters) = ([], []) }
    }
    #expect(run.watched(400).findings.isEmpty)
    run.loss = Self.stuck
    #expect(run.watched(400).finding(.lossNotDecreasing)?.finding.severity == .error)
  }

  @Test func everyFindingPrintsItsThresholds() throws {
    for name in try RecordedRun.names {
      for told in try RecordedRun(name).judged().findings {
        #expect(!told.finding.evidence.isEmpty && !told.finding.because.isEmpty, "\(name)")
        #expect(told.finding.message.contains("step"), "\(told.finding.message)")
      }
    }
  }
}
