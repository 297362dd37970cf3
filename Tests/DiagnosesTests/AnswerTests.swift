import Experiments
import Findings
import Foundation
import Samples
import Tensors
import Testing
import Training
import Trials

@testable import Diagnoses

private func report(_ yaml: String, seconds: Double = 60) throws -> DiagnosisReport {
  let experiment = try Experiment(yaml: yaml)
  return try DiagnosisRun(
    experiment, name: "test", samples: experiment.samples(keepsNonFinite: true),
    budget: .seconds(seconds)
  ).run()
}

/// A table in a file of its own.
private func table(_ rows: [[Double]], _ header: String) throws -> String {
  let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).csv")
  let lines = rows.map { $0.map { "\($0)" }.joined(separator: ",") }
  try ([header] + lines).joined(separator: "\n").write(to: url, atomically: true, encoding: .utf8)
  return url.path
}

/// Numbers that look random, the same on every machine.
private struct Draws {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
  mutating func uniform() -> Double {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Double(state >> 11) * 0x1p-53
  }
  /// Nearly normal: the sum of twelve uniform numbers.
  mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + uniform() } }
}

/// Trainings in which no number is at fault.
@Suite struct AnswerTests {
  @Test func coinsAreNotLearned() throws {
    var draws = Draws(1)
    let path = try table(
      (0..<600).map { _ in
        [draws.normal(), draws.normal(), draws.normal(), draws.uniform() < 0.5 ? 1 : 0]
      }, "a,b,c,label")
    let found = try report(
      """
      network: {input: [3], layers: [{dense: 24}, relu, {dense: 2}], loss: softmax_cross_entropy}
      data: {csv: \(path), label: label, validation: 0.3}
      training: {optimizer: {adam: 0.002}, steps: 400, target: {accuracy: 0.85}}
      """)
    #expect(found.rootCause?.cause == .unpredictableTargets, "\(found.json.text)")
    #expect(found.suspects.allSatisfy { $0.counterfactuals.isEmpty })
  }

  @Test func validationFromElsewhereIsNamedWithItsColumn() throws {
    var draws = Draws(2)
    func rows(_ shift: Double) -> [[Double]] {
      (0..<300).map { _ in
        let (a, b) = (draws.normal(), draws.normal())
        return [a + shift, b, a * a + b * b > 1.4 ? 1 : 0]
      }
    }
    let (own, other) = (try table(rows(0), "a,b,label"), try table(rows(8), "a,b,label"))
    let found = try report(
      """
      network: {input: [2], init: {weights: he_normal}, layers: [{dense: 32}, relu, {dense: 2}], loss: softmax_cross_entropy}
      data: {csv: \(own), label: label, validation: {csv: \(other)}}
      training: {optimizer: {adam: 0.02}, steps: 500, target: {accuracy: 0.85}}
      """)
    #expect(found.rootCause?.cause == .dataShift, "\(found.json.text)")
    #expect(found.rootCause?.because.contains("'a'") == true)
    #expect(found.rootCause?.isProven == true)
  }

  @Test func learningByHeartIsNoFaultOfNumbers() throws {
    var draws = Draws(3)
    let path = try table(
      (0..<160).map { _ in
        let x = (0..<30).map { _ in draws.normal() }
        return x + [x[0] + 4 * draws.normal() > 0 ? 1 : 0]
      }, (0..<30).map { "x\($0)" }.joined(separator: ",") + ",label")
    let found = try report(
      """
      network: {input: [30], init: {weights: he_normal}, layers: [{dense: 128}, relu, {dense: 2}], loss: softmax_cross_entropy}
      data: {csv: \(path), label: label, validation: 0.4}
      training: {optimizer: {adam: 0.01}, steps: 300, target: {accuracy: 0.9}}
      """)
    #expect(found.rootCause?.cause == .generalization, "\(found.json.text)")
  }

  @Test func linearLayersDoNotBend() throws {
    let found = try report(
      """
      network: {input: [2], layers: [{dense: 16}, {dense: 2}], loss: softmax_cross_entropy}
      data: {circles: {samples: 400}, validation: 0.25}
      training: {optimizer: {adam: 0.02}, steps: 400, target: {accuracy: 0.9}}
      """)
    #expect(found.rootCause?.cause == .capacity && found.rootCause?.isProven == true)
  }

  @Test func tenStepsAreTooFew() throws {
    let found = try report(
      """
      network: {input: [2], init: {weights: he_normal}, layers: [{dense: 32}, relu, {dense: 2}], loss: softmax_cross_entropy}
      data: {moons: {samples: 400}, validation: 0.25}
      training: {optimizer: {adam: 0.003}, steps: 10, target: {accuracy: 0.85}}
      """)
    #expect(found.verdict == .targetMissed)
    #expect(found.rootCause?.cause == .tooFewSteps, "\(found.json.text)")
  }

  /// The learning rate is at fault whether biases start at 0 or not.
  @Test(arguments: ["0", "0.1"])
  func theRateIsJudgedByWeights(bias: String) throws {
    let found = try report(
      """
      network: {input: [2], init: {weights: he_normal, bias: \(bias)}, layers: [{dense: 32}, relu, {dense: 32}, relu, {dense: 2}], loss: softmax_cross_entropy}
      data: {moons: {samples: 400}, validation: 0.25}
      training: {optimizer: {sgd: 0.0005}, steps: 400, target: {loss: 0.25}}
      """)
    #expect(found.rootCause?.cause == .learningRate, "\(found.json.text)")
  }

  @Test func secondsBoundTheFirstTraining() throws {
    let start = ContinuousClock.now
    let found = try report(
      """
      network: {input: [2], layers: [{dense: 32}, relu, {dense: 2}], loss: softmax_cross_entropy}
      data: moons
      training: {optimizer: {adam: 0.003}, steps: 10000000}
      """, seconds: 0.5)
    #expect(ContinuousClock.now - start < .seconds(5))
    #expect(found.verdict == .notFinished && found.rootCause == nil && found.note != nil)
    #expect(found.seconds >= 0.5)
  }

  /// A target that one seed in two meets: no cause may be called proven.
  @Test func anotherSeedIsTriedBeforeAnythingIsProven() throws {
    let found = try report(
      """
      network: {input: [2], init: {weights: {normal: 1e-4}}, layers: [{dense: 24}, relu, {dense: 2}], loss: softmax_cross_entropy}
      data: {moons: {samples: 300}, validation: 0.25}
      training: {optimizer: {sgd: 0.001}, steps: 300, target: {accuracy: 0.85}}
      """)
    let proven = found.suspects.filter(\.isProven)
    #expect(found.controls.count >= 2 && found.controls.allSatisfy { $0.seed != 0 })
    for suspect in proven {
      let healed = suspect.counterfactuals.filter(\.isHealthy)
      #expect(
        healed.contains { !$0.seeds.isEmpty && !$0.seeds.values.contains(false) },
        "\(suspect.cause) \(suspect.counterfactuals)")
    }
  }
}

@Suite struct DataTests {
  private static func dataset(
    _ features: [Float], width: Int, labels: [Int64], names: [String] = ["a", "b"]
  ) throws -> Dataset {
    let count = labels.count
    let x = Tensor(zeros: [count, width], .float32)
    let elements = x.elements(as: Float.self)
    for (i, value) in features.enumerated() { elements[i] = value }
    let y = Tensor(zeros: [count], .int64)
    for (i, label) in labels.enumerated() { y.elements(as: Int64.self)[i] = label }
    return try Dataset(
      name: "made", features: x, targets: .classes(y, names: names),
      featureNames: (0..<width).map { "f\($0)" })
  }

  @Test func neighboursFindWhatIsThereAndNothingElse() throws {
    var draws = Draws(4)
    let x = (0..<400).map { _ in Float(draws.normal()) }
    let told = try #require(
      NearestNeighbours(Self.dataset(x, width: 1, labels: x.map { $0 > 0 ? 1 : 0 })))
    #expect(told.score > 0.97)
    let coins = try #require(
      NearestNeighbours(
        Self.dataset(x, width: 1, labels: x.map { _ in draws.uniform() < 0.5 ? 1 : 0 })))
    #expect(abs(coins.score - 0.5) < 0.09)
  }

  @Test func shiftsAreFoundAndEqualDistributionsAreNot() throws {
    var draws = Draws(5)
    func sample(_ shift: Double, _ scale: Double) throws -> Dataset {
      let x = (0..<1000).map { i in
        Float(i % 2 == 0 ? draws.normal() : scale * draws.normal() + shift)
      }
      return try Self.dataset(x, width: 2, labels: (0..<500).map { Int64($0 % 2) })
    }
    let own = try sample(0, 1)
    #expect(DistributionShift(own, try sample(0, 1)) == nil)
    #expect(DistributionShift(own, try sample(2, 1))?.sentence.contains("'f1'") == true)
    #expect(DistributionShift(own, try sample(0, 5)) != nil)
  }

  /// Two samples of three numbers each: by hand.
  @Test func theDistanceIsThatOfKolmogorovAndSmirnov() {
    #expect(DistributionShift.distance([1, 2, 3], [1, 2, 3]) == 0)
    #expect(DistributionShift.distance([1, 2, 3], [4, 5, 6]) == 1)
    #expect(abs(DistributionShift.distance([1, 2, 3], [2, 3, 4]) - 1.0 / 3) < 1e-12)
  }
}
