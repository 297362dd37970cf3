import Findings
import Foundation
import Runs
import Tensors
import Testing
import Training

/// `evenkeel train` as a process: what it prints, what it keeps, and what is left when it is killed.
@Suite(.serialized) struct TrainCommandTests {
  static func experiment(
    _ training: String, data: String = "{moons: {samples: 200}}", layers: String? = nil
  ) -> String {
    """
    network:
      input: [2]
      init: {weights: he_normal}
      layers: \(layers ?? "[{dense: 16}, relu, {dense: 16}, relu, {dense: 2}]")
      loss: softmax_cross_entropy
    data: \(data)
    training: \(training)
    """
  }

  /// A folder with an experiment in it.
  static func withFolder<R>(_ text: String, _ body: (URL) throws -> R) throws -> R {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "evenkeel-\(UInt64.random(in: 0...(.max)))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(text.utf8).write(to: folder.appending(path: "e.yaml"))
    return try body(folder)
  }

  static func lines(_ output: String) throws -> [[String: Any]] {
    try output.split(separator: "\n").map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  @Test func aHealthyRunIsTrainedAndKept() throws {
    try Self.withFolder(Self.experiment("{optimizer: {adam: 0.01}, steps: 300}")) { folder in
      let outcome = try CommandTests.run("train", "e.yaml", in: folder)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.contains("HEALTHY: all 300 steps were made."))
      #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
      let file = try RunFile(folder.appending(path: "e.run").path)
      #expect(try file.stepCount() == 300)
      #expect(try file.snapshotSteps() == [0, 100, 200, 300])
      #expect(file.meta["ending"] == "finished" && file.meta["verdict"] == "healthy")
      // A second run has a name of its own.
      _ = try CommandTests.run("train", "e.yaml", "--steps", "5", in: folder)
      #expect(try RunFile(folder.appending(path: "e-2.run").path).stepCount() == 5)
    }
  }

  @Test func aRunIsGivenToOtherPrograms() throws {
    try Self.withFolder(Self.experiment("{optimizer: {adam: 0.01}, steps: 40, snapshots: 20}")) {
      folder in
      _ = try CommandTests.run("train", "e.yaml", in: folder)
      func text(_ arguments: String...) throws -> String {
        let process = try CommandTests.run(
          "export", "e.run", "-o", "out", arguments.first ?? "--form=csv", arguments.last ?? "",
          in: folder)
        #expect(process.status == 0, "\(process.error)")
        return String(
          decoding: try Data(contentsOf: folder.appending(path: "out")), as: UTF8.self)
      }
      #expect(try text("--form", "csv").split(separator: "\n").count == 41)
      #expect(try Self.lines(text("--form", "json-lines")).count == 40)
      #expect(try text("--form", "safetensors").contains("\"layers.1.weight\""))
      CommandTests.expectRefusal(
        try CommandTests.run("export", "e.run", "-o", "out", "--form", "xls", in: folder), "xls")
    }
  }

  @Test func aLineOfJSONForEveryStep() throws {
    try Self.withFolder(Self.experiment("{optimizer: {sgd: 1e6}, steps: 30, max_skipped: 4}")) {
      folder in
      let outcome = try CommandTests.run("train", "e.yaml", "--json", "--discard", in: folder)
      #expect(outcome.status == 1)
      let lines = try Self.lines(outcome.output)
      #expect(lines.first?["schema"] as? String == "evenkeel.train/1")
      #expect(lines.last?["verdict"] as? String == "failing")
      let steps = lines.dropFirst().dropLast()
      #expect(steps.count == lines.last?["steps"] as? Int)
      #expect(steps.enumerated().allSatisfy { $1["step"] as? Int == $0 })
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["e.yaml"])
    }
  }

  @Test func whatIsWrongIsToldByFileAndLine() throws {
    try Self.withFolder(Self.experiment("{optimizer: {adm: 1}}")) { folder in
      CommandTests.expectRefusal(
        try CommandTests.run("train", "e.yaml", in: folder), "e.yaml:7: ")
      CommandTests.expectRefusal(try CommandTests.run("train", in: folder), "name an experiment")
      CommandTests.expectRefusal(
        try CommandTests.run("train", "--resume", "e.yaml", in: folder), "no run of evenkeel")
      CommandTests.expectRefusal(
        try CommandTests.run("train", "e.yaml", "--run", "no/x.run", in: folder), "e.yaml:7")
    }
    try Self.withFolder(Self.experiment("{}")) { folder in
      CommandTests.expectRefusal(
        try CommandTests.run("train", "e.yaml", "--run", "no/x.run", in: folder),
        "no/x.run: there is no such directory")
    }
  }

  /// The bytes of all weights and states at the end of a run.
  private static func end(of path: String) throws -> [String: [UInt32]] {
    let snapshot = try #require(try RunFile(path).snapshot())
    return Dictionary(
      uniqueKeysWithValues: snapshot.tensors.map { name, tensor in
        let elements = tensor.elements(as: Float.self)
        return (name, elements.indices.map { elements[$0].bitPattern })
      })
  }

  @Test func aRunThatWasStoppedGoesOnAsIfItHadNot() throws {
    let text = Self.experiment(
      "{optimizer: {adam: 0.01}, steps: 20000, snapshots: 500, format: bf16}")
    try Self.withFolder(text) { folder in
      let whole = try CommandTests.run(
        "train", "e.yaml", "--run", "whole.run", "--threads", "1", in: folder)
      #expect(whole.status == 0)
      for signal in [SIGINT, SIGKILL] {
        let name = "\(signal).run"
        let process = Process()
        process.executableURL = CommandTests.command
        process.arguments = ["train", "e.yaml", "--run", name]
        process.currentDirectoryURL = folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let path = folder.appending(path: name).path
        while (try? RunFile(path).stepCount()) ?? 0 < 600, process.isRunning {
          Thread.sleep(forTimeInterval: 0.01)
        }
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        let stopped = try RunFile(path)
        let count = try stopped.stepCount()
        #expect(count >= 600)
        if signal == SIGINT { #expect(process.terminationStatus == 130) }
        let resumed = try CommandTests.run("train", "--resume", name, in: folder)
        #expect(resumed.status == 0, "\(resumed.error)")
        #expect(try RunFile(path).stepCount() == 20000)
        #expect(try Self.end(of: path) == Self.end(of: folder.appending(path: "whole.run").path))
      }
    }
  }

  /// Kills a run at random moments: 50 of them where time is no matter, a few otherwise.
  @Test func aKilledProcessLosesAtMostASecond() throws {
    let isLong = ProcessInfo.processInfo.environment["EVENKEEL_LONG"] != nil
    try Self.withFolder(Self.experiment("{steps: 100000000}")) { folder in
      for number in 0..<(isLong ? 50 : 4) {
        let path = folder.appending(path: "\(number).run").path
        let process = Process()
        process.executableURL = CommandTests.command
        process.arguments = ["train", "e.yaml", "--run", path, "--json"]
        process.currentDirectoryURL = folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let moment =
          ContinuousClock.now + .milliseconds(Int.random(in: 30...(isLong ? 4000 : 1800)))
        // Steps that were told, by the time when they were seen; what comes later is not waited for.
        var told = 0
        var safe = 0
        while ContinuousClock.now < moment {
          let data = output.fileHandleForReading.availableData
          told += data.count { $0 == UInt8(ascii: "\n") }
          if moment - ContinuousClock.now > .seconds(1) { safe = told }
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        guard FileManager.default.fileExists(atPath: path) else { continue }
        // A file of a process that had not yet made it is empty, and told as such.
        guard let file = try? RunFile(path) else {
          #expect(told == 0)
          continue
        }
        // The first line tells what is trained.
        #expect(try file.stepCount() >= safe - 1, "\(safe) steps were told a second before")
        #expect(try file.records().enumerated().allSatisfy { $0 == $1.step })
        try FileManager.default.removeItem(atPath: path)
      }
    }
  }

  @Test func aFolderThatMayNotBeWrittenIsToldAndTheRunIsSaved() throws {
    // Root may write anywhere.
    guard getuid() != 0 else { return }
    try Self.withFolder(Self.experiment("{steps: 20}")) { folder in
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o555], ofItemAtPath: folder.path)
      let outcome = try CommandTests.run("train", "e.yaml", in: folder)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: folder.path)
      #expect(outcome.error.contains("may not be written"))
      let saved = try #require(outcome.error.split(separator: " ").last)
      let path = saved.trimmingCharacters(in: .newlines)
      #expect(try RunFile(path).stepCount() == 20)
      try FileManager.default.removeItem(atPath: path)
    }
  }
}
