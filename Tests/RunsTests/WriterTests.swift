import Findings
import Foundation
import Synchronization
import Testing
import Training

@testable import Runs

/// One writer at a time, going back, and what cannot be written.
@Suite struct WriterTests {
  private func step(_ number: Int) -> StepRecord {
    StepRecord(step: number, loss: 1, learningRate: 1, gradientNorm: 1)
  }

  @Test func aSecondWriterIsRefusedHoweverOftenItTries() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      let (output, input) = (Pipe(), Pipe())
      let process = try Helper.start(["hold", path], output: output, input: input)
      #expect(output.fileHandleForReading.availableData == Data("held\n".utf8))
      for _ in 0..<3 {
        let error = #expect(throws: RunError.self) { try RunWriter(resuming: path, at: 0) }
        #expect(
          error?.description
            == "\(path): the process \(process.processIdentifier) is writing this run; "
            + "wait for it, or name another file")
      }
      #expect(try RunFile(path).stepCount() == 1)
      try input.fileHandleForWriting.close()
      process.waitUntilExit()
      // Nothing was removed by those who were refused.
      #expect(try RunFile(path).stepCount() == 1)
      try RunWriter(resuming: path, at: 0).close()
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.run"])
    }
  }

  @Test func onlyOneOfManyWritersHasTheLockAtATime() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      let holders = Mutex(0)
      let most = Mutex(0)
      DispatchQueue.concurrentPerform(iterations: 8) { thread in
        for round in 0..<300 {
          guard let lock = try? RunLock(path) else {
            usleep(20)
            continue
          }
          let count = holders.withLock { holders in
            holders += 1
            return holders
          }
          most.withLock { $0 = max($0, count) }
          usleep(UInt32((thread * 37 + round * 11) % 200))
          holders.withLock { $0 -= 1 }
          withExtendedLifetime(lock) {}
        }
      }
      #expect(most.withLock { $0 } == 1)
    }
  }

  @Test func goingBackForgetsWhatCameLater() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      let writer = try RunWriter(path, meta: ["ending": "refused", "verdict": "failing"])
      for number in 0..<100 { writer.append(step(number)) }
      for number in [20, 40, 60, 80] {
        writer.append(Evaluation(step: number, loss: .nan, accuracy: 0.5))
        writer.append(TrainingSnapshot(step: number, tensors: [], numbers: ["n": "\(number)"]))
      }
      func found(_ told: Int, _ ended: Int?) -> WatchedFinding {
        WatchedFinding(
          Finding(
            .deadUnits, .note, layer: nil, message: "", because: "", evidence: [],
            remedies: [
              RemedyProposal("r", change: "c", predicted: nil, verified: "v")
            ]), since: 1, told: told, ended: ended)
      }
      writer.replace([found(10, 20), found(10, 50), found(30, nil), found(60, 70)])
      writer.truncate(from: 40)
      writer.append(step(40))
      try writer.close()
      let file = try RunFile(path)
      #expect(try file.records().map(\.step) == Array(0...40))
      #expect(try file.evaluations().map(\.step) == [20, 40])
      #expect(try file.evaluations().allSatisfy { $0.loss.isNaN && $0.accuracy == 0.5 })
      #expect(try file.snapshotSteps() == [20, 40])
      #expect(try file.snapshot()?.numbers == ["n": "40"])
      #expect(try file.findings() == [found(10, 20), found(10, nil), found(30, nil)])
      #expect(file.ending == nil && file.meta.isEmpty)
    }
  }

  @Test func theFirstAndTheLastSnapshotsAreKept() throws {
    try withFolder { folder in
      let writer = try RunWriter(folder + "/a.run", meta: [:])
      for number in 0..<6 {
        writer.append(TrainingSnapshot(step: number, tensors: [], numbers: [:]))
      }
      writer.dropSnapshots(keeping: 3)
      writer.flush()
      #expect(try RunFile(folder + "/a.run").snapshotSteps() == [0, 3, 4, 5])
      writer.dropSnapshots(keeping: 1)
      try writer.close()
      #expect(try RunFile(folder + "/a.run").snapshotSteps() == [0, 5])
    }
  }

  @Test func anotherNetworkHasNoPlaceInTheRun() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      var (small, large) = (RandomRecords(seed: 1, layers: 1), RandomRecords(seed: 1, layers: 2))
      (small.isPlain, large.isPlain) = (true, true)
      let writer = try RunWriter(path, meta: [:])
      writer.append(small.record(0))
      writer.append(large.record(1))
      #expect(writer.problem?.problem == "step 1 tells of other layers than the steps before it")
      #expect(throws: RunError.self) { try writer.close() }
      #expect(try RunFile(path).records().map(\.step) == [0])
    }
  }

  @Test func aSnapshotThatSQLiteDoesNotTakeIsTold() {
    #expect(RunWriter.refusal(ofSnapshotAt: 1, of: 999_000_000, "a.run") == nil)
    #expect(
      RunWriter.refusal(ofSnapshotAt: 1, of: 999_000_001, "a.run")?.description
        == "a.run: the snapshot of step 1 has 999,000,001 bytes, and at most 999,000,000 can be "
        + "kept; turn snapshots off")
  }

  @Test func aNameThatCannotBeUsedIsTold() throws {
    try withFolder { folder in
      try Data("precious".utf8).write(to: URL(fileURLWithPath: folder + "/text"))
      for name in ["/text", ""] {
        let error = #expect(throws: RunError.self) { try RunWriter(folder + name, meta: [:]) }
        #expect(error?.problem == "there is a file of this name")
      }
      #expect(try String(contentsOfFile: folder + "/text", encoding: .utf8) == "precious")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["text"])
      let error = #expect(throws: RunError.self) { try RunWriter(folder + "/text/a", meta: [:]) }
      #expect(error?.problem == "there is no such directory to write to")
    }
  }

  /// A file system of 256 KiB, which only this process sees and which grows after two seconds.
  private static func smallDisk(_ command: String) throws -> [String] {
    try Helper.lines(
      of: URL(fileURLWithPath: "/usr/bin/env"),
      ["unshare", getuid() == 0 ? "-m" : "-rm", "sh", "-c", command])
  }

  private static let canMount =
    (try? smallDisk("mount -t tmpfs -o size=256k tmpfs /mnt && echo mounted")) == ["mounted"]

  @Test(.enabled(if: canMount, "needs a mount of its own"))
  func whatAFullDiskDidNotTakeIsWrittenWhenThereIsRoom() throws {
    let lines = try Self.smallDisk(
      """
      mount -t tmpfs -o size=256k tmpfs /mnt
      (sleep 2; mount -o remount,size=256m tmpfs /mnt) &
      '\(Helper.url.path)' fill /mnt/a.run
      ls /mnt
      """)
    #expect(lines == ["the disk is full", "go on", "all", "a.run"])
  }
}
