import Experiments
import Findings
import Foundation
import Tensors
import Testing
import Training
import Trials

/// Every set-up that the package ships makes the same steps again, bit for bit, on one thread and on two.
@Suite(.serialized) struct ThreadsTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Examples/troubles").standardizedFileURL

  /// What the first steps of a run came to: losses, norms and weights by their bits.
  private static func bits(_ experiment: Experiment, threads: Int) throws -> [UInt64] {
    Threads.count = threads
    var experiment = experiment
    experiment.training.guarding.maxSkipped = 100
    let trial = try Trial(experiment, keepsNonFinite: true)
    var bits: [UInt64] = []
    for _ in 0..<12 {
      guard let step = trial.next() else { break }
      bits += [step.record.loss.bitPattern, step.record.gradientNorm.bitPattern]
    }
    for (_, tensor) in trial.trainer.snapshot().tensors {
      let elements = tensor.elements(as: Float.self)
      bits += elements.indices.map { UInt64(elements[$0].bitPattern) }
    }
    return bits
  }

  @Test func aReplayIsTheSameOnAnyNumberOfThreads() throws {
    let before = Threads.count
    defer { Threads.count = before }
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".yaml") }.sorted()
    for name in names {
      let experiment = try Experiment(contentsOf: Self.folder.appending(path: name).path)
      let first = try Self.bits(experiment, threads: 1)
      #expect(try Self.bits(experiment, threads: 2) == first, "\(name)")
    }
    #expect(names.count > 100)
  }
}
