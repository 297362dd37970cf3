import Experiments
import Findings
import Foundation
import Networks
import Testing
import Training

@Suite struct ExperimentSchemaTests {
  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every bundled file, by its path in the repository.
  static let examples: [String] = ["Examples", "Examples/troubles"].flatMap { folder in
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: repository.appending(path: folder).path)
    return (names ?? []).filter { $0.hasSuffix(".yaml") }.sorted().map { "\(folder)/\($0)" }
  }

  /// `Scripts/write-schema` writes it anew after a change.
  @Test func theShippedSchemaIsWhatTheReadersKnow() throws {
    let file = Self.repository.appending(path: "Schemas/network.schema.json")
    let schema = ExperimentSchema.json()
    if ProcessInfo.processInfo.environment["EVENKEEL_WRITE_SCHEMA"] != nil {
      try schema.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == schema)
  }

  /// `Scripts/write-schema` writes it anew after a change.
  @Test func thePageOfLayersIsWhatTheReadersKnow() throws {
    let file = Self.repository.appending(path: "docs/layers.md")
    let page = ExperimentSchema.layersPage()
    if ProcessInfo.processInfo.environment["EVENKEEL_WRITE_SCHEMA"] != nil {
      try page.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == page)
  }

  @Test func everyExampleFits() throws {
    #expect(Self.examples.count > 100)
    let schema = try JSONSchema(ExperimentSchema.json())
    for path in Self.examples {
      let text = try String(contentsOf: Self.repository.appending(path: path), encoding: .utf8)
      #expect(try schema.failures(YAMLTree(text: text, file: path)) == [], "\(path)")
    }
  }

  private static func file(data: String, training: String, watch: String) throws -> String {
    """
    network: {input: [2], layers: [{dense: 2}], loss: softmax_cross_entropy}
    data: \(data)
    training: \(training)
    watch: \(watch)
    """
  }

  /// What the reader takes in the ways that examples do not write it.
  @Test(arguments: [
    ("spirals", "{}", "{}"), ("{moons: 50, seed: 3}", "{optimizer: nesterov}", "{margin: 2}"),
    ("{blobs: , validation: {moons: {noise: 0.1}}}", "{warmup: {steps: 3, start: 0.5}}", "{}"),
    (
      "{csv: a.csv, label: -1, delimiter: ;, ignore: [id, 3], classes: [a, 1], header: true}",
      "{optimizer: {momentum: 0.1}, schedule: {exponential: 0.99}, epochs: 2}", "{}"
    ),
    (
      "{safetensors: a.safetensors, targets: y, standardize: all, validation: {npy: x.npy}}",
      "{loss_scale: apex, gradients: centralization, snapshots: {every: 5}, format: fp8}", "{}"
    ),
    (
      "{idx: a, labels: b, divide: 255, standardize: true, non_finite: drop, validation: 0.2}",
      "{loss_scale: {initial: 8}, gradients: [{noise: {eta: 0.1}}, {normalization: {global: true}}]}",
      "{dead_share: 0.8}"
    ),
    ("xor", "{loss_scale: false, keep_fp32: loss, clip: {global_norm: 1}}", "{}"),
    (
      "xor",
      "{layer_rates: [{layers: [layers.1], factor: 0.1}], early_stopping: {patience: 3}, "
        + "weight_averaging: {decay: 0.99, start: 0.5}}", "{}"
    ),
    ("xor", "{loss_scale: 1024, keep_fp32: [layers.1], target: {loss_ratio: 0.5}}", "{}"),
  ])
  func whatIsReadFits(data: String, training: String, watch: String) throws {
    let text = try Self.file(data: data, training: training, watch: watch)
    #expect(throws: Never.self) { try Experiment(yaml: text) }
    let schema = try JSONSchema(ExperimentSchema.json())
    #expect(try schema.failures(YAMLTree(text: text)) == [])
  }

  @Test(arguments: [
    ("spiral", "{}", "{}"), ("{seed: 3}", "{}", "{}"), ("{spirals: {}, moons: {}}", "{}", "{}"),
    ("{spirals: {turn: 2}}", "{}", "{}"), ("{spirals: {samples: 0}}", "{}", "{}"),
    ("{spirals: {}, validation: 1.5}", "{}", "{}"), ("[1, 2]", "{}", "{}"),
    ("moons", "{optimiser: sgd}", "{}"), ("moons", "{optimizer: adem}", "{}"),
    ("moons", "{optimizer: {adam: {beta: 1}}}", "{}"),
    ("moons", "{optimizer: {adam: {beta1: 1}}}", "{}"),
    ("moons", "{optimizer: {adam: 0.1, sgd: 0.1}}", "{}"), ("moons", "{steps: 0}", "{}"),
    ("moons", "{batch: many}", "{}"), ("moons", "{batch: 2.5}", "{}"),
    ("moons", "{format: fp12}", "{}"), ("moons", "{backward_format: fp8}", "{}"),
    ("moons", "{loss_scale: dynamc}", "{}"), ("moons", "{clip: {global_norm: -1}}", "{}"),
    ("moons", "{gradients: {centralization: 3}}", "{}"), ("moons", "{masters: 3}", "{}"),
    ("moons", "{target: {accuracy: 2}}", "{}"), ("moons", "{target: 2}", "{}"),
    ("moons", "{target: {loss: 1, accuracy: 0.5}}", "{}"), ("moons", "{warmup: -1}", "{}"),
    ("moons", "{snapshots: {each: 3}}", "{}"), ("moons", "{}", "{dead: 1}"),
    ("moons", "{}", "{dead_share: 7}"), ("moons", "{}", "{persistence: 4.5}"),
  ])
  func whatIsRefusedDoesNotFit(data: String, training: String, watch: String) throws {
    let text = try Self.file(data: data, training: training, watch: watch)
    #expect(throws: InputError.self) { try Experiment(yaml: text) }
    let schema = try JSONSchema(ExperimentSchema.json())
    #expect(try schema.failures(YAMLTree(text: text)) != [])
  }
}
