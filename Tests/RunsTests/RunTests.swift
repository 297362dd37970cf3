import Experiments
import Findings
import Foundation
import GRDB
import Runs
import Tensors
import Testing
import Training
import Trials
import Watching

private func experiment(_ training: String = "{steps: 40, optimizer: adam}") throws -> Experiment {
  try Experiment(
    yaml: """
      network:
        input: [2]
        layers: [{dense: 16}, relu, {dense: 16}, sigmoid, {dense: 2}]
        loss: softmax_cross_entropy
      data: moons
      training: \(training)
      """)
}

@Suite struct RunTests {
  @Test func whatIsWrittenIsRead() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      let writer = try RunWriter(path, meta: ["experiment": "text", "seed": "0"])
      let trial = try Trial(experiment())
      var records: [StepRecord] = []
      for step in trial {
        records.append(step.record)
        writer.append(step.record)
        if let evaluation = step.evaluation { writer.append(evaluation) }
        if step.record.step % 10 == 0 { writer.append(trial.trainer.snapshot()) }
      }
      let finding = Finding(
        .deadUnits, .warning, layer: "layers.1", message: "m", because: "b",
        evidence: [Evidence("a", 0.25), Evidence("b", .infinity)])
      writer.replace([WatchedFinding(finding, since: 3, told: 5, ended: 9)])
      writer.note("ending", "finished")
      try writer.close()

      let file = try RunFile(path)
      #expect(file.meta == ["experiment": "text", "seed": "0", "ending": "finished"])
      #expect(try file.stepCount() == 40)
      #expect(try file.records() == records.map(kept))
      #expect(try file.records(5..<7).map(\.step) == [5, 6])
      #expect(
        try file.findings() == [WatchedFinding(finding, since: 3, told: 5, ended: 9)])
      #expect(try file.snapshotSteps() == [1, 11, 21, 31])
      let snapshot = try #require(try file.snapshot(before: 30))
      #expect(snapshot.step == 21)

      let again = try Trial(experiment())
      try again.resume(at: snapshot, after: file.records(0..<21))
      _ = again.run()
      #expect(again.losses == trial.losses)
      #expect(!FileManager.default.fileExists(atPath: path + ".lock"))
      #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
    }
  }

  @Test func numbersThatAreNotFiniteAreKept() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      let writer = try RunWriter(path, meta: [:])
      var record = StepRecord(step: 0, loss: .nan, learningRate: 1, gradientNorm: .infinity)
      record.clipCoefficient = -.infinity
      record.clipDominant = "w"
      record.lossScale = 65536
      record.refusal = .init(place: .cotangent, tensor: "layers.2", nanCount: 7, infinityCount: 1)
      let health = StepRecord.TensorHealth(
        mean: 1, secondMoment: 1e70, minimum: -.infinity, maximum: .nan, zeroShare: 0.5,
        nonFiniteCount: 12)
      record.layers = [.init(name: "layers.2", activation: health, gradient: nil)]
      record.parameters = [.init(name: "w", weight: health, gradient: health)]
      writer.append(record)
      try writer.close()
      let read = try #require(try RunFile(path).records().first)
      #expect(read.loss.isNaN && read.gradientNorm == .infinity)
      #expect(read.clipCoefficient == -.infinity && read.clipDominant == "w")
      #expect(read.refusal == record.refusal && read.lossScale == 65536)
      let activation = read.layers[0].activation
      #expect(activation.nonFiniteCount == 12 && activation.zeroShare == 0.5)
      #expect(abs(activation.secondMoment / 1e70 - 1) < 1e-6 && activation.maximum.isNaN)
      #expect(read.layers[0].gradient == nil && read.parameters[0].update == nil)
    }
  }

  @Test func aRunIsGoneOnFromAStep() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      let writer = try RunWriter(path, meta: ["ending": "stopped"])
      let trial = try Trial(experiment())
      for step in trial {
        writer.append(step.record)
        if trial.trainer.step.isMultiple(of: 10) { writer.append(trial.trainer.snapshot()) }
      }
      try writer.close()
      let other = try RunWriter(resuming: path, at: 20)
      #expect(throws: RunError.self) { try RunWriter(resuming: path, at: 20) }
      try other.close()
      let file = try RunFile(path)
      #expect(try file.records().map(\.step) == Array(0..<20))
      #expect(try file.snapshotSteps() == [10, 20])
      #expect(file.meta["ending"] == nil)
    }
  }

  @Test func onlyTheLastSnapshotsAreKept() throws {
    try withFolder { folder in
      let writer = try RunWriter(folder + "/a.run", meta: [:])
      let trial = try Trial(experiment())
      for _ in trial { writer.append(trial.trainer.snapshot(), keeping: 2) }
      try writer.close()
      #expect(try RunFile(folder + "/a.run").snapshotSteps() == [1, 39, 40])
    }
  }

  @Test func whatIsToldIsCommittedSoon() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      let writer = try RunWriter(path, meta: [:])
      writer.append(StepRecord(step: 0, loss: 1, learningRate: 1, gradientNorm: 1))
      let start = ContinuousClock.now
      while try RunFile(path).stepCount() == 0, ContinuousClock.now - start < .seconds(5) {
        Thread.sleep(forTimeInterval: 0.02)
      }
      #expect(ContinuousClock.now - start < .seconds(1))
      try writer.close()
    }
  }

  @Test func filesThatAreNoRunsAreRefused() throws {
    try withFolder { folder in
      func refusal(_ name: String, _ bytes: [UInt8]?) throws -> String {
        let path = "\(folder)/\(name)"
        if let bytes { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
        let error = #expect(throws: RunError.self) { try RunFile(path) }
        return error?.description ?? ""
      }
      #expect(try refusal("none", nil).hasSuffix("there is no such file; check the path"))
      #expect(try refusal("text", Array("hello, world, this is text".utf8)).contains("no run"))
      #expect(try refusal("empty", []).contains("no run"))
      let other = try DatabaseQueue(path: folder + "/other.db")
      try other.write { try $0.create(table: "t") { $0.column("a") } }
      try other.close()
      #expect(throws: RunError.self) { try RunFile(folder + "/other.db") }

      let path = folder + "/a.run"
      let writer = try RunWriter(path, meta: [:])
      writer.append(StepRecord(step: 0, loss: 1, learningRate: 1, gradientNorm: 1))
      try writer.close()
      #expect(throws: RunError.self) { try RunWriter(path, meta: [:]) }
      let database = try DatabaseQueue(path: path)
      try database.write { try $0.execute(sql: "UPDATE steps SET health = x'0102'") }
      let error = #expect(throws: RunError.self) { try RunFile(path).records() }
      #expect(error?.problem == "the record of step 0 is damaged")
      try database.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99')") }
      try database.close()
      #expect(throws: RunError.self) { try RunFile(path) }

      // Cut anywhere, the file is refused or read, and nothing traps.
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      for count in stride(from: 0, to: whole.count, by: 997) {
        let cut = folder + "/cut.run"
        try whole.prefix(count).write(to: URL(fileURLWithPath: cut))
        _ = try? RunFile(cut).records()
      }
    }
  }

  @Test func aFolderThatMayNotBeWrittenIsToldAndTheRunIsKept() throws {
    try withFolder { folder in
      let error = #expect(throws: RunError.self) {
        try RunWriter(folder + "/none/a.run", meta: [:])
      }
      #expect(error?.problem == "there is no such directory to write to")
      let writer = try RunWriter(nil, meta: ["seed": "1"])
      writer.append(StepRecord(step: 0, loss: 1, learningRate: 1, gradientNorm: 1))
      writer.flush()
      writer.append(StepRecord(step: 1, loss: 1, learningRate: 1, gradientNorm: 1))
      try writer.save(to: folder + "/b.run")
      let file = try RunFile(folder + "/b.run")
      #expect(try file.stepCount() == 2 && file.meta["seed"] == "1")
    }
  }

  @Test func aFullDiskIsToldAndWhatWasToldIsKept() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      let writer = try RunWriter(path, meta: [:])
      let trial = try Trial(experiment("{steps: 2000}"))
      // No more pages than there are: what SQLite says of a full disk.
      try writer.limitPages(to: 16)
      for step in trial { writer.append(step.record) }
      writer.flush()
      #expect(writer.problem?.problem == "the disk is full")
      #expect(throws: RunError.self) { try writer.close() }
      try writer.save(to: folder + "/b.run")
      #expect(try RunFile(folder + "/b.run").stepCount() == 2000)
      // When there is room, all is written after all.
      try writer.limitPages(to: 1 << 30)
      try writer.close()
      #expect(try RunFile(path).records().map(\.step) == Array(0..<2000))
    }
  }

  @Test func noStubStaysOfARunThatWasSavedElsewhere() throws {
    try withFolder { folder in
      let writer = try RunWriter(folder + "/a.run", meta: [:])
      try writer.limitPages(to: 16)
      for step in try Trial(experiment("{steps: 2000}")) { writer.append(step.record) }
      #expect(throws: RunError.self) { try writer.close() }
      try writer.save(to: folder + "/b.run")
      writer.discard()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["b.run"])
      #expect(try RunFile(folder + "/b.run").stepCount() == 2000)
    }
  }

  /// 50 layers, so that docs/runs.md can say what a step takes.
  @Test func aStepTakesAFewKilobytes() throws {
    try withFolder { folder in
      let deep = try Experiment(
        yaml: """
          network:
            input: [2]
            layers: [{repeat: 49, layers: [{dense: 16}, relu]}, {dense: 2}]
            loss: softmax_cross_entropy
          data: moons
          training: {steps: 500}
          """)
      let writer = try RunWriter(folder + "/a.run", meta: [:])
      for step in try Trial(deep) { writer.append(step.record) }
      try writer.close()
      let size = try FileManager.default.attributesOfItem(atPath: folder + "/a.run")[.size]
      let perStep = Double((size as? NSNumber)?.intValue ?? 0) / 500
      #expect((7000...9500).contains(perStep), "\(perStep) bytes per step")
    }
  }
}
