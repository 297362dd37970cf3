import Dispatch
public import Findings
import Foundation
import GRDB
import Synchronization
import TensorFiles
public import Training

/// Writes a run to its file while it goes on.
///
/// What is told is packed on the caller's thread and committed by another after at most half a second,
/// so that a process that is killed loses no more than that. Where the file cannot be written, nothing
/// is lost while the process lives: ``problem`` tells why, what was told is kept in order, and each
/// later commit tries again.
public final class RunWriter: Sendable {
  public let path: String
  private let database: DatabaseQueue
  private let lock: Mutex<RunLock?>
  private let pending: Mutex<Pending>
  /// The batch that is being written, or that could not be; held for as long as a commit takes.
  private let writing = Mutex(RunBatch())
  private let worker = DispatchQueue(label: "evenkeel.run")

  /// Milliseconds after which something that was told is committed.
  private static let interval = 250
  /// Milliseconds after which a commit that failed is tried again.
  private static let patience = 1000
  /// The most bytes of a snapshot: a little less than SQLite takes in one row.
  static let mostSnapshotBytes = 999_000_000

  /// What waits to be committed.
  private struct Pending {
    var batch = RunBatch()
    var names: RunNames
    /// Why the last commit failed.
    var problem: RunError?
    /// Why something cannot be kept, however often it is tried.
    var refusal: RunError?
    /// Whether a commit is on its way.
    var isScheduled = false
  }

  /// Creates the file of a new run.
  ///
  /// - Parameters:
  ///   - path: where; nil for memory alone, until ``save(to:)``.
  ///   - meta: what is told of the run beside its steps, such as the text of the experiment.
  ///   - replacing: whether a run that is there already is removed first.
  /// - Throws: ``RunError`` when there is a file already, when it cannot be written, or when another
  ///   process writes it.
  public convenience init(
    _ path: String?, meta: [String: String], replacing: Bool = false
  ) throws(RunError) {
    guard let path else {
      let database: DatabaseQueue
      do { database = try DatabaseQueue() } catch { throw RunError("memory", error) }
      try self.init(path: "the run in memory", database: database, lock: nil)
      meta.forEach { note($0.key, $0.value) }
      return
    }
    if !replacing { try Self.checkFree(path) }
    let lock = try RunLock(path)
    if replacing { try Self.removeRun(path) }
    try Self.checkFree(path)
    do throws(RunError) {
      try self.init(path: path, database: Self.open(path), lock: lock)
      meta.sorted { $0.key < $1.key }.forEach { note($0.key, $0.value) }
      flush()
      if let problem { throw problem }
    } catch {
      // Nothing of the run is in it; the name is free again.
      Self.remove(path)
      throw error
    }
  }

  /// Opens a run to go on from a step; what was told of that step and later ones is removed.
  ///
  /// - Throws: ``RunError`` when it is no run, cannot be written, or another process writes it.
  public convenience init(resuming path: String, at step: Int) throws(RunError) {
    _ = try RunFile(path)
    let lock = try RunLock(path)
    try self.init(path: path, database: Self.open(path), lock: lock)
    do {
      try database.write { try RunBatch.truncate(from: step, $0) }
    } catch {
      throw RunError(path, error)
    }
  }

  private init(path: String, database: DatabaseQueue, lock: RunLock?) throws(RunError) {
    self.path = path
    self.database = database
    self.lock = Mutex(lock)
    do {
      try RunSchema.migrator.migrate(database)
      pending = Mutex(Pending(names: try database.read { try RunNames($0) }))
    } catch {
      throw RunError(path, error)
    }
  }

  deinit { commit() }

  private static func checkFree(_ path: String) throws(RunError) {
    guard !FileManager.default.fileExists(atPath: path) else {
      throw RunError(
        path, "there is a file of this name", cure: "name another, or replace a run with --force")
    }
  }

  /// Removes a run, or what was left of one, and nothing else.
  private static func removeRun(_ path: String) throws(RunError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let handle = FileHandle(forReadingAtPath: path)
    let start = (try? handle?.read(upToCount: 15)) ?? Data()
    try? handle?.close()
    guard start.isEmpty || start == Data("SQLite format 3".utf8) else {
      throw RunError(path, "the file of this name is no run", cure: "name another")
    }
    remove(path)
  }

  private static func remove(_ path: String) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: path + suffix)
    }
  }

  private static func open(_ path: String) throws(RunError) -> DatabaseQueue {
    var configuration = RunSchema.configuration
    configuration.journalMode = .wal
    do {
      return try DatabaseQueue(path: RunSchema.absolute(path), configuration: configuration)
    } catch {
      throw RunError(path, error)
    }
  }

  // MARK: - What is told

  /// Notes a text about the run.
  public func note(_ key: String, _ value: String) { tell { $0.batch.note(key, value) } }

  /// Keeps what a step did.
  ///
  /// Layers and parameters must be the same in all records that have any: those of a network.
  public func append(_ record: StepRecord) {
    tell { pending in
      switch pending.names.admit(record) {
      case .known: break
      case .new:
        pending.batch.name(layers: pending.names.layers, parameters: pending.names.parameters)
      case .other:
        pending.refusal = RunError(
          path, "step \(record.step) tells of other layers than the steps before it",
          cure: "keep another network in a run of its own")
        return
      }
      pending.batch.append(record)
    }
  }

  /// Keeps what was measured on the validation data.
  public func append(_ evaluation: Evaluation) { tell { $0.batch.append(evaluation) } }

  /// Keeps what was found so far, in the place of what was found before.
  public func replace(_ findings: [WatchedFinding]) { tell { $0.batch.replace(findings) } }

  /// Keeps weights and states, of at most 999,000,000 bytes.
  ///
  /// - Parameters:
  ///   - snapshot: of the run.
  ///   - count: how many are kept beside the first; 0 for all.
  public func append(_ snapshot: TrainingSnapshot, keeping count: Int = 0) {
    let items = snapshot.tensors.map { SafetensorsFile.Item($0.name, $0.tensor) }
    guard let bytes = try? SafetensorsFile.bytes(of: items) else {
      preconditionFailure("weights and states have names of their own and can be stored")
    }
    if let refusal = Self.refusal(ofSnapshotAt: snapshot.step, of: bytes.count, path) {
      tell { $0.refusal = refusal }
      return
    }
    let numbers = JSON.object(
      snapshot.numbers.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .text($0.value)) })
    tell { pending in
      pending.batch.snapshot(step: snapshot.step, tensors: bytes, numbers: numbers.line)
      if count > 0 { pending.batch.dropSnapshots(keeping: count) }
    }
  }

  static func refusal(ofSnapshotAt step: Int, of count: Int, _ path: String) -> RunError? {
    guard count > mostSnapshotBytes else { return nil }
    return RunError(
      path,
      "the snapshot of step \(step) has \(count.groupedDigits) bytes, and at most "
        + "\(mostSnapshotBytes.groupedDigits) can be kept", cure: "turn snapshots off")
  }

  /// Removes snapshots, but for the first and the last `count`.
  public func dropSnapshots(keeping count: Int) {
    tell { $0.batch.dropSnapshots(keeping: count) }
  }

  /// Forgets a step and all that came after it, as if the run had stopped before it.
  ///
  /// Evaluations and snapshots that were taken before that step stay, and so do findings that were
  /// told before it; they count as not ended where they ended later. All is done in one transaction.
  public func truncate(from step: Int) { tell { $0.batch.truncate(from: step) } }

  /// Takes what is told, and sees to it that it is committed soon.
  private func tell(_ body: (inout Pending) -> Void) {
    let isNew = pending.withLock { pending in
      body(&pending)
      defer { pending.isScheduled = true }
      return !pending.isScheduled
    }
    if isNew { schedule(after: Self.interval) }
  }

  private func schedule(after milliseconds: Int) {
    worker.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in
      guard let self else { return }
      pending.withLock { $0.isScheduled = false }
      commit()
      let isNeeded = pending.withLock { pending in
        guard pending.problem != nil, !pending.isScheduled else { return false }
        pending.isScheduled = true
        return true
      }
      if isNeeded { schedule(after: Self.patience) }
    }
  }

  // MARK: - Commits

  /// Why the last commit failed, or something cannot be kept at all; nil when all is well.
  public var problem: RunError? { pending.withLock { $0.problem ?? $0.refusal } }

  /// Waits until what was told is committed, or could not be.
  public func flush() { commit() }

  private func commit() {
    writing.withLock { batch in
      // What could not be written goes first, then what was told since.
      for _ in 0..<2 {
        if batch.isEmpty { pending.withLock { swap(&$0.batch, &batch) } }
        guard !batch.isEmpty else { return }
        do {
          try database.write { try batch.write(to: $0) }
          batch.removeAll()
          pending.withLock { $0.problem = nil }
        } catch {
          let problem = RunError(path, error)
          pending.withLock { $0.problem = problem }
          return
        }
      }
    }
  }

  /// Commits what is left and closes the file.
  ///
  /// - Throws: ``RunError`` when something could not be written; it is kept in memory, and ``save(to:)``
  ///   writes it elsewhere.
  public func close() throws(RunError) {
    flush()
    if let problem { throw problem }
    do {
      try database.writeWithoutTransaction { database in
        // One file is left, which can be read where nothing may be written. While somebody reads the
        // run its log stays beside it, and nothing is lost by that.
        try database.execute(sql: "PRAGMA busy_timeout = 0")
        _ = try? String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
      }
      try database.close()
    } catch {
      throw RunError(path, error)
    }
    lock.withLock { $0 = nil }
  }

  /// Writes the whole run to another file.
  ///
  /// - Throws: ``RunError`` when that cannot be written either; no part of it is left then.
  public func save(to other: String) throws(RunError) {
    try Self.checkFree(other)
    do {
      try writing.withLock { batch in
        let copy = try DatabaseQueue(path: RunSchema.absolute(other))
        try database.backup(to: copy)
        let rest = pending.withLock { $0.batch }
        try copy.write { connection in
          try batch.write(to: connection)
          try rest.write(to: connection)
        }
        try copy.writeWithoutTransaction { connection in
          _ = try String.fetchOne(connection, sql: "PRAGMA journal_mode = DELETE")
        }
        try copy.close()
      }
    } catch {
      Self.remove(other)
      throw RunError(other, error)
    }
  }

  /// Removes the file, so that no stub of a run stays that was saved elsewhere.
  public func discard() {
    try? database.close()
    lock.withLock { $0 = nil }
    Self.remove(path)
  }

  /// Lets the file grow no further than this, so that tests see what a full disk does.
  package func limitPages(to count: Int) throws {
    try database.writeWithoutTransaction { database in
      _ = try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(count)")
    }
  }
}
