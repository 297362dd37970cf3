import Experiments
import Findings
import Foundation
import Networks
import Remedies
import Samples
import Testing
import Training
import Trials

/// Remedies that leave one setting out: each changes what its sentence says, and nothing else.
@Suite struct SettingRemedyTests {
  private static func patient(
    _ network: String, data: String = "{moons: {samples: 64}}", training: String,
    file: String? = nil
  ) throws -> Patient {
    let experiment = try Experiment(
      yaml: "network: {\(network)}\ndata: \(data)\ntraining: \(training)", file: file)
    let trial = try Trial(experiment)
    return Patient(experiment, trial.symptoms, trial.finish())
  }

  private static let plain =
    "input: [2], layers: [{dense: 8}, relu, {dense: 2}], loss: softmax_cross_entropy"

  /// A training with every setting that a remedy leaves out.
  private static let all = """
    {optimizer: {sgd: {learning_rate: 0.1, momentum: 0.95, weight_decay: 0.5}}, batch: 4, steps: 50,
     schedule: {exponential: 0.9}, warmup: 20, clip: {global_norm: 1},
     gradients: [{noise: {eta: 3}}, {regularization: {l1: 2, l2: 4}}, centralization], seed: 5}
    """

  /// The remedy, what its sentence holds, the text that the file loses, and what it gets.
  @Test(arguments: [
    ("drop_weight_decay", "weight decay of 0.5", "weight_decay: 0.5", ""),
    ("drop_l1", "L1 penalty of 2", "l1: 2", ""),
    ("drop_l2", "L2 penalty of 4", "l2: 4", ""),
    ("drop_noise", "eta 3", "noise", ""),
    ("drop_schedule", "'exponential'", "schedule", ""),
    ("drop_warmup", "20 steps", "warmup", ""),
    ("larger_batch", "32 samples into a batch in place of 4", "batch: 4", "batch: 32"),
    ("more_steps", "200 steps in place of 50", "steps: 50\n", "steps: 200"),
    ("usual_optimizer_settings", "momentum 0.95", "momentum: 0.95", ""),
    ("remove_clipping", "do not clip", "clip", ""),
  ])
  func oneSettingIsChanged(name: String, says: String, loses: String, gets: String) throws {
    let patient = try Self.patient(Self.plain, training: Self.all)
    let found = ExperimentRemedies.amendments(for: patient).filter { $0.remedy == name }
    let amendment = try #require(found.first)
    #expect(amendment.sentence.contains(says), "\(amendment.sentence)")
    let (before, after) = (patient.experiment.yaml, amendment.experiment.yaml)
    #expect(before.contains(loses) && !after.contains(loses), "\(after)")
    #expect(gets.isEmpty || after.contains(gets))
    #expect(try Experiment(yaml: after).yaml == after)
    let old = Set(before.split(separator: "\n"))
    let new = Set(after.split(separator: "\n"))
    #expect(old.symmetricDifference(new).count <= 6, "\(old.symmetricDifference(new))")
    #expect(after.contains("centralization") && after.contains("seed: 5"))
  }

  @Test func nothingIsLeftOutOfAPlainTraining() throws {
    let patient = try Self.patient(Self.plain, training: "{optimizer: {sgd: 0.1}, steps: 50}")
    let names = Set(ExperimentRemedies.amendments(for: patient).map(\.remedy))
    #expect(names.filter { $0.hasPrefix("drop_") || $0.hasPrefix("usual_") } == [])
    #expect(
      names.isDisjoint(with: ["larger_batch", "first_label", "leave_out_rows", "read_labels"]))
  }

  @Test func dropoutIsLeftOut() throws {
    let patient = try Self.patient(
      "input: [2], layers: [{dense: 8}, relu, {dropout: 0.9}, {dense: 2}], loss: "
        + "softmax_cross_entropy",
      training: "{steps: 10}")
    let found = try #require(
      ExperimentRemedies.amendments(for: patient).first { $0.remedy == "drop_dropout" })
    #expect(found.sentence.contains("0.9") && !found.experiment.yaml.contains("dropout"))
  }

  @Test func adamKeepsDecayAndClippingAndNamesWhatItDrops() throws {
    let patient = try Self.patient(Self.plain, training: Self.all)
    let adam = try #require(
      ExperimentRemedies.amendments(for: patient).first { $0.remedy == "adam" })
    #expect(adam.sentence.contains("momentum 0.95") && adam.sentence.contains("weight_decay 0.5"))
    #expect(
      adam.experiment.yaml.contains("clip") && adam.experiment.yaml.contains("weight_decay: 0.5"))
  }

  // MARK: - The output

  private static func outputs(_ layers: String, _ loss: String) throws -> [Amendment] {
    let patient = try patient(
      "input: [2], layers: [\(layers)], loss: \(loss)", training: "{steps: 5}")
    return ExperimentRemedies.amendments(for: patient)
      .filter { $0.remedy.hasPrefix("drop_output") }
  }

  @Test func whatTheLossDoesItselfIsLeftOut() throws {
    for (layers, loss) in [
      ("{dense: 8}, relu, {dense: 2}, softmax", "softmax_cross_entropy"),
      ("{dense: 8}, relu, {dense: 1}, sigmoid", "binary_cross_entropy_with_logits"),
    ] {
      let found = try Self.outputs(layers, loss)
      #expect(found.map(\.cause) == [.lossFormulation], "\(found.map(\.sentence))")
      #expect(found.first?.experiment.network.layers.count == 3)
    }
    let rectified = try Self.outputs("{dense: 8}, relu, {dense: 2}, relu", "softmax_cross_entropy")
    #expect(rectified.map(\.cause) == [.outputActivation])
    #expect(try Self.outputs("{dense: 8}, relu, {dense: 2}", "softmax_cross_entropy").isEmpty)
    #expect(
      try Self.outputs("{dense: 8}, relu, {dense: 1}, sigmoid", "bce_on_probabilities").isEmpty)
  }

  @Test func remediesForHiddenLayersLeaveTheOutput() throws {
    let patient = try Self.patient(
      "input: [2], layers: [{dense: 8}, sigmoid, {dense: 8}, tanh, {dense: 2}, sigmoid, log], "
        + "loss: softmax_cross_entropy", training: "{steps: 5}")
    let hidden = ExperimentRemedies.amendments(for: patient)
      .filter { ["activation", "shaped_activation", "normalization"].contains($0.remedy) }
    #expect(hidden.count >= 6)
    for amendment in hidden {
      let tail = amendment.experiment.network.layers.suffix(2).map(\.tree)
      #expect(tail == [.text("sigmoid"), .text("log")], "\(amendment.sentence)")
      #expect(amendment.experiment.network.layers.count >= 7)
    }
  }

  // MARK: - The data

  private static func withTable<R>(
    _ rows: [String], _ body: (String) throws -> R
  ) throws -> R {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "setting-remedies-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try rows.joined(separator: "\n").write(
      to: folder.appending(path: "t.csv"), atomically: true, encoding: .utf8)
    return try body(folder.appending(path: "e.yaml").path)
  }

  @Test func standardisedTargetsBringTheTargetOfTheLossAlong() throws {
    // Targets 1000 and 3000: a deviation of 1000.
    let rows = ["x,y"] + (0..<64).map { "\($0 % 7),\($0 % 2 == 0 ? 1000 : 3000)" }
    try Self.withTable(rows) { file in
      let patient = try Self.patient(
        "input: [1], layers: [{dense: 1}], loss: mean_squared_error",
        data: "{csv: t.csv, targets: [y]}", training: "{steps: 5, target: {loss: 5e4}}", file: file)
      let found = try #require(
        ExperimentRemedies.amendments(for: patient).first { $0.remedy == "standardize_targets" })
      #expect(found.experiment.data.standardizesTargets)
      #expect(found.experiment.training.target == .loss(0.05))
      #expect(found.sentence.contains("0.05 in place of 50,000"), "\(found.sentence)")
      _ = try Trial(found.experiment)
    }
  }

  @Test func aRowThatIsFarOutIsLeftOutByItsLine() throws {
    let rows = ["x,y"] + (0..<200).map { "\($0 == 50 ? "1e20" : "\(Double($0 % 7))"),\($0 % 2)" }
    try Self.withTable(rows) { file in
      let patient = try Self.patient(
        "input: [1], layers: [{dense: 2}], loss: softmax_cross_entropy",
        data: "{csv: t.csv, label: y}", training: "{steps: 5}", file: file)
      let found = try #require(
        ExperimentRemedies.amendments(for: patient).first { $0.remedy == "leave_out_rows" })
      #expect(found.experiment.data.leftOut == [52])
      #expect(try found.experiment.samples().training.count == 199)
    }
  }

  @Test func labelsAreNumberedFromTheFirst() throws {
    let rows = ["x,y"] + (0..<60).map { "\($0 % 7),\($0 % 3 + 1)" }
    try Self.withTable(rows) { file in
      let patient = try Self.patient(
        "input: [1], layers: [{dense: 4}], loss: softmax_cross_entropy",
        data: "{csv: t.csv, label: y}", training: "{steps: 5}", file: file)
      let found = try #require(
        ExperimentRemedies.amendments(for: patient).first { $0.remedy == "first_label" })
      #expect(found.experiment.yaml.contains("first_label: 1"))
      _ = try Trial(found.experiment)
    }
  }

  @Test func wholeNumbersAreReadAsClasses() throws {
    let rows = ["x,y"] + (0..<60).map { "\($0 % 7),\($0 % 3 + 1)" }
    try Self.withTable(rows) { file in
      let patient = try Self.patient(
        "input: [1], layers: [{dense: 1}], loss: mean_squared_error",
        data: "{csv: t.csv, targets: [y]}", training: "{steps: 5}", file: file)
      let found = try #require(
        ExperimentRemedies.amendments(for: patient).first { $0.remedy == "read_labels" })
      #expect(found.experiment.yaml.contains("dense: 3"))
      #expect(found.experiment.yaml.contains("label:"))
      _ = try Trial(found.experiment)
    }
  }
}
