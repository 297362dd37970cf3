import Experiments
import Findings
import Foundation
import Testing
import Training
import Trials

/// The claims of the gallery at a size for tests.
@Suite struct DeepNetworkTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Examples/gallery").standardizedFileURL

  /// An experiment of the gallery, with fewer layers and a rate in proportion where that is said.
  private static func outcome(
    _ name: String, depth: Int? = nil, steps: Int
  ) throws -> TrialOutcome {
    var text = try String(contentsOf: folder.appending(path: name + ".yaml"), encoding: .utf8)
    if let depth { text = text.replacing("repeat: 1000\n", with: "repeat: \(depth)\n") }
    var experiment = try Experiment(yaml: text)
    experiment.training.duration = .steps(steps)
    if let depth { experiment.training.optimizer.learningRate *= 1000 / Double(depth) }
    return try Trial(experiment).run()
  }

  /// 100 plain layers of tanh, started at the critical point, learn; as many sigmoid layers do not move.
  @Test func orthogonalTanhTrainsWhereSigmoidDoesNotMove() throws {
    let tanh = try Self.outcome("tanh-1000-orthogonal", depth: 100, steps: 500)
    #expect(tanh.lastLoss < 0.5 * tanh.firstLoss, "\(tanh.lastLoss)")
    let sigmoid = try Self.outcome("sigmoid-1000-xavier", depth: 100, steps: 300)
    // The bias of the last layer alone learns, and the shares of the classes are all that it can tell.
    #expect(sigmoid.lastLoss > 0.69 && sigmoid.verdict == .failing, "\(sigmoid.lastLoss)")
  }

  @Test func xavierStallsThirtyRectifierLayersAndHeDoesNot() throws {
    let he = try Self.outcome("relu-30-he", steps: 800)
    #expect(he.meetsTarget == true, "\(he.lastLoss)")
    let xavier = try Self.outcome("relu-30-xavier", steps: 400)
    #expect(abs(xavier.lastLoss - 0.6931) < 0.01, "\(xavier.lastLoss)")
  }
}
