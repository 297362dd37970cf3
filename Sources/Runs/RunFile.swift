public import Findings
import Foundation
import GRDB
import TensorFiles
public import Training

/// The file of a run, read; also while another process writes it, or after one was killed.
public final class RunFile: Sendable {
  public let path: String
  /// What was noted of the run beside its steps, when the file was opened.
  public let meta: [String: String]
  private let database: DatabaseQueue
  private let versions: Set<String>
  private let leftovers: RunOpening.Leftovers

  /// Opens the file and checks what it is.
  ///
  /// Nothing is written beside it where nothing can be; where SQLite then cannot read what a killed
  /// process left, a copy in the folder of temporary files is read.
  ///
  /// - Throws: ``RunError`` when there is no such file, it is no run, or a later version wrote it.
  public init(_ path: String) throws(RunError) {
    self.path = path
    (database, versions, leftovers) = try RunOpening.open(path)
    do {
      meta = try database.read { database in
        let rows = try Row.fetchAll(database, sql: "SELECT key, value FROM meta")
        return Dictionary(
          rows.compactMap { row -> (String, String)? in
            guard let key: String = row.value(0), let value: String = row.value(1) else {
              return nil
            }
            return (key, value)
          }, uniquingKeysWith: { first, _ in first })
      }
    } catch {
      try? database.close()
      leftovers.remove()
      throw RunError(path, error)
    }
  }

  deinit {
    try? database.close()
    leftovers.remove()
  }

  private func read<R>(_ body: (Database) throws -> R) throws(RunError) -> R {
    do { return try database.read(body) } catch { throw RunError(path, error) }
  }

  /// How the run ended, such as `finished`; nil while it goes on, or where its process was killed.
  public var ending: String? { meta["ending"] }

  // MARK: - Steps

  /// Steps that were made.
  ///
  /// - Throws: ``RunError`` when the file cannot be read.
  public func stepCount() throws(RunError) -> Int {
    try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM steps") ?? 0 }
  }

  /// The records of some steps, in order.
  ///
  /// - Returns: those that are there; numbers of layers and parameters in single precision.
  /// - Throws: ``RunError`` when the file cannot be read, or a record is damaged.
  public func records(_ steps: Range<Int> = 0..<Int.max) throws(RunError) -> [StepRecord] {
    var (cursor, records) = (cursor(steps), [StepRecord]())
    while let record = try cursor.next() { records.append(record) }
    return records
  }

  /// The record of a step, or nil where there is none.
  ///
  /// - Throws: ``RunError`` when the file cannot be read, or the record is damaged.
  public func record(_ step: Int) throws(RunError) -> StepRecord? {
    try page(of: step..<max(step, step &+ 1), limit: 1).first
  }

  /// Goes through the records of some steps without holding all of them.
  public func cursor(_ steps: Range<Int> = 0..<Int.max) -> RunCursor {
    RunCursor(self, steps)
  }

  /// The first records of a range.
  func page(of steps: Range<Int>, limit: Int) throws(RunError) -> [StepRecord] {
    try read { database in
      let names = try RunNames(database)
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT step, clip_dominant, refused_place, refused_tensor, health FROM steps
          WHERE step >= ? AND step < ? ORDER BY step LIMIT ?
          """, arguments: [steps.lowerBound, steps.upperBound, limit])
      var records: [StepRecord] = []
      while let row = try rows.next() {
        guard let step: Int = row.value(0) else { throw RunError.damaged(path, "a step") }
        let texts = RecordCoding.Texts(
          step: step, clipDominant: row.value(1), refusedPlace: row.value(2),
          refusedTensor: row.value(3))
        guard let health: Data = row.value(4),
          let record = RecordCoding.decode([UInt8](health), texts, names)
        else { throw RunError.damaged(path, "the record of step \(step)") }
        records.append(record)
      }
      return records
    }
  }

  // MARK: - What was measured and found

  /// What was measured on the validation data, in order.
  ///
  /// - Throws: ``RunError`` when the file cannot be read.
  public func evaluations() throws(RunError) -> [Evaluation] {
    try read { database in
      try Row.fetchAll(
        database, sql: "SELECT step, loss, accuracy FROM evaluations ORDER BY step"
      ).map { row in
        guard let step: Int = row.value(0) else { throw RunError.damaged(path, "an evaluation") }
        return Evaluation(step: step, loss: row.value(1) ?? .nan, accuracy: row.value(2))
      }
    }
  }

  /// What was found, as it was judged last.
  ///
  /// - Throws: ``RunError`` when the file cannot be read, or a name in it is not known.
  public func findings() throws(RunError) -> [WatchedFinding] {
    try read { database in
      let remedies = versions.contains("2") ? "remedies" : "'[]'"
      return try Row.fetchAll(
        database,
        sql: """
          SELECT rule, severity, layer, message, because, since, told, ended, evidence, \(remedies)
          FROM findings ORDER BY rowid
          """
      ).map { row in
        guard let rule = row.value(0).flatMap(RuleName.init(rawValue:)),
          let severity = row.value(1).flatMap(Severity.init(rawValue:)),
          let since: Int = row.value(5), let told: Int = row.value(6),
          let evidence = try KeptJSON.evidence(row.value(8) ?? "", database),
          let remedies = KeptJSON.remedies(row.value(9) ?? "")
        else { throw RunError.damaged(path, "a finding") }
        return WatchedFinding(
          Finding(
            rule, severity, layer: row.value(2), message: row.value(3) ?? "",
            because: row.value(4) ?? "", evidence: evidence, remedies: remedies),
          since: since, told: told, ended: row.value(7))
      }
    }
  }

  // MARK: - Snapshots

  /// The steps at which weights were kept, in order.
  ///
  /// - Throws: ``RunError`` when the file cannot be read.
  public func snapshotSteps() throws(RunError) -> [Int] {
    try read { try Int.fetchAll($0, sql: "SELECT step FROM snapshots ORDER BY step") }
  }

  /// The last snapshot at or before a step.
  ///
  /// - Parameter step: nil for the end of the run.
  /// - Returns: nil where there is none.
  /// - Throws: ``RunError`` when the file cannot be read, or the snapshot is damaged.
  public func snapshot(before step: Int? = nil) throws(RunError) -> TrainingSnapshot? {
    try read { database in
      guard
        let row = try Row.fetchOne(
          database,
          sql: """
            SELECT step, tensors, numbers FROM snapshots
            WHERE step <= ? ORDER BY step DESC LIMIT 1
            """, arguments: [step ?? Int.max])
      else { return nil }
      let number: Int = row.value(0) ?? 0
      let name = "the snapshot of step \(number)"
      guard let tensors: Data = row.value(1), let numbers = KeptJSON.texts(row.value(2) ?? "")
      else { throw RunError.damaged(path, name) }
      do {
        let file = try SafetensorsFile([UInt8](tensors), name: "\(path), \(name)")
        return TrainingSnapshot(
          step: number, tensors: try file.entries.map { ($0.name, try file.tensor($0.name)) },
          numbers: numbers)
      } catch let error as DataError {
        throw RunError(path, "\(name) is damaged: \(error.problem)", cure: "use another copy of it")
      }
    }
  }
}
