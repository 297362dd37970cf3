import Dispatch
public import Findings
import Foundation
import GRDB
import Synchronization
import TensorFiles
public import Training

/// Writes a run to its file while it goes on.
///
/// What is told is kept in memory and committed by another thread after at most half a second, so that a
/// process that is killed loses no more than that. Where the file cannot be written, nothing is lost
/// while the process lives: ``problem`` tells why, what was told is kept, and each commit tries again.
public final class RunWriter: Sendable {
  public let path: String
  private let database: DatabaseQueue
  private let lock: Mutex<RunLock?>
  private let pending = Mutex(Pending())
  private let worker = DispatchQueue(label: "evenkeel.run")

  /// Milliseconds after which something that was told is committed.
  private static let interval = 250

  /// What waits to be committed.
  private struct Pending {
    var rows: [Row] = []
    var problem: RunError?
    var names: (layers: [String], parameters: [String]) = ([], [])
    var bytes: [UInt8] = []
    /// Whether a commit is on its way.
    var isScheduled = false
  }

  /// A row, or a change of rows.
  private enum Row: Sendable {
    case meta(String, String)
    case names([String], [String])
    case step(StepRow)
    case evaluation(Evaluation)
    case findings([WatchedFinding])
    case snapshot(step: Int, tensors: Data, numbers: String)
    case keepSnapshots(Int)
  }

  /// The columns of a step.
  private struct StepRow: Sendable {
    let step: Int
    let numbers: [Double?]
    let clipDominant: String?
    let place: String?
    let tensor: String?
    let health: Data
  }

  /// Creates the file of a new run.
  ///
  /// - Parameters:
  ///   - path: where; nil for memory alone, until ``save(to:)``.
  ///   - meta: what is told of the run beside its steps, such as the text of the experiment.
  /// - Throws: ``RunError`` when there is a file already, when it cannot be written, or when another
  ///   process writes it.
  public convenience init(_ path: String?, meta: [String: String]) throws(RunError) {
    guard let path else {
      try self.init(path: "the run in memory", database: Self.inMemory(), lock: nil)
      meta.forEach { note($0.key, $0.value) }
      return
    }
    guard !FileManager.default.fileExists(atPath: path) else {
      throw RunError(path, "there is a file of this name", cure: "name another, or remove it")
    }
    let lock = try RunLock(path)
    try self.init(path: path, database: Self.open(path), lock: lock)
    meta.forEach { note($0.key, $0.value) }
    flush()
    if let problem {
      throw problem
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
      try database.write { database in
        for table in ["steps", "evaluations", "snapshots"] {
          let relation = table == "steps" ? ">=" : ">"
          try database.execute(
            sql: "DELETE FROM \(table) WHERE step \(relation) ?", arguments: [step])
        }
        try database.execute(sql: "DELETE FROM findings")
        try database.execute(sql: "DELETE FROM meta WHERE key = 'ending'")
      }
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
    } catch {
      throw RunError(path, error)
    }
  }

  private static func inMemory() throws(RunError) -> DatabaseQueue {
    do { return try DatabaseQueue() } catch { throw RunError("memory", error) }
  }

  private static func open(_ path: String) throws(RunError) -> DatabaseQueue {
    var configuration = Configuration()
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(5)
    do {
      return try DatabaseQueue(path: path, configuration: configuration)
    } catch {
      throw RunError(path, error)
    }
  }

  // MARK: - What is told

  /// Notes a text about the run.
  public func note(_ key: String, _ value: String) { add(.meta(key, value)) }

  /// Keeps what a step did.
  public func append(_ record: StepRecord) {
    pending.withLock { pending in
      let layers = record.layers.isEmpty ? pending.names.layers : record.layers.map(\.name)
      let parameters =
        record.parameters.isEmpty ? pending.names.parameters : record.parameters.map(\.name)
      if layers != pending.names.layers || parameters != pending.names.parameters {
        pending.names = (layers, parameters)
        pending.rows.append(.names(layers, parameters))
      }
      pending.bytes.removeAll(keepingCapacity: true)
      RecordCoding.encode(record, into: &pending.bytes)
      pending.rows.append(
        .step(
          StepRow(
            step: record.step,
            numbers: [
              record.loss, record.learningRate, record.gradientNorm, record.clipCoefficient,
              record.lossScale, record.seconds,
            ], clipDominant: record.clipDominant, place: record.refusal?.place.rawValue,
            tensor: record.refusal?.tensor, health: Data(pending.bytes))))
    }
    schedule()
  }

  /// Keeps what was measured on the validation data.
  public func append(_ evaluation: Evaluation) { add(.evaluation(evaluation)) }

  /// Keeps what was found so far, in the place of what was found before.
  public func replace(_ findings: [WatchedFinding]) { add(.findings(findings)) }

  /// Keeps weights and states.
  ///
  /// - Parameters:
  ///   - snapshot: of the run.
  ///   - count: how many are kept beside the first; 0 for all.
  public func append(_ snapshot: TrainingSnapshot, keeping count: Int = 0) {
    let items = snapshot.tensors.map { SafetensorsFile.Item($0.name, $0.tensor) }
    guard let bytes = try? SafetensorsFile.bytes(of: items) else {
      preconditionFailure("weights and states have names of their own and can be stored")
    }
    let numbers = JSON.object(
      snapshot.numbers.sorted { $0.key < $1.key }.map { JSON.Member($0.key, .text($0.value)) })
    add(.snapshot(step: snapshot.step, tensors: Data(bytes), numbers: numbers.line))
    if count > 0 { add(.keepSnapshots(count)) }
  }

  private func add(_ row: Row) {
    pending.withLock { $0.rows.append(row) }
    schedule()
  }

  /// Sees to it that what was told is committed soon.
  private func schedule() {
    let isNew = pending.withLock { pending in
      defer { pending.isScheduled = true }
      return !pending.isScheduled
    }
    guard isNew else { return }
    worker.asyncAfter(deadline: .now() + .milliseconds(Self.interval)) { [weak self] in
      guard let self else { return }
      pending.withLock { $0.isScheduled = false }
      commit()
      if problem != nil { schedule() }
    }
  }

  // MARK: - Commits

  /// Why the last commit failed; nil when all is well.
  public var problem: RunError? { pending.withLock { $0.problem } }

  /// Waits until what was told is committed, or could not be.
  public func flush() { worker.sync { commit() } }

  /// Commits what is left and closes the file.
  ///
  /// - Throws: ``RunError`` when something could not be written; it is kept in memory, and ``save(to:)``
  ///   writes it elsewhere.
  public func close() throws(RunError) {
    flush()
    if let problem { throw problem }
    do {
      try database.writeWithoutTransaction { database in
        // One file is left, which can be read where nothing may be written.
        _ = try String.fetchOne(database, sql: "PRAGMA journal_mode = DELETE")
      }
      try database.close()
    } catch {
      throw RunError(path, error)
    }
    lock.withLock { $0 = nil }
  }

  /// Writes the whole run to another file.
  ///
  /// - Throws: ``RunError`` when that cannot be written either.
  public func save(to other: String) throws(RunError) {
    guard !FileManager.default.fileExists(atPath: other) else {
      throw RunError(other, "there is a file of this name", cure: "name another, or remove it")
    }
    do {
      let copy = try DatabaseQueue(path: other)
      try database.backup(to: copy)
      let rows = pending.withLock { $0.rows }
      try copy.write { database in
        for row in rows { try Self.write(row, to: database) }
      }
      try copy.close()
    } catch {
      throw RunError(other, error)
    }
  }

  /// Lets the file grow no further than this, so that tests see what a full disk does.
  package func limitPages(to count: Int) throws {
    try database.writeWithoutTransaction { database in
      _ = try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(count)")
    }
  }

  private func commit() {
    let rows = pending.withLock { $0.rows }
    guard !rows.isEmpty else { return }
    do {
      try database.write { database in
        for row in rows { try Self.write(row, to: database) }
      }
      pending.withLock { pending in
        pending.rows.removeFirst(rows.count)
        pending.problem = nil
      }
    } catch {
      pending.withLock { $0.problem = RunError(path, error) }
    }
  }

  private static func write(_ row: Row, to database: Database) throws {
    switch row {
    case .meta(let key, let value):
      try database.execute(
        sql: "INSERT OR REPLACE INTO meta VALUES (?, ?)", arguments: [key, value])
    case .names(let layers, let parameters):
      try database.execute(sql: "DELETE FROM names")
      for (kind, names) in [("layer", layers), ("parameter", parameters)] {
        for (number, name) in names.enumerated() {
          try database.execute(
            sql: "INSERT INTO names VALUES (?, ?, ?)", arguments: [kind, number, name])
        }
      }
    case .step(let row):
      let numbers = row.numbers.map { $0.flatMap { $0.isNaN ? nil : $0 } }
      let statement = try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      try statement.execute(arguments: [
        row.step, numbers[0], numbers[1], numbers[2], numbers[3], row.clipDominant, numbers[4],
        row.place, row.tensor, numbers[5], row.health,
      ])
    case .evaluation(let evaluation):
      try database.execute(
        sql: "INSERT OR REPLACE INTO evaluations VALUES (?, ?, ?)",
        arguments: [
          evaluation.step, evaluation.loss.isNaN ? nil : evaluation.loss, evaluation.accuracy,
        ])
    case .findings(let findings):
      try database.execute(sql: "DELETE FROM findings")
      for watched in findings { try write(watched, to: database) }
    case .snapshot(let step, let tensors, let numbers):
      try database.execute(
        sql: "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?)",
        arguments: [step, tensors, numbers])
    case .keepSnapshots(let count):
      try database.execute(
        sql: """
          DELETE FROM snapshots WHERE step > (SELECT min(step) FROM snapshots) AND step NOT IN
            (SELECT step FROM snapshots ORDER BY step DESC LIMIT ?)
          """, arguments: [count])
    }
  }

  private static func write(_ watched: WatchedFinding, to database: Database) throws {
    let finding = watched.finding
    let evidence = JSON.object(finding.evidence.map { JSON.Member($0.name, .number($0.value)) })
    try database.execute(
      sql: "INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        finding.rule.rawValue, finding.severity.rawValue, finding.layer, finding.message,
        finding.because, watched.since, watched.told, watched.ended, evidence.line,
      ])
  }
}

extension RunError {
  /// What SQLite says of a file.
  init(_ path: String, _ error: any Error) {
    let (problem, cure): (String, String) =
      switch (error as? DatabaseError)?.resultCode {
      case .SQLITE_FULL?: ("the disk is full", "make room, or save the run elsewhere")
      case .SQLITE_READONLY?: ("the file may not be written", "check the permissions")
      case .SQLITE_CANTOPEN?:
        ("the file cannot be opened or created", "check the path and its permissions")
      case .SQLITE_NOTADB?: ("this is no run of evenkeel", "name a file that 'train' wrote")
      case .SQLITE_CORRUPT?: ("the file is damaged", "use another copy of it")
      case .SQLITE_IOERR?: ("the disk does not take the run", "make room, or check the disk")
      case .SQLITE_BUSY?, .SQLITE_LOCKED?:
        ("another process uses the run", "wait for it, and try again")
      default: ("\((error as? DatabaseError)?.message ?? "\(error)")", "check the file")
      }
    self.init(path, problem, cure: cure)
  }
}
