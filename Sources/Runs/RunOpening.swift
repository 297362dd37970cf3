import Foundation
import GRDB

/// Opens the database of a run for reading, wherever it lies and whatever became of its writer.
enum RunOpening {
  /// - Throws: ``RunError`` when there is no such file, it is no run, or a later version wrote it.
  static func open(
    _ path: String
  ) throws(RunError) -> (DatabaseQueue, versions: Set<String>, leftovers: Leftovers) {
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular else {
      throw RunError(
        path, attributes == nil ? "there is no such file" : "this is no regular file",
        cure: "check the path")
    }
    let leftovers = Leftovers(path)
    do {
      do {
        let (database, versions) = try opened(path)
        return (database, versions, leftovers)
      } catch let error as DatabaseError
        where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode)
      {
        // A log is left, and the folder does not take the index that SQLite needs to read it.
        guard unsafe access(path, R_OK) == 0 else { throw error }
        let (database, versions) = try copied(path)
        return (database, versions, leftovers)
      }
    } catch {
      leftovers.remove()
      throw RunError(path, error)
    }
  }

  /// Files that SQLite makes beside a run to read it, and leaves there where it may only read.
  struct Leftovers: Sendable {
    private let path: String
    /// Those that were not there before.
    private let names: [String]

    init(_ path: String) {
      self.path = RunSchema.absolute(path)
      names = ["-shm", "-wal"].map { [path = self.path] in path + $0 }
        .filter { !FileManager.default.fileExists(atPath: $0) }
    }

    /// Removes what has come since and holds nothing, unless a process writes the run by now.
    func remove() {
      let files = FileManager.default
      guard !files.fileExists(atPath: path + ".lock") else { return }
      // An index belongs to its log, and a log that holds something is not this reader's.
      let log = path + "-wal"
      let size = (try? files.attributesOfItem(atPath: log))?[.size] as? Int ?? 0
      guard size == 0 else { return }
      for name in names { try? files.removeItem(atPath: name) }
    }
  }

  private static func opened(_ path: String) throws -> (DatabaseQueue, Set<String>) {
    var configuration = RunSchema.configuration
    configuration.readonly = true
    let database = try DatabaseQueue(
      path: RunSchema.absolute(path), configuration: configuration)
    return (database, try database.read { try RunSchema.check($0, path) })
  }

  /// Opens a copy of the file and its log; nothing of it is left on the disk when it is closed.
  private static func copied(_ path: String) throws -> (DatabaseQueue, Set<String>) {
    let manager = FileManager.default
    let folder = manager.temporaryDirectory.appendingPathComponent(
      "evenkeel-\(UInt64.random(in: 0...(.max)))")
    try manager.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? manager.removeItem(at: folder) }
    let copy = folder.appendingPathComponent("copy.run").path
    let parts = ["", "-wal"].filter { manager.fileExists(atPath: path + $0) }
    func state() -> [NSDictionary?] {
      parts.map { try? manager.attributesOfItem(atPath: path + $0) as NSDictionary }
    }
    let before = state()
    for part in parts {
      try manager.copyItem(atPath: path + part, toPath: copy + part)
      try manager.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy + part)
    }
    guard before == state() else {
      throw RunError(path, "another process is writing this run", cure: "wait for it")
    }
    let database = try DatabaseQueue(path: copy, configuration: RunSchema.configuration)
    let versions = try database.writeWithoutTransaction { connection in
      // Without a log the file is all that is read, and goes on to be when it has lost its name.
      _ = try String.fetchOne(connection, sql: "PRAGMA journal_mode = DELETE")
      return try RunSchema.check(connection, path)
    }
    return (database, versions)
  }
}
