import Findings
import Foundation
import Runs
import Training

/// Valid files to begin with.
enum Seeds {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The files of a folder of the package, up to 64 kB each.
  static func files(_ folder: String, _ ending: String) throws -> [[UInt8]] {
    let url = root.appending(path: folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
    return try names.filter { $0.hasSuffix("." + ending) }
      .map { [UInt8](try Data(contentsOf: url.appending(path: $0))) }.filter { $0.count <= 1 << 16 }
  }

  static func models() throws -> [[UInt8]] {
    try files("Tests/ONNXTests/Data", "onnx") + files("Tests/CasesTests/Data/static", "onnx")
      + files("Tests/CasesTests/Data/hostile", "onnx")
  }

  /// Experiments with data of their own, and a form of every section.
  static func experiments() throws -> [[UInt8]] {
    let troubles = try files("Examples/troubles", "yaml")
    let own = """
      network:
        input: [2]
        layers: [{dense: 8}, tanh, {dropout: 0.1}, {dense: 2}]
        loss: softmax_cross_entropy
      data: {spirals: {samples: 60, noise: 0.1}, seed: 1, validation: 0.2, standardize: true}
      training:
        optimizer: {adam: {learning_rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8}}
        schedule: {cosine: {floor: 0.1}}
        batch: 16
        steps: 20
        clip: {global_norm: 1.0}
        seed: 3
      """
    return troubles + [Array(own.utf8)]
  }

  /// A run of five steps with a snapshot.
  static func runs() throws -> [[UInt8]] {
    let path = FileManager.default.temporaryDirectory
      .appending(path: "evenkeel-seed-\(UUID().uuidString).run").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let writer = try RunWriter(path, meta: ["name": "seed"])
    let health = StepRecord.TensorHealth(
      mean: 0, secondMoment: 1, minimum: -2, maximum: 2, zeroShare: 0, nonFiniteCount: 0)
    for step in 0..<5 {
      writer.append(
        StepRecord(
          step: step, loss: 1 / Double(step + 1), learningRate: 0.1, gradientNorm: 1,
          layers: [.init(name: "layers.1", activation: health, gradient: health)],
          parameters: [
            .init(
              name: "layers.1.weight", weight: health, gradient: health, update: health,
              lostShare: 0)
          ]))
    }
    writer.append(TrainingSnapshot(step: 5, tensors: [], numbers: ["a": "1"]))
    try writer.close()
    return [[UInt8](try Data(contentsOf: URL(filePath: path)))]
  }
}
