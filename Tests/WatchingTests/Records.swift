import Findings
import Numbers
import RealModule

@testable import Watching

/// Records of a made-up run, healthy unless a test changes them.
struct Records {
  var layers = 4
  var loss: (Int) -> Double = { 1.1 * Double.pow(0.99, Double($0)) + 0.05 }
  var change: (inout StepRecord) -> Void = { _ in }

  static func health(_ moment: Double, zeros: Double = 0, nonFinite: Int = 0)
    -> StepRecord.TensorHealth
  {
    let size = 2 * moment.squareRoot()
    return .init(
      mean: 0, secondMoment: moment, minimum: -size, maximum: size, zeroShare: zeros,
      nonFiniteCount: nonFinite)
  }

  func record(_ step: Int) -> StepRecord {
    let noise = RandomStream(seed: 5, name: "records").substream(UInt32(step))
    func moment(_ value: Double, _ index: Int) -> Double {
      value * .exp(0.1 * noise.normal(at: index))
    }
    var record = StepRecord(
      step: step, loss: loss(step) * .exp(0.02 * noise.normal(at: 0)), learningRate: 0.01,
      gradientNorm: 1)
    for i in 0..<layers {
      record.layers.append(
        .init(
          name: "layers.\(i)", activation: Self.health(moment(0.5, 4 * i + 1), zeros: 0.5),
          gradient: Self.health(moment(1e-4, 4 * i + 2))))
      record.parameters.append(
        .init(
          name: "layers.\(i).weight", weight: Self.health(0.05),
          gradient: Self.health(moment(1e-3, 4 * i + 3)),
          update: Self.health(moment(5e-8, 4 * i + 4)), lostShare: 0))
    }
    change(&record)
    return record
  }

  /// The findings and events of a run of `steps` steps.
  func watched(
    _ steps: Int, _ subject: WatchSubject = WatchSubject(width: 64, baselineLoss: 1),
    thresholds: WatchThresholds = WatchThresholds()
  ) -> Watched {
    var subject = subject
    subject.plannedSteps = subject.plannedSteps ?? steps
    var watch = Watch(subject, thresholds: thresholds)
    var events: [(step: Int, event: WatchEvent)] = []
    for step in 0..<steps { events += watch.observe(record(step)).map { (step, $0) } }
    let findings = watch.finish()
    return Watched(findings: findings, events: events, verdict: watch.verdict)
  }

  struct Watched {
    let findings: [WatchedFinding]
    let events: [(step: Int, event: WatchEvent)]
    let verdict: Verdict

    func finding(_ rule: RuleName) -> WatchedFinding? {
      findings.first { $0.finding.rule == rule }
    }
  }
}
