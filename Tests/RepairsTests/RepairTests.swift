import Experiments
import Findings
import Foundation
import Repairs
import Testing
import Training
import Trials

private let folder = URL(filePath: #filePath).deletingLastPathComponent()
  .appending(path: "../../Examples/troubles").standardizedFileURL

private func repair(
  _ name: String, budget: RepairSearch.Budget = .init(time: .seconds(60)), random: Bool = false
) throws -> (Experiment, RepairSearch.Repair) {
  let experiment = try Experiment(contentsOf: folder.appending(path: name + ".yaml").path)
  let search = RepairSearch(
    experiment, samples: try experiment.samples(keepsNonFinite: true), budget: budget)
  return (experiment, try search.run(called: name, comparesWithRandom: random))
}

@Suite struct RepairTests {
  @Test(arguments: [
    ("rate-sgd-10", 1), ("clip-value-tiny", 1), ("epsilon-adam", 1), ("data-nan-row", 1),
    ("loss-bce-on-probabilities", 1), ("start-relu-normal-1", 1), ("format-fp16-large-scale", 1),
    ("activation-exponential-5", 1),
  ])
  func aRepairIsFoundAndProven(name: String, changes: Int) throws {
    let (_, repair) = try repair(name)
    let report = repair.report
    #expect(report.outcome == .repaired, "\(report.json.text)")
    #expect(report.changes.count <= changes)
    #expect(report.proof.count == 3 && Set(report.proof.map(\.seed)).count == 3)
    // The repaired experiment is healthy when others run it.
    var experiment = repair.experiment
    experiment.training.seed &+= 1
    #expect(try Trial(experiment, keepsNonFinite: true).run().isHealthy)
  }

  @Test func whatIsHealthyIsLeftAlone() throws {
    let (experiment, repair) = try repair("healthy-moons-relu")
    #expect(repair.report.outcome == .healthy && repair.report.tried.isEmpty)
    #expect(repair.experiment.yaml == experiment.yaml)
  }

  @Test func aBudgetIsKept() throws {
    let (_, repair) = try repair("rate-sgd-10", budget: .init(steps: 1))
    // The first try is made whatever it costs; nothing is tried after it.
    #expect(repair.report.tried.count <= 1)
  }

  @Test func aRandomChoiceStandsBesideIt() throws {
    let (_, repair) = try repair("clip-global-norm-tiny", random: true)
    let random = try #require(repair.report.random)
    #expect(repair.report.outcome == .repaired && random.steps > 0 && random.tries > 0)
  }

  /// Two things are wrong: no single change is enough.
  @Test func severalChangesArePutTogether() throws {
    let experiment = try Experiment(
      yaml: """
        network:
          input: [2]
          init: {weights: {normal: 0.001}}
          layers:
            - repeat: 6
              layers: [{dense: 24}, relu]
            - dense: 2
          loss: softmax_cross_entropy
        data: {moons: {samples: 300}, validation: 0.25}
        training: {optimizer: {sgd: 0.1}, steps: 400, clip: {value: 1e-7}, target: {accuracy: 0.85}}
        """)
    let search = RepairSearch(
      experiment, samples: try experiment.samples(), budget: .init(time: .seconds(60)))
    let report = try search.run(called: "two", comparesWithRandom: false).report
    #expect(report.outcome == .repaired && report.changes.count == 2, "\(report.json.text)")
  }
}

@Suite struct BudgetTests {
  @Test func timeBoundsTheFirstTrainingToo() throws {
    let experiment = try Experiment(
      yaml: """
        network: {input: [2], layers: [{dense: 16}, relu, {dense: 2}], loss: softmax_cross_entropy}
        data: moons
        training: {optimizer: {adam: 0.003}, steps: 10000000}
        """)
    let start = ContinuousClock.now
    let search = RepairSearch(
      experiment, samples: try experiment.samples(), budget: .init(time: .seconds(0.5)))
    let report = try search.run(called: "long").report
    #expect(ContinuousClock.now - start < .seconds(5))
    #expect(report.outcome == .unrepaired && report.tried.isEmpty && report.reason != nil)
  }

  /// What the data forbid no remedy brings about: none is tried.
  @Test func nothingIsTriedWhereDataAreTheCause() throws {
    let experiment = try Experiment(contentsOf: folder.appending(path: "coins-two.yaml").path)
    let search = RepairSearch(
      experiment, samples: try experiment.samples(), budget: .init(time: .seconds(60)))
    let report = try search.run(called: "coins").report
    #expect(report.outcome == .unrepaired && report.tried.isEmpty)
    #expect(report.reason?.contains("features do not tell") == true)
  }

  /// The unchanged training stands beside the proof, with the same seeds.
  @Test func aRepairIsJudgedBesideTheOriginal() throws {
    let report = try repair("rate-sgd-10").1.report
    #expect(report.controls.map(\.seed) == report.proof.map(\.seed))
    #expect(report.controls.allSatisfy { $0.verdict != .healthy })
  }
}
