import Findings
import Foundation
import GRDB
import Training

/// What was told of a run and is not yet in its file, in order.
///
/// Two of them take turns: one is filled while the other is written, and both keep their memory.
struct RunBatch: Sendable {
  private var rows: [Row] = []
  /// The packed health of the steps in `rows`, one behind the other.
  private var health: [UInt8] = []

  /// A row, or a change of rows.
  private enum Row: Sendable {
    case meta(String, String)
    case names([String], [String])
    case step(StepRow)
    case evaluation(Evaluation)
    case findings([WatchedFinding])
    case snapshot(step: Int, tensors: Data, numbers: String)
    case keepSnapshots(Int)
    case truncation(Int)
  }

  /// The columns of a step.
  private struct StepRow: Sendable {
    var step: Int
    var loss, learningRate, gradientNorm: Double
    var clipCoefficient: Double?
    var clipDominant: String?
    var lossScale: Double?
    var refusal: StepRecord.Refusal?
    var seconds: Double
    var health: Range<Int>
  }

  var isEmpty: Bool { rows.isEmpty }

  /// The next row takes the place of the first again.
  mutating func removeAll() {
    rows.removeAll(keepingCapacity: true)
    health.removeAll(keepingCapacity: true)
  }

  // MARK: - What is told

  mutating func append(_ record: StepRecord) {
    let start = health.count
    RecordCoding.encode(record, into: &health)
    rows.append(
      .step(
        StepRow(
          step: record.step, loss: record.loss, learningRate: record.learningRate,
          gradientNorm: record.gradientNorm, clipCoefficient: record.clipCoefficient,
          clipDominant: record.clipDominant, lossScale: record.lossScale, refusal: record.refusal,
          seconds: record.seconds, health: start..<health.count)))
  }

  mutating func append(_ evaluation: Evaluation) { rows.append(.evaluation(evaluation)) }

  mutating func name(layers: [String], parameters: [String]) {
    rows.append(.names(layers, parameters))
  }

  mutating func note(_ key: String, _ value: String) { rows.append(.meta(key, value)) }

  mutating func replace(_ findings: [WatchedFinding]) { rows.append(.findings(findings)) }

  mutating func snapshot(step: Int, tensors: [UInt8], numbers: String) {
    rows.append(.snapshot(step: step, tensors: Data(tensors), numbers: numbers))
  }

  mutating func dropSnapshots(keeping count: Int) { rows.append(.keepSnapshots(count)) }

  mutating func truncate(from step: Int) { rows.append(.truncation(step)) }

  // MARK: - Into the database

  /// Writes all rows, within the caller's transaction.
  func write(to database: Database) throws {
    for row in rows {
      switch row {
      case .meta(let key, let value):
        try database.execute(
          sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", arguments: [key, value])
      case .names(let layers, let parameters):
        try Self.write(layers, "layer", to: database)
        try Self.write(parameters, "parameter", to: database)
      case .step(let row): try write(row, to: database)
      case .evaluation(let evaluation):
        try database.execute(
          sql: "INSERT OR REPLACE INTO evaluations (step, loss, accuracy) VALUES (?, ?, ?)",
          arguments: [evaluation.step, evaluation.loss.orNull, evaluation.accuracy])
      case .findings(let findings):
        try database.execute(sql: "DELETE FROM findings")
        for watched in findings { try Self.write(watched, to: database) }
      case .snapshot(let step, let tensors, let numbers):
        try database.execute(
          sql: "INSERT OR REPLACE INTO snapshots (step, tensors, numbers) VALUES (?, ?, ?)",
          arguments: [step, tensors, numbers])
      case .keepSnapshots(let count):
        try database.execute(
          sql: """
            DELETE FROM snapshots WHERE step > (SELECT min(step) FROM snapshots) AND step NOT IN
              (SELECT step FROM snapshots ORDER BY step DESC LIMIT ?)
            """, arguments: [count])
      case .truncation(let step): try Self.truncate(from: step, database)
      }
    }
  }

  private func write(_ row: StepRow, to database: Database) throws {
    let statement = try database.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO steps (step, loss, learning_rate, gradient_norm, clip_coefficient,
          clip_dominant, loss_scale, refused_place, refused_tensor, seconds, health)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(arguments: [
      row.step, row.loss.orNull, row.learningRate.orNull, row.gradientNorm.orNull,
      row.clipCoefficient?.orNull, row.clipDominant, row.lossScale?.orNull,
      row.refusal?.place.rawValue, row.refusal?.tensor, row.seconds.orNull,
      Data(health[row.health]),
    ])
  }

  private static func write(_ names: [String], _ kind: String, to database: Database) throws {
    try database.execute(sql: "DELETE FROM names WHERE kind = ?", arguments: [kind])
    for (number, name) in names.enumerated() {
      try database.execute(
        sql: "INSERT INTO names (kind, number, name) VALUES (?, ?, ?)",
        arguments: [kind, number, name])
    }
  }

  private static func write(_ watched: WatchedFinding, to database: Database) throws {
    let finding = watched.finding
    let evidence = JSON.object(finding.evidence.map { JSON.Member($0.name, .number($0.value)) })
    try database.execute(
      sql: """
        INSERT INTO findings
          (rule, severity, layer, message, because, since, told, ended, evidence, remedies)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        finding.rule.rawValue, finding.severity.rawValue, finding.layer, finding.message,
        finding.because, watched.since, watched.told, watched.ended, evidence.line,
        JSON.array(finding.remedies.map(\.json)).line,
      ])
  }

  /// Forgets a step and what came after it: it has not been made.
  static func truncate(from step: Int, _ database: Database) throws {
    try database.execute(
      sql: """
        DELETE FROM steps WHERE step >= :step;
        DELETE FROM evaluations WHERE step > :step;
        DELETE FROM snapshots WHERE step > :step;
        DELETE FROM findings WHERE told >= :step;
        UPDATE findings SET ended = NULL WHERE ended >= :step;
        DELETE FROM meta WHERE key IN ('ending', 'verdict');
        """, arguments: ["step": step])
  }
}

extension Double {
  /// SQLite has no NaN.
  fileprivate var orNull: Double? { isNaN ? nil : self }
}
