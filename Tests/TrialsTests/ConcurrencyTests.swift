import Experiments
import Findings
import Foundation
import Testing
import Training
import Trials

/// Trainings that go on at the same time, in threads of one process.
@Suite struct ConcurrencyTests {
  private static func run(_ activation: String) throws -> [UInt64] {
    let experiment = try Experiment(
      yaml: """
        network:
          input: [2]
          layers: [{dense: 32}, \(activation), {dense: 32}, \(activation), {dense: 2}]
          loss: softmax_cross_entropy
        data: moons
        training: {optimizer: {adam: 0.01}, steps: 300}
        """)
    let trial = try Trial(experiment)
    _ = trial.run()
    return trial.losses.map(\.bitPattern)
  }

  @Test func theyDoNotDisturbEachOther() async throws {
    let names = ["relu", "tanh", "sigmoid", "gelu"]
    let alone = try names.map { try Self.run($0) }
    try await withThrowingTaskGroup(of: (Int, [UInt64]).self) { group in
      for number in 0..<48 {
        group.addTask { (number % names.count, try Self.run(names[number % names.count])) }
      }
      for try await (number, losses) in group {
        #expect(losses == alone[number], "\(names[number])")
      }
    }
  }
}
