public import Findings
import Foundation
import GRDB
import TensorFiles
public import Training

/// The file of a run, read; also while another process writes it, or after one was killed.
public final class RunFile: Sendable {
  public let path: String
  /// What was noted of the run beside its steps.
  public let meta: [String: String]
  private let database: DatabaseQueue
  private let layers: [String]
  private let parameters: [String]

  /// Opens the file and checks what it is.
  ///
  /// - Throws: ``RunError`` when there is no such file, it is no run, or a later version wrote it.
  public init(_ path: String) throws(RunError) {
    self.path = path
    let attributes = try? FileManager.default.attributesOfItem(
      atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular else {
      throw RunError(
        path, attributes == nil ? "there is no such file" : "this is no regular file",
        cure: "check the path")
    }
    do {
      (database, meta, layers, parameters) = try Self.open(path)
    } catch let error as RunError {
      throw error
    } catch {
      throw RunError(path, error)
    }
  }

  private typealias Opened = (DatabaseQueue, [String: String], [String], [String])

  private static func open(_ path: String) throws -> Opened {
    var configuration = Configuration()
    configuration.readonly = true
    configuration.busyMode = .timeout(5)
    let database = try DatabaseQueue(path: path, configuration: configuration)
    return try database.read { connection in
      guard
        try Int32.fetchOne(connection, sql: "PRAGMA application_id") == RunSchema.applicationID
      else {
        throw RunError(path, "this is no run of evenkeel", cure: "name a file that 'train' wrote")
      }
      let known = Set(RunSchema.versions)
      let applied = try String.fetchAll(connection, sql: "SELECT identifier FROM grdb_migrations")
      guard applied.allSatisfy({ known.contains($0) }) else {
        throw RunError(
          path, "a later version of evenkeel wrote this run", cure: "use that version")
      }
      var meta: [String: String] = [:]
      for row in try Row.fetchAll(connection, sql: "SELECT key, value FROM meta") {
        guard let key = row["key"] as String?, let value = row["value"] as String? else { continue }
        meta[key] = value
      }
      func names(_ kind: String) throws -> [String] {
        try String.fetchAll(
          connection, sql: "SELECT name FROM names WHERE kind = ? ORDER BY number",
          arguments: [kind])
      }
      return (database, meta, try names("layer"), try names("parameter"))
    }
  }

  private func read<R>(_ body: (Database) throws -> R) throws(RunError) -> R {
    do {
      return try database.read(body)
    } catch let error as RunError {
      throw error
    } catch {
      throw RunError(path, error)
    }
  }

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
    try read { database in
      let rows = try Row.fetchCursor(
        database,
        sql: """
          SELECT step, clip_dominant, refused_place, refused_tensor, health FROM steps
          WHERE step >= ? AND step < ? ORDER BY step
          """, arguments: [steps.lowerBound, steps.upperBound])
      var records: [StepRecord] = []
      while let row = try rows.next() {
        let step: Int = row["step"]
        let health = row["health"] as Data? ?? Data()
        let texts = RecordCoding.Texts(
          step: step, clipDominant: row["clip_dominant"], refusedPlace: row["refused_place"],
          refusedTensor: row["refused_tensor"])
        guard
          let record = RecordCoding.decode(
            [UInt8](health), texts, layers: layers, parameters: parameters)
        else {
          throw RunError(
            path, "the record of step \(step) is damaged", cure: "use another copy of it")
        }
        records.append(record)
      }
      return records
    }
  }

  /// What was measured on the validation data, in order.
  ///
  /// - Throws: ``RunError`` when the file cannot be read.
  public func evaluations() throws(RunError) -> [Evaluation] {
    try read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM evaluations ORDER BY step").map { row in
        Evaluation(
          step: row["step"], loss: row["loss"] as Double? ?? .nan,
          accuracy: row["accuracy"] as Double?)
      }
    }
  }

  /// What was found, as it was judged last.
  ///
  /// - Throws: ``RunError`` when the file cannot be read, or a name in it is not known.
  public func findings() throws(RunError) -> [WatchedFinding] {
    try read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM findings ORDER BY rowid").map { row in
        guard let rule = RuleName(rawValue: row["rule"] as String? ?? ""),
          let severity = Severity(rawValue: row["severity"] as String? ?? "")
        else { throw RunError(path, "a finding is damaged", cure: "use another copy of it") }
        let evidence = Self.numbers(row["evidence"] as String? ?? "{}")
        return WatchedFinding(
          Finding(
            rule, severity, layer: row["layer"], message: row["message"] as String? ?? "",
            because: row["because"] as String? ?? "",
            evidence: evidence.sorted { $0.key < $1.key }.map { Evidence($0.key, $0.value) }),
          since: row["since"], told: row["told"], ended: row["ended"])
      }
    }
  }

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
          database, sql: "SELECT * FROM snapshots WHERE step <= ? ORDER BY step DESC LIMIT 1",
          arguments: [step ?? Int.max])
      else { return nil }
      let name = "\(path), snapshot of step \(row["step"] as Int)"
      do {
        let file = try SafetensorsFile([UInt8](row["tensors"] as Data? ?? Data()), name: name)
        return TrainingSnapshot(
          step: row["step"],
          tensors: try file.entries.map { ($0.name, try file.tensor($0.name)) },
          numbers: Self.texts(row["numbers"] as String? ?? "{}"))
      } catch let error as DataError {
        throw RunError(path, "the \(name.dropFirst(path.count + 2)) is damaged", cure: error.cure)
      }
    }
  }

  private static func object(_ text: String) -> [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
  }

  private static func texts(_ text: String) -> [String: String] {
    object(text).compactMapValues { $0 as? String }
  }

  private static func numbers(_ text: String) -> [String: Double] {
    object(text).compactMapValues { value in
      switch value as? String {
      case "nan": .nan
      case "inf": .infinity
      case "-inf": -.infinity
      default: (value as? NSNumber)?.doubleValue
      }
    }
  }
}
