import Experiments
import Findings
import Foundation
import Numbers
import Samples
import Tensors
import Testing
import Training
import Watching

/// A file whose sections `data`, `training` and `watch` are given.
private func text(_ data: String, _ training: String = "{}", watch: String = "{}") -> String {
  """
  network:
    input: [2]
    layers: [{dense: 8}, tanh, {dense: 2}]
    loss: softmax_cross_entropy
  data: \(data)
  training: \(training)
  watch: \(watch)
  """
}

@Suite struct ReadingTests {
  @Test func aWholeExperimentIsRead() throws {
    let experiment = try Experiment(
      yaml: text(
        "{spirals: {samples: 300, noise: 0.1}, seed: 4, standardize: true, validation: 0.2}",
        """
        {optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9, nesterov: true}},
          schedule: {step: {every: 10, factor: 0.5}}, warmup: 5, batch: 64, accumulation: 2,
          steps: 500, format: fp16, loss_scale: apex, clip: {global_norm: 1.0},
          gradients: [centralization, {noise: {eta: 0.3}}], seed: 7, max_skipped: 3,
          roll_back: true, snapshots: {every: 50, keep: 2}, target: {accuracy: 0.9}, validate: 25}
        """, watch: "{dead_share: 0.7}"))
    let training = experiment.training
    let sgd = try #require(training.optimizer as? SGD)
    #expect(sgd.learningRate == 0.1 && sgd.momentum == 0.9 && sgd.isNesterov)
    #expect((training.schedule.schedule as? StepSchedule)?.every == 10)
    #expect(training.schedule.warmup == 5)
    #expect(training.batch == 64 && training.accumulation == 2)
    #expect(training.duration == .steps(500))
    #expect(training.precision.format == .fp16)
    #expect(training.precision.lossScaling?.ceiling == 0x1p24)
    #expect((training.clipping as? GlobalNormClipping)?.limit == 1)
    #expect(training.treatments.count == 2)
    #expect((training.treatments[1] as? GradientNoise)?.eta == 0.3)
    #expect(training.seed == 7)
    #expect(training.guarding.maxSkipped == 3 && training.guarding.rollsBack)
    #expect(training.snapshots.every == 50 && training.snapshots.kept == 2)
    #expect(training.target == .accuracy(0.9) && training.validationInterval == 25)
    #expect(experiment.thresholds.deadShare == 0.7)
    let samples = try experiment.samples()
    #expect(samples.training.count == 240 && samples.validation?.count == 60)
    let features = samples.training.features.elements(as: Float.self)
    #expect(abs(features.indices.reduce(0) { $0 + features[$1] }) < 1e-3)
  }

  @Test func whatIsWrittenReadsBack() throws {
    let sections = [
      ("blobs", "{}"),
      (
        "{csv: a/b.csv, label: class, delimiter: ';', ignore: [id], validation: {csv: c.csv}}",
        "{optimizer: adamw, schedule: cosine, warmup: {steps: 3, start: 0.5}, epochs: 3}"
      ),
      (
        "{idx: images.idx, labels: labels.idx, divide: 10, non_finite: drop}",
        "{optimizer: {rmsprop: {alpha: 0.5}}, format: fp8, loss_scale: 128, masters: false}"
      ),
      ("{npy: x.npy, targets: y.npy, validation: 0.25}", "{clip: {adaptive: {limit: 0.1}}}"),
      (
        "{safetensors: d.safetensors, features: x, labels: y, classes: 2, standardize: all}",
        "{loss_scale: {initial: 8, interval: 5}, target: {loss: 0.5}, gradients: normalization}"
      ),
      (
        "moons",
        "{layer_rates: [{layers: [layers.1], factor: 0.1}], early_stopping: {patience: 3}, "
          + "weight_averaging: {decay: 0.9, start: 0.5}}"
      ),
    ]
    for (data, training) in sections {
      let first = try Experiment(yaml: text(data, training))
      let second = try Experiment(yaml: first.yaml)
      #expect(first.data == second.data)
      #expect(first.yaml == second.yaml, "\(data) \(training)")
      #expect(first.training.duration == second.training.duration)
      #expect(first.training.precision == second.training.precision)
      #expect(first.training.target == second.training.target)
      #expect(first.training.layerRates == second.training.layerRates)
      #expect(first.training.earlyStopping == second.training.earlyStopping)
      #expect(first.training.averaging == second.training.averaging)
    }
  }

  @Test(arguments: [
    ("spirals", "momentum", 0.9, false), ("spirals", "{nesterov: 0.5}", 0.9, true),
    ("spirals", "{momentum: {momentum: 0.5}}", 0.5, false),
  ])
  func descentWithMomentumHasNamesOfItsOwn(
    data: String, optimizer: String, momentum: Double, isNesterov: Bool
  ) throws {
    let experiment = try Experiment(yaml: text(data, "{optimizer: \(optimizer)}"))
    let sgd = try #require(experiment.training.optimizer as? SGD)
    #expect(sgd.momentum == momentum && sgd.isNesterov == isNesterov)
  }

  @Test(arguments: [
    ("{spiral: {}}", "{}", "{}", 5, "did you mean 'spirals'?"),
    ("{spirals: {turn: 2}}", "{}", "{}", 5, "has no option 'turn'"),
    ("{seed: 3}", "{}", "{}", 5, "does not say where samples come from"),
    ("{spirals: {}, moons: {}}", "{}", "{}", 5, "both 'spirals' and 'moons'"),
    ("{npy: x.npy}", "{}", "{}", 5, "needs either 'labels' or 'targets'"),
    ("{spirals: {}, label: x}", "{}", "{}", 5, "'spirals' has no 'label'"),
    ("{spirals: {}, validation: 1.5}", "{}", "{}", 5, "'validation' is '1.5'"),
    ("[1, 2]", "{}", "{}", 5, "'data' is a list"),
    ("moons", "{optimiser: sgd}", "{}", 6, "did you mean 'optimizer'?"),
    ("moons", "{optimizer: {adam: {beta: 1}}}", "{}", 6, "'adam' has no option 'beta'"),
    ("moons", "{optimizer: adem}", "{}", 6, "did you mean 'adam'?"),
    ("moons", "{optimizer: {adam: 0.1}, learning_rate: 1}", "{}", 6, "keep one of them"),
    ("moons", "{steps: 5, epochs: 2}", "{}", 6, "both 'steps' and 'epochs'"),
    ("moons", "{steps: 0}", "{}", 6, "a whole number of at least 1"),
    ("moons", "{format: fp12}", "{}", 6, "'format' is 'fp12'"),
    ("moons", "{loss_scale: dynamc}", "{}", 6, "did you mean 'dynamic'?"),
    ("moons", "{clip: {global_norm: -1}}", "{}", 6, "'limit' of 'global_norm'"),
    ("moons", "{target: {accuracy: 2}}", "{}", 6, "'accuracy' is '2'"),
    ("moons", "{target: 2}", "{}", 6, "'target' is '2'"),
    ("moons", "{}", "{dead: 1}", 7, "has no key 'dead'"),
    ("moons", "{}", "{dead_share: 7}", 7, "'dead_share' is 7"),
  ])
  func mistakesAreToldByLine(
    data: String, training: String, watch: String, line: Int, message: String
  ) {
    #expect(throws: InputError.self) {
      do {
        _ = try Experiment(yaml: text(data, training, watch: watch), file: "x.yaml")
      } catch let error as InputError {
        #expect(error.description.hasPrefix("x.yaml:\(line): "), "\(error)")
        #expect(error.description.contains(message), "\(error)")
        throw error
      }
    }
  }

  @Test func pathsBeginAtTheFileAndBadRowsAreNamed() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let table = "x,y,class\n0,1,a\n1,nan,b\n2,3,b\n4,5,a\n"
    try table.write(
      to: folder.appendingPathComponent("t.csv"), atomically: true, encoding: .utf8)
    let path = folder.appendingPathComponent("e.yaml").path
    func experiment(_ data: String) throws -> Experiment {
      try text(data).write(toFile: path, atomically: true, encoding: .utf8)
      return try Experiment(contentsOf: path)
    }
    let refused = try experiment("{csv: t.csv, label: class}")
    let error = #expect(throws: InputError.self) { try refused.samples() }
    #expect(error?.description.contains("t.csv:3: ") == true, "\(String(describing: error))")
    #expect(try refused.samples(keepsNonFinite: true).training.count == 4)

    let samples = try experiment("{csv: t.csv, label: class, non_finite: drop}").samples()
    #expect(samples.training.count == 3)
    #expect(samples.dropped.count == 1 && samples.dropped[0].hasSuffix("t.csv line 3"))
    #expect(samples.training.place(ofSample: 1).hasSuffix("t.csv line 4"))
  }

  @Test func aClassThatIsMissingInTheValidationMovesNoOther() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, rows) in [("a", "0,1,a\n1,2,b\n2,3,c\n"), ("b", "2,3,c\n1,2,b\n")] {
      try ("x,y,class\n" + rows).write(
        to: folder.appendingPathComponent(name + ".csv"), atomically: true, encoding: .utf8)
    }
    let path = folder.appendingPathComponent("e.yaml").path
    try text("{csv: a.csv, label: class, validation: {csv: b.csv}}")
      .write(toFile: path, atomically: true, encoding: .utf8)
    let samples = try Experiment(contentsOf: path).samples()
    guard case .classes(let labels, let names) = samples.validation?.targets else {
      Issue.record("the targets are no classes")
      return
    }
    #expect(names == ["a", "b", "c"])
    let numbers = labels.elements(as: Int64.self)
    #expect(numbers.indices.map { numbers[$0] } == [2, 1])
  }
}
