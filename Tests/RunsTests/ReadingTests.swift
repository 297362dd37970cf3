import Findings
import Foundation
import GRDB
import Testing
import Training

@testable import Runs

/// Files of earlier and later versions, of other programs, damaged ones, and places where nothing may
/// be written.
@Suite struct ReadingTests {
  /// A file that version 1 of the schema was written to, as SQL.
  private func makeVersionOne(_ path: String) throws {
    let dump = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Data/version-1.sql")
    let sql = try String(contentsOf: dump, encoding: .utf8)
    let database = try DatabaseQueue(path: path)
    try database.writeWithoutTransaction { try $0.execute(sql: sql) }
    try database.close()
  }

  @Test func aRunOfVersionOneIsReadAndGoneOnWith() throws {
    try withFolder { folder in
      let path = folder + "/old.run"
      try makeVersionOne(path)
      let finding = WatchedFinding(
        Finding(
          .deadUnits, .warning, layer: "layers.1", message: "m", because: "b",
          evidence: [Evidence("a", 0.25), Evidence("b", .infinity)]), since: 3, told: 5, ended: 9)
      func check() throws {
        let file = try RunFile(path)
        #expect(file.meta["name"] == "old")
        #expect(try file.records().map(\.step) == [0, 1])
        #expect(try file.record(1)?.layers.map(\.name) == ["layers.1", "layers.3"])
        #expect(try file.record(0)?.loss == 0.5)
        #expect(try file.record(1)?.loss.isNaN == true)
        #expect(try file.record(1)?.refusal?.place == .loss)
        #expect(try file.findings() == [finding])
        #expect(try file.evaluations() == [Evaluation(step: 1, loss: 0.25, accuracy: nil)])
        let snapshot = try #require(try file.snapshot())
        #expect(snapshot.step == 1 && snapshot.numbers == ["updates": "1"])
        #expect(snapshot.tensors.map(\.name) == ["w"])
      }
      try check()
      let writer = try RunWriter(resuming: path, at: 10)
      try writer.close()
      try check()
      let versions = try DatabaseQueue(path: path).read {
        try String.fetchAll($0, sql: "SELECT identifier FROM grdb_migrations")
      }
      #expect(versions == ["1", "2"])
    }
  }

  /// A run with something of everything.
  private func makeRun(_ path: String) throws {
    var random = RandomRecords(seed: 5, layers: 2)
    let writer = try RunWriter(path, meta: ["seed": "0"])
    for step in 0..<20 { writer.append(random.record(step)) }
    writer.append(Evaluation(step: 3, loss: 1, accuracy: 0.5))
    writer.append(TrainingSnapshot(step: 3, tensors: [], numbers: ["a": "1"]))
    let finding = Finding(
      .overflow, .error, layer: "l", message: "m", because: "b",
      evidence: [Evidence("z", .nan), Evidence("a", 0.1)],
      remedies: [RemedyProposal("r", change: "c", predicted: "p")])
    writer.replace([WatchedFinding(finding, since: 1, told: 2)])
    try writer.close()
  }

  /// Reads all that there is in a file.
  private func readAll(_ path: String) throws {
    let file = try RunFile(path)
    _ = try file.stepCount()
    _ = try file.records()
    _ = try file.evaluations()
    _ = try file.findings()
    _ = try file.snapshotSteps()
    _ = try file.snapshot()
  }

  /// Every column holds a number, a text, bytes and nothing, one after the other.
  @Test(arguments: ["7", "-1.5", "'text'", "'{}'", "'[3]'", "x'ff00'", "NULL"])
  func aColumnMayHoldAnything(value: String) throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      try makeRun(path)
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      let tables = [
        "meta": ["key", "value"], "names": ["kind", "number", "name"],
        "steps": ["step", "loss", "clip_dominant", "refused_place", "refused_tensor", "health"],
        "evaluations": ["step", "loss", "accuracy"],
        "findings": [
          "rule", "severity", "layer", "message", "because", "since", "told", "ended", "evidence",
          "remedies",
        ], "snapshots": ["step", "tensors", "numbers"],
        "grdb_migrations": ["identifier"],
      ]
      for (table, columns) in tables {
        for column in columns {
          let database = try DatabaseQueue(path: path)
          // Without the constraints, which the author of a file need not have.
          try database.write { connection in
            try connection.execute(
              sql: """
                CREATE TABLE other AS SELECT * FROM \(table);
                DROP TABLE \(table);
                ALTER TABLE other RENAME TO \(table);
                UPDATE \(table) SET \(column) = \(value);
                """)
          }
          try database.close()
          do { try readAll(path) } catch { #expect(error is RunError, "\(table).\(column)") }
          try whole.write(to: URL(fileURLWithPath: path))
        }
      }
      try readAll(path)
    }
  }

  @Test(arguments: [
    "DROP TABLE meta", "DROP TABLE names", "DROP TABLE steps", "DROP TABLE findings",
    "DROP TABLE evaluations", "DROP TABLE snapshots", "DROP TABLE grdb_migrations",
    "DELETE FROM grdb_migrations", "DELETE FROM names",
    "INSERT INTO grdb_migrations VALUES ('3')", "PRAGMA application_id = 0",
    "UPDATE steps SET health = substr(health, 1, length(health) - 1)",
    "UPDATE steps SET health = health || x'00'",
    "UPDATE steps SET health = x'01' || zeroblob(33) || x'ffffffffffffffff'",
    "UPDATE snapshots SET tensors = x'ffffffffffffff7f7b7d'",
    """
    DROP TABLE steps; CREATE VIEW steps AS WITH RECURSIVE t(step) AS
      (SELECT 0 UNION ALL SELECT step + 1 FROM t) SELECT step, NULL AS health FROM t
    """, "CREATE TRIGGER t AFTER DELETE ON steps BEGIN DELETE FROM meta; END",
    "ALTER TABLE steps ADD COLUMN x AS (zeroblob(1000000000))",
    "CREATE VIRTUAL TABLE x USING fts5(y)",
  ])
  func whatIsNoRunIsRefused(sql: String) throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      try makeRun(path)
      let database = try DatabaseQueue(path: path)
      try database.write { try $0.execute(sql: sql) }
      try database.close()
      #expect(throws: RunError.self) { try readAll(path) }
    }
  }

  /// Files with some bytes changed are read or refused.
  @Test func damagedBytesAreReadOrRefused() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      try makeRun(path)
      let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
      var refused = 0
      for number in 0..<400 {
        var bytes = whole
        for i in 0..<8 { bytes[(number * 7919 + i * 104_729) % bytes.count] = UInt8(number & 255) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do { try readAll(path) } catch {
          #expect(error is RunError)
          refused += 1
        }
      }
      #expect(refused > 0)
    }
  }

  @Test func aRunIsReadWhereNothingMayBeWritten() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      try makeRun(path)
      func count() throws -> String? {
        let manager = FileManager.default
        for name in try manager.contentsOfDirectory(atPath: folder) {
          try manager.setAttributes(
            [.posixPermissions: 0o444], ofItemAtPath: "\(folder)/\(name)")
        }
        try manager.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder)
        let lines = try Helper.lines(["read", path])
        try manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
        for name in try manager.contentsOfDirectory(atPath: folder) {
          try manager.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: "\(folder)/\(name)")
        }
        return lines.last
      }
      #expect(try count() == "20")

      // A writer that was killed leaves its log: half of the steps are only there.
      for suffix in ["", "-shm", "-wal"] {
        let process = try Helper.start(
          ["append", "\(folder)/b\(suffix).run"], output: FileHandle.nullDevice)
        let killed = "\(folder)/b\(suffix).run"
        while (try? RunFile(killed).stepCount()) ?? 0 < 10 { Thread.sleep(forTimeInterval: 0.02) }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let manager = FileManager.default
        for part in try manager.contentsOfDirectory(atPath: folder) where part.hasPrefix("a.run") {
          try manager.removeItem(atPath: "\(folder)/\(part)")
        }
        #expect(manager.fileExists(atPath: killed + "-wal"))
        for part in ["", "-wal", "-shm"] where part != suffix || suffix.isEmpty {
          try manager.copyItem(atPath: killed + part, toPath: path + part)
        }
        let steps = try #require(try count())
        let whole = try RunFile(killed).stepCount()
        if suffix == "-wal" {
          // Without its log a run is as long as its last checkpoint, or no run at all.
          #expect(Int(steps).map { $0 <= whole } ?? steps.contains("no run"))
        } else {
          #expect(steps == "\(whole)", "without \(suffix)")
        }
      }
    }
  }

  @Test func namesThatSQLiteTakesForOthersAreFiles() {
    for name in [":memory:", "file:a.run?mode=memory", ""] {
      #expect(RunSchema.absolute(name).hasPrefix("/"))
    }
  }
}
